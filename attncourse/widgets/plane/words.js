// What the plane says: names and the one sentence above the picture.

import { capital, fixed, listed, percent, python, subscript } from "../kit/words.js";

/** Names for the parts: long ones for sentences, short ones for the picture. */
export function naming(state) {
  const words = state.labels;
  const ownWords = words && state.q.length === state.k.length;
  const long = (what, i, named) => (named ? `${what} ${i + 1} (${words[i]})` : `${what} ${i + 1}`);
  return {
    query: (i) => long("query", i, ownWords),
    key: (j) => long("key", j, words),
    value: (j) => long("value", j, words),
    q: (i) => (ownWords ? `q ${words[i]}` : `q${subscript(i + 1)}`),
    k: (j) => (words ? `k ${words[j]}` : `k${subscript(j + 1)}`),
    v: (j) => (words ? `v ${words[j]}` : `v${subscript(j + 1)}`),
    // In tables, where rows and columns already say what is a query and what is a key.
    queryCell: (i) => (ownWords ? words[i] : `q${subscript(i + 1)}`),
    keyCell: (j) => (words ? words[j] : `k${subscript(j + 1)}`),
    o: (i) => `o${subscript(i + 1)}`,
  };
}

/** One sentence on what the selected query does. */
export function describe(state, result) {
  const names = naming(state), i = state.selected;
  const weights = result.weights[i], subject = capital(names.query(i));
  const seen = weights.map((_, j) => j).filter((j) => state.mask[i][j]);
  const pinned = seen.filter((j) => state.pins[i][j] !== null);
  if (seen.length === 0) return `${subject} sees no key: its weights and its output are zero.`;
  if (seen.length === 1 && weights[seen[0]] > 0) {
    return `${subject} sees only ${names.key(seen[0])}, which gets all the weight, whatever its score.`;
  }
  if (pinned.length === seen.length) {
    return weights.some((w) => w > 0)
      ? `${subject} has no free weight left, so its pinned weights are rescaled to sum to 1.`
      : `${subject} has every weight pinned at zero, so its output is zero.`;
  }
  const order = [...seen].sort((a, b) => weights[b] - weights[a]);
  const [top, next] = order;
  if (pinned.length > 0) {
    const held = listed(pinned.map((j) => `${names.key(j)} at ${fixed(state.pins[i][j])}`));
    const rest = 1 - pinned.reduce((sum, j) => sum + state.pins[i][j], 0);
    return `${subject} holds ${held}; the free keys share the other ${fixed(Math.max(0, rest))}.`;
  }
  const all = seen.length === weights.length ? "all keys" : `the ${seen.length} keys it may see`;
  if (weights[top] - weights[order.at(-1)] < 0.005) {
    return `${subject} matches ${all} equally: its output is the mean of their values.`;
  }
  if (weights[top] > 0.98) {
    return `${subject} takes almost only ${names.value(top)}: ${names.key(top)} has ${percent(weights[top])} of the weight.`;
  }
  if (weights[top] > 0.5) return `${subject} attends mostly to ${names.key(top)}: ${percent(weights[top])}.`;
  return `${subject} spreads its weight: ${percent(weights[top])} on ${names.key(top)}, `
    + `${percent(weights[next])} on ${names.key(next)}.`;
}

/** The Python call that makes a plane in this state. */
export function toPython(state) {
  const cells = (m) => m.flatMap((row, i) => row.flatMap((x, j) => (x === null ? [] : [`(${i}, ${j}): ${x}`])));
  const parts = [`queries=${python(state.q)}`, `keys=${python(state.k)}`, `values=${python(state.v)}`];
  if (!state.mask.flat().every(Boolean)) parts.push(`mask=${python(state.mask)}`);
  if (state.temperature !== 1) parts.push(`temperature=${state.temperature}`);
  if (state.scale !== null) parts.push(`scale=${state.scale}`);
  for (const key of ["score_edits", "pins"]) {
    if (cells(state[key]).length) parts.push(`${key}={${cells(state[key]).join(", ")}}`);
  }
  if (state.labels) parts.push(`labels=${python(state.labels)}`);
  return `AttentionPlane(${[...parts, `selected=${state.selected}`].join(", ")})`;
}
