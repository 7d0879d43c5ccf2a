// Two dozen bugs, under the names that bugs.py gives them, in its order.

import { divided, map3, product, shaped, softmax, times } from "./layer.js";

const deep = (x) => x[0][0].length;
const exp = (x) => map3(x, Math.exp);
const sumOf = (row) => row.reduce((sum, x) => sum + x, 0);

export const BUGS = {
  "heads split by reshape": { split: ({ rows, nHeads }) => {
    const wide = rows[0].length / nHeads, flat = shaped(rows.flat(), nHeads * rows.length, wide);
    return times(nHeads, (h) => flat.slice(h * rows.length, (h + 1) * rows.length));
  } },
  "scores not scaled": { scores: ({ queries, keys }) => divided(queries, keys, 1) },
  "scores divided by d_k": { scores: ({ queries, keys }) => divided(queries, keys, deep(queries)) },
  "scores divided by √d_model": { scores: ({ queries, keys, nHeads }) => divided(queries, keys, Math.sqrt(nHeads * deep(queries))) },
  "scores divided by √d_v": { scores: ({ queries, keys, values }) => divided(queries, keys, Math.sqrt(deep(values))) },
  "keys reshaped, not transposed": { scores: ({ queries, keys }) => queries.map((q, h) =>
    product(q, shaped(keys[h].flat(), deep(keys), keys[h].length)).map((row) => row.map((s) => s / Math.sqrt(deep(queries))))) },
  "causal from the top left": { causal: ({ i, j }) => j <= i },
  "causal, one too far": { causal: ({ p, j }) => j <= p + 1 },
  "no mask once there is a cache": { causal: ({ p, j, past }) => j <= p || past > 0 },
  "window one too wide": { window: ({ p, j, width }) => j <= p && p - j <= width },
  "window that looks ahead": { window: ({ p, j, width }) => Math.abs(p - j) < width },
  "padding on the other side": { padding: ({ j, kvLen, nPadding }) => j < kvLen - nPadding },
  "True and False swapped": { masked: ({ scores, allowed }) => map3(scores, (s, h, i, j) => (allowed[i][j] ? -Infinity : s)) },
  "−1e9 in place of −∞": { masked: ({ scores, allowed }) => map3(scores, (s, h, i, j) => (allowed[i][j] ? s : -1e9)) },
  "scores times the mask": { masked: ({ scores, allowed }) => map3(scores, (s, h, i, j) => s * allowed[i][j]) },
  "mask after the softmax": {
    masked: ({ scores }) => scores,
    weights: ({ masked, allowed }) => map3(softmax(masked), (w, h, i, j) => w * allowed[i][j]),
  },
  "softmax over the queries": { weights: ({ masked }) => softmax(masked, 1) },
  "softmax over the heads": { weights: ({ masked }) => softmax(masked, 0) },
  "a row of −∞ not cared for": { weights: ({ masked }) => masked.map((rows) => rows.map((row) => {
    const top = Math.max(...row), total = top + Math.log(sumOf(row.map((s) => Math.exp(s - top))));
    return row.map((s) => Math.exp(s - total));
  })) },
  "maximum not taken off": { weights: ({ masked }) => exp(masked).map((rows) => rows.map((row) => row.map((e) => e / sumOf(row)))) },
  "dropout not made up for": { kept: ({ weights, keep }) => map3(weights, (w, h, i, j) => w * keep[h][i][j]) },
  "one dropout for all queries": { kept: ({ weights, keep }) => map3(weights, (w, h, i, j) => (w * keep[0][0][j]) / (1 - 0.5)) },
  "keys in place of the values": { mixed: ({ kept, keys }) => kept.map((rows, h) => product(rows, keys[h])) },
  "heads merged without transposing": { output: ({ mixed, nHeads }) => shaped(mixed.flat(2), mixed[0].length, nHeads * deep(mixed)) },
};
