// What the widget says of its state.

import { capital, fixed, percent, python, subscript } from "../kit/words.js";
import { norm, SCORES, through } from "./numbers.js";

const LONG = { dot: "dot product", multiplicative: "multiplicative", cosine: "cosine", additive: "additive", location: "location" };
export const scoreName = (name) => capital(LONG[name]);
export const keyName = (j) => `k${subscript(j + 1)}`;
const key = (j) => `key ${j + 1}`;
const FLAT = 0.02; // a slope, times β, that passes on almost nothing

/** The key that points most nearly one way, of those that point anywhere. */
function nearest(k, way) {
  const cosine = k.map((at) => (at[0] * way[0] + at[1] * way[1]) / (norm(at) * norm(way) || 1));
  return cosine.indexOf(Math.max(...cosine));
}

/** Whether all that a matrix of this size can make lies on one line. */
const hasRankOne = ([a, b]) => Math.abs(a[0] * b[1] - a[1] * b[0]) < 1e-9;

/** One sentence on who wins by this score, and why. */
export function describe(state, result) {
  const { score, k, q, right, factor } = state, { weights, scores, slopes } = result;
  const top = weights.indexOf(Math.max(...weights)), share = percent(weights[top]), name = scoreName(score);
  if (Math.max(...weights) - Math.min(...weights) < 0.005) {
    return k.length === 1 ? `${name}: the only key gets all the weight, whatever its score.` : `${name}: all keys score alike, so each gets ${share}.`;
  }
  if (score === "location") return `${name}: place ${top + 1} gets ${share}, whatever key stands there.`;
  if (score === "cosine") return `${name}: ${key(top)} points most nearly the query’s way and gets ${share}; no length counts.`;
  if (score === "additive") {
    return slopes.every((slope) => norm(slope) < FLAT * factor)
      ? `${name}: the units are flat at every key, so neither keys nor query move, right or wrong.`
      : `${name}: ${key(top)} leads with ${share}; ${state.added ? `all scores lie from ${fixed(state.added - result.bound)} to ${fixed(state.added + result.bound)}` : `no score leaves ±${fixed(result.bound)}`}.`;
  }
  if (score === "multiplicative" && hasRankOne(state.matrix)) return `${name}: W has rank one, so no query turns the lines; ${key(top)} leads with ${share}.`;
  if (result.inside[right] && right !== top) {
    return `${name}: ${key(right)} lies inside the hull, so a corner is ahead: ${key(top)}, with ${share}.`;
  }
  const way = score === "dot" ? q : through(q, state.matrix), near = nearest(k, way), asked = score === "dot" ? "the query’s way" : "the way of qW";
  if (near !== top && scores[top] > state.added) {
    return `${name}: ${key(top)} leads with ${share}: longer than ${key(near)}, which points more ${asked}.`;
  }
  return `${name}: ${key(top)} leads with ${share}.`;
}

/** What the loss says. */
export function lossSaid({ right }, { weights, loss }) {
  return `${capital(key(right))} is right: weight ${fixed(weights[right], 3)}, loss ${fixed(loss, 3)}.`;
}

/** What the shading stands for. */
export const rangeSaid = ([low, high]) => (high - low < 1e-9 ? "every key alike: the place decides" : `from ${fixed(low)} (faint) to ${fixed(high)}; on a line, keys are equal`);

/** The Python call that makes a widget in this state. */
export function toPython(state) {
  const parts = [`query=${python(state.q)}`, `keys=${python(state.k)}`];
  for (const name of ["score", "factor", "added", "matrix", "network", "gain", "bias", "right", "arrows"]) parts.push(`${name}=${python(state[name])}`);
  return `ScoreShapes(${[...parts, `places=${python(state.places)}`].join(", ")})`;
}

export const CHOICES = SCORES.map((name) => [name, LONG[name]]);
