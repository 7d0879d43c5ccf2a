// Attention in steps, so that a bug is another step in the place of one. Arrays are (heads, seq, dim).

export const times = (n, value) => Array.from({ length: n }, (_, i) => value(i));
export const map3 = (x, f) => x.map((rows, h) => rows.map((row, i) => row.map((value, j) => f(value, h, i, j))));

/** Rows cut from a flat list. */
export const shaped = (flat, rows, wide) => times(rows, (i) => flat.slice(i * wide, (i + 1) * wide));
export const transposed = (x) => times(x[0].length, (j) => x.map((row) => row[j]));
function dot(a, b) {
  let sum = 0;
  for (let n = 0; n < a.length; n += 1) sum += a[n] * b[n];
  return sum;
}
export const product = (a, b) => {
  const columns = transposed(b);
  return a.map((row) => columns.map((column) => dot(row, column)));
};

function softmaxOf(row) {
  const top = Math.max(...row, -Number.MAX_VALUE), exps = row.map((s) => Math.exp(s - top));
  const total = exps.reduce((sum, e) => sum + e, 0) || 1;
  return exps.map((e) => e / total);
}

/** Over the entries of a row (2), of a column (1), or those at one place in every head (0). */
export function softmax(x, axis = 2) {
  if (axis === 2) return x.map((rows) => rows.map(softmaxOf));
  if (axis === 1) return x.map((rows) => transposed(transposed(rows).map(softmaxOf)));
  const places = x[0].map((row, i) => row.map((_, j) => softmaxOf(x.map((rows) => rows[i][j]))));
  return x.map((_, h) => places.map((row) => row.map((each) => each[h])));
}

/** The scores, divided by something that a bug may take for √d_k. */
export const divided = (queries, keys, by) => queries.map((rows, h) => rows.map((q) => keys[h].map((k) => dot(q, k) / by)));

export const RIGHT = {
  split: ({ rows, nHeads }) => times(nHeads, (h) => rows.map((row) => row.slice((h * row.length) / nHeads, ((h + 1) * row.length) / nHeads))),
  scores: ({ queries, keys }) => divided(queries, keys, Math.sqrt(queries[0][0].length)),
  causal: ({ p, j }) => j <= p,
  window: ({ p, j, width }) => j <= p && j > p - width,
  padding: ({ j, nPadding }) => j >= nPadding,
  masked: ({ scores, allowed }) => map3(scores, (s, h, i, j) => (allowed[i][j] ? s : -Infinity)),
  weights: ({ masked }) => softmax(masked),
  kept: ({ weights, keep }) => map3(weights, (w, h, i, j) => (w * keep[h][i][j]) / (1 - 0.5)),
  mixed: ({ kept, values }) => kept.map((rows, h) => product(rows, values[h])),
  output: ({ mixed }) => mixed[0].map((_, i) => mixed.flatMap((head) => head[i])),
};

/** Every part of a layer with other steps in the place of some; `how` asks for masks and a dropout. */
export function run(steps, q, k, v, nHeads, how = {}) {
  const part = { nHeads, width: how.window, nPadding: how.padding, keep: how.keep, past: k.length - q.length, kvLen: k.length };
  const take = (name) => (steps[name] ?? RIGHT[name])(part);
  for (const [name, rows] of [["queries", q], ["keys", k], ["values", v]]) {
    part.rows = rows;
    part[name] = take("split");
  }
  part.scores = take("scores");
  const asked = ["causal", "window", "padding"].filter((name) => how[name]);
  part.allowed = q.map((_, i) => k.map((__, j) => {
    part.i = i;
    part.j = j;
    part.p = i + part.past;
    return asked.every(take);
  }));
  part.masked = asked.length ? take("masked") : part.scores;
  part.weights = take("weights");
  part.kept = how.keep ? take("kept") : part.weights;
  part.mixed = take("mixed");
  part.output = take("output");
  return part;
}
