// The arithmetic of the plane: no page, no drawing. tests/widgets hold it equal to NumPy.

/** Scores, exponentials, weights and outputs of one state, row by row. */
export function compute(state) {
  const { q, k, v, mask, temperature, score_edits: edits, pins } = state;
  const scale = state.scale ?? 1 / Math.sqrt(q[0].length);
  const scores = q.map((qi, i) =>
    k.map((kj, j) => edits[i][j] ?? scale * qi.reduce((sum, x, c) => sum + x * kj[c], 0)));
  const rows = scores.map((row, i) => weighRow(row, mask[i], pins[i], temperature));
  const weights = rows.map((row) => row.weights);
  const output = weights.map((row) =>
    v[0].map((_, c) => row.reduce((sum, w, j) => sum + w * v[j][c], 0)));
  return { scores, exps: rows.map((row) => row.exps), weights, output };
}

/**
 * One row: the pins stay, the free keys share what the pins leave in proportion to their softmax.
 * The exponentials are those of the free keys, the largest of them 1.
 */
export function weighRow(scores, allowed, pins, temperature) {
  const free = scores.map((_, j) => allowed[j] && pins[j] === null);
  const held = scores.map((_, j) => (allowed[j] ? pins[j] ?? 0 : 0));
  const top = Math.max(...scores.filter((_, j) => free[j]));
  const exps = scores.map((s, j) => (free[j] ? Math.exp((s - top) / temperature) : 0));
  const add = (list) => list.reduce((sum, x) => sum + x, 0);
  const pinned = add(held), total = add(exps);
  // With nobody free to take the rest, the pins are rescaled so that the row still sums to 1.
  const weights = free.includes(true)
    ? scores.map((_, j) => held[j] + (Math.max(0, 1 - pinned) * exps[j]) / total)
    : held.map((p) => (pinned > 0 ? p / pinned : 0));
  return { exps, weights };
}

/** What is left for key j of a row once the other pins have taken their share. */
export function roomFor(pins, j) {
  return Math.max(0, 1 - pins.reduce((sum, p, other) => sum + (other === j ? 0 : p ?? 0), 0));
}

/** The corners of the convex hull, counter-clockwise (Andrew's monotone chain). */
export function hull(points) {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const turn = (o, a, b) => (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
  const half = (list) => {
    const chain = [];
    for (const p of list) {
      while (chain.length > 1 && turn(chain.at(-2), chain.at(-1), p) <= 0) chain.pop();
      chain.push(p);
    }
    return chain.slice(0, -1);
  };
  if (sorted.length < 3) return sorted;
  return [...half(sorted), ...half(sorted.reverse())];
}

const unset = (matrix) => matrix.every((row) => row.every((x) => x === null));

/** The part of a state that a link carries: as short as it can be. */
export function toLink(state) {
  const { q, k, v, temperature, scale, selected } = state;
  const link = { q, k, v, temperature, scale, selected };
  if (!state.mask.flat().every(Boolean)) {
    link.mask = state.mask.map((row) => row.map(Number).join(""));
  }
  if (!unset(state.score_edits)) link.score_edits = state.score_edits;
  if (!unset(state.pins)) link.pins = state.pins;
  return link;
}

/** The state a link describes; throws where it does not fit the widget it is meant for. */
export function fromLink(link, state) {
  const { limits } = state, rows = state.q.length, cols = state.k.length;
  const need = (ok, what) => { if (!ok) throw new Error(`the link has no valid ${what}`); };
  const number = (x, bound) => typeof x === "number" && Math.abs(x) <= bound;
  const grid = (name, width, height, test) => {
    const m = link[name];
    need(Array.isArray(m) && m.length === height
      && m.every((r) => Array.isArray(r) && r.length === width && r.every(test)), name);
    return m;
  };
  const empty = () => state.q.map(() => state.k.map(() => null));
  need(link !== null && typeof link === "object", "state");
  const points = (x) => number(x, limits.coordinate);
  const next = { q: grid("q", 2, rows, points), k: grid("k", 2, cols, points), v: grid("v", 2, cols, points) };
  const [low, high] = limits.temperature;
  need(link.temperature >= low && link.temperature <= high, "temperature");
  need(link.scale === null || number(link.scale, limits.scale), "scale");
  need(Number.isInteger(link.selected) && link.selected >= 0 && link.selected < rows, "selected query");
  Object.assign(next, { temperature: link.temperature, scale: link.scale, selected: link.selected });
  if (link.mask === undefined) next.mask = state.q.map(() => state.k.map(() => true));
  else {
    need(Array.isArray(link.mask) && link.mask.length === rows
      && link.mask.every((r) => typeof r === "string" && r.length === cols && /^[01]+$/.test(r)), "mask");
    next.mask = link.mask.map((row) => [...row].map((x) => x === "1"));
  }
  next.score_edits = link.score_edits === undefined ? empty()
    : grid("score_edits", cols, rows, (x) => x === null || number(x, limits.score));
  next.pins = link.pins === undefined ? empty()
    : grid("pins", cols, rows, (x) => x === null || (number(x, 1) && x >= 0));
  need(next.pins.every((row) => row.reduce((sum, p) => sum + (p ?? 0), 0) <= 1 + 1e-9), "pins");
  return { ...next, preset: "" };
}
