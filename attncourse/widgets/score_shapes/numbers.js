// The arithmetic of the five scores, their slopes and steps, and the link. tests/widgets hold it equal to NumPy.

import { choiceLink, links, numberLink, rowsLink, wholeLink } from "../kit/links.js";

export const SCORES = ["dot", "multiplicative", "cosine", "additive", "location"];

const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
const times = (a, c) => [a[0] * c, a[1] * c];
const add = (a, b) => [a[0] + b[0], a[1] + b[1]];
export const norm = (a) => Math.sqrt(dot(a, a));
const unit = (a) => (norm(a) > 0 ? times(a, 1 / norm(a)) : [0, 0]);
/** A row times a matrix, and times the matrix on its side. */
export const through = (a, m) => [a[0] * m[0][0] + a[1] * m[1][0], a[0] * m[0][1] + a[1] * m[1][1]];
const back = (a, m) => [dot(a, m[0]), dot(a, m[1])];

/** The cosine's slope for its second vector: at a right angle to it, and flatter the longer it is. */
function turning(fixed, moved) {
  const length = norm(moved), a = unit(fixed), b = unit(moved);
  return length > 0 ? times(add(a, times(b, -dot(a, b))), 1 / length) : [0, 0];
}

/**
 * The score drawn, as functions of a key and its number: the score, its slope for the key and its
 * slope for the query, without the factor. What the query alone decides is computed once.
 */
export function scorer({ q, matrix, network, gain, bias, places, limits }, name) {
  if (name === "dot") return { value: (k) => dot(q, k), ofKey: () => q, ofQuery: (k) => k };
  if (name === "multiplicative") {
    const asked = through(q, matrix);
    return { value: (k) => dot(asked, k), ofKey: () => asked, ofQuery: (k) => back(k, matrix) };
  }
  if (name === "cosine") {
    const way = unit(q);
    return { value: (k) => { const length = norm(k); return length > 0 ? dot(way, k) / length : 0; }, ofKey: (k) => turning(q, k), ofQuery: (k) => turning(k, q) };
  }
  if (name === "location") return { value: (_, j) => dot(q, places[j]), ofKey: () => [0, 0], ofQuery: (_, j) => places[j] };
  const { query, key, out } = limits.networks[network];
  const base = out.map((_, h) => gain * (q[0] * query[0][h] + q[1] * query[1][h] + bias));
  const hidden = (k, h) => Math.tanh(base[h] + gain * (k[0] * key[0][h] + k[1] * key[1][h]));
  const slope = (k, layer) => out.reduce((sum, v, h) => add(sum, times([layer[0][h], layer[1][h]], v * gain * (1 - hidden(k, h) ** 2))), [0, 0]);
  return {
    value(k) { let sum = 0; for (let h = 0; h < out.length; h += 1) sum += out[h] * hidden(k, h); return sum; },
    ofKey: (k) => slope(k, key), ofQuery: (k) => slope(k, query),
  };
}

function softmax(scores) {
  const top = Math.max(...scores), exps = scores.map((s) => Math.exp(s - top));
  const total = exps.reduce((sum, x) => sum + x, 0);
  return { weights: exps.map((x) => x / total), below: Math.log(total) + top };
}

/** Scores, weights, slopes and steps of one state, and the scores and weights by all five. */
export function compute(state) {
  const { k, factor, added, right } = state;
  const made = SCORES.map((name) => scorer(state, name)), at = SCORES.indexOf(state.score);
  const fiveScores = made.map(({ value }) => k.map((key, j) => factor * value(key, j) + added));
  const shared = fiveScores.map(softmax), scores = fiveScores[at], { weights, below } = shared[at];
  const told = weights.map((w, j) => (j === right) - w);
  const slopes = k.map((key, j) => times(made[at].ofKey(key, j), factor));
  return {
    scores, weights, slopes,
    steps: slopes.map((slope, j) => times(slope, told[j])),
    query_step: k.reduce((sum, key, j) => add(sum, times(made[at].ofQuery(key, j), factor * told[j])), [0, 0]),
    loss: below - scores[right],
    five_scores: fiveScores, five_weights: shared.map((each) => each.weights),
    inside: k.map((key) => isInside(key, k)),
    bound: factor * state.limits.networks[state.network].out.reduce((sum, v) => sum + Math.abs(v), 0),
  };
}

/** Whether a key is no corner: seen from it, the others leave no open half-plane. */
function isInside(key, keys) {
  const angles = keys.filter((other) => other[0] !== key[0] || other[1] !== key[1])
    .map((other) => Math.atan2(other[1] - key[1], other[0] - key[0])).sort((a, b) => a - b);
  if (angles.length === 0) return false;
  return Math.max(...angles.map((angle, n) => (n + 1 < angles.length ? angles[n + 1] : angles[0] + 2 * Math.PI) - angle)) <= Math.PI;
}

/** Query and keys after so many steps down the loss, as far as the plane goes. */
export function learn(state, steps) {
  const { rate, coordinate } = state.limits;
  const go = (at, way) => add(at, times(way, rate)).map((x) => Math.min(Math.max(x, -coordinate), coordinate));
  let { q, k } = state;
  for (let n = 0; n < steps; n += 1) {
    const found = compute({ ...state, q, k });
    k = k.map((key, j) => go(key, found.steps[j]));
    q = go(q, found.query_step);
  }
  return { q, k };
}

const within = (name) => [({ limits }) => limits[name][0], ({ limits }) => limits[name][1]];
const about = (name) => [({ limits }) => -limits[name], ({ limits }) => limits[name]];
const single = rowsLink(() => [1, 2], ...about("coordinate"));

const link = links({
  q: { pack: (q) => q, unpack: (q, state) => single.unpack([q], state)[0] },
  k: rowsLink(({ k }) => [k.length, 2], ...about("coordinate")),
  score: choiceLink(SCORES),
  factor: numberLink(...within("factor")),
  added: numberLink(...about("added")),
  matrix: rowsLink(() => [2, 2], ...about("entry")),
  network: choiceLink(({ limits }) => Object.keys(limits.networks)),
  gain: numberLink(...within("gain")),
  bias: numberLink(...within("bias")),
  right: wholeLink(0, ({ k }) => k.length - 1),
  arrows: choiceLink(["score", "loss"]),
});
export const toLink = link.toLink;
export const fromLink = link.fromLink;
