// The assertions of assertions.py in the page's own language; tests hold every verdict equal.

import { times } from "./layer.js";

export const MISSED = 0;
export const CAUGHT = 1;
export const REFUSED = 2;

/** As np.allclose on rows: a column of one stretches, other widths do not fit. */
function allclose(a, b) {
  const [wide, other] = [a[0].length, b[0].length];
  if (wide !== other && wide !== 1 && other !== 1) return false;
  return a.every((row, i) => times(Math.max(wide, other), (j) => j).every((j) => {
    const [x, y] = [row[j % wide], b[i][j % other]];
    return Math.abs(x - y) <= 1e-8 + 1e-5 * Math.abs(y);
  }));
}

const cut = (rows, from, to) => rows.map((row) => row.slice(from, to));
const scaled = (rows, by) => rows.map((row) => row.map((x) => by * x));
const added = (a, b) => a.map((row, i) => row.map((x, j) => x + b[i][j]));
const finite = (rows) => rows.flat().every(Number.isFinite);
/** One is added to all that stands behind position p. */
const after = (rows, p) => rows.map((row, j) => (j > p ? row.map((x) => x + 1) : row));
const one = (rows, i) => rows.slice(i, i + 1);

/** The first and the last loss of a linear layer behind the output that learns for twenty steps. */
function train(target, output) {
  const losses = [];
  let w = output[0].map(() => 0);
  const rate = 1 / output.flat().reduce((sum, x) => sum + x * x, 0);
  for (let step = 0; step <= 20; step += 1) {
    const miss = output.map((row, i) => row.reduce((sum, x, c) => sum + x * w[c], 0) - target[i]);
    losses.push(miss.reduce((sum, x) => sum + x * x, 0));
    w = w.map((x, c) => x - rate * output.reduce((sum, row, i) => sum + row[c] * miss[i], 0));
  }
  return [losses[0], losses.at(-1)];
}

/** A query, two keys and two values: the scores of each head are ln 3 and 0. */
function byHand({ n_heads: nHeads, d_k: dK, d_v: dV }) {
  const first = times(nHeads * dK, (c) => (c % dK === 0 ? 1 : 0));
  return [scaled([first], Math.sqrt(dK) * Math.log(3)), [first, scaled([first], 0)[0]], [4, 8].map((x) => Array(nHeads * dV).fill(x))];
}

const all = (rows, test) => rows.every((row) => row.every(test));
const every3 = (x, test) => x.every((rows) => rows.every((row, i) => row.every((w, j) => test(w, i, j))));

/** Each takes the names that its line of Python uses. */
const ASSERTIONS = {
  shape: ({ output, sizes }) => output[0].length === sizes.n_heads * sizes.d_v,
  "rows sum to one": ({ weights }) => weights.every((rows) => rows.every((row) => allclose([[row.reduce((sum, w) => sum + w, 0)]], [[1]]))),
  finite: ({ output }) => finite(output),
  "loss falls": ({ output, target }) => { const [first, last] = train(target, output); return last < first; },
  "a number by hand": ({ out, sizes }) => allclose(out(...byHand(sizes)), [[5]]),
  "first head alone": ({ out, q, k, v, output, mask, sizes: { d_k: dK, d_v: dV } }) =>
    allclose(out(cut(q, 0, dK), cut(k, 0, dK), cut(v, 0, dV), mask, 1), cut(output, 0, dV)),
  "keys in another order": ({ out, q, k, v, plain }) => allclose(out(q, [...k].reverse(), [...v].reverse()), plain()),
  "one query at a time": ({ out, q, k, v, output, mask, own }) =>
    own.every(([i, p]) => allclose(out(one(q, i), k.slice(0, p + 1), v.slice(0, p + 1), mask), one(output, i))),
  "the future changes nothing": ({ out, q, k, v, output, mask, own }) =>
    own.every(([i, p]) => allclose(one(out(q, after(k, p), after(v, p), mask), i), one(output, i))),
  "the own position changes it": ({ out, q, k, v, output, mask, own }) =>
    !own.some(([i, p]) => allclose(one(out(q, k, after(v, p - 1), mask), i), one(output, i))),
  "hidden keys weigh nothing": ({ weights, allowed }) => every3(weights, (w, i, j) => allowed[i][j] || w === 0),
  "visible keys weigh something": ({ weights, allowed }) => every3(weights, (w, i, j) => !allowed[i][j] || w > 0),
  "an empty row gives zeros": ({ out, q, k, v }) => all(out(q, k, v, { padding: k.length }), (x) => x === 0),
  "twice the values": ({ out, q, k, v, output, mask }) => allclose(out(q, k, scaled(v, 2), mask), scaled(output, 2)),
  "large queries, finite": ({ out, q, k, v }) => finite(out(scaled(q, 1000), k, v)),
  "two halves of a dropout": ({ out, q, k, v, keep, plain }) => {
    const other = keep.map((rows) => rows.map((row) => row.map((x) => !x)));
    return allclose(added(out(q, k, v, { keep }), out(q, k, v, { keep: other })), scaled(plain(), 2));
  },
  "dropouts differ": ({ attention, q, k, v, keep }) =>
    new Set(attention(q, k, v, { keep }).kept.flatMap((rows) => rows.map((row) => row.map((w) => w === 0).join()))).size > 1,
  "a second implementation": ({ out, q, k, v, mask, dropout, reference }) => allclose(out(q, k, v, { ...mask, ...dropout }), reference),
};

/** Whether each assertion passes, by the names that the lines use. */
export const outcomes = (room) => Object.values(ASSERTIONS).map((holds) => holds(room));
