// What each scheme gives a key at a distance. tests/widgets hold the numbers equal to NumPy.

import { add, softmax } from "../kit/sums.js";
import { bucketStarts, drawn, frequencies, innerProduct, plainFrequencies, reach, slopes } from "./parts.js";

export const ABSOLUTE = ["learned", "sinusoidal"];
export const CLOCKS = ["sinusoidal", "rotary"];

const count = (n) => Array.from({ length: n }, (_, i) => i);

/** How far the key stands behind the query: no further than the first place. */
export const distanceOf = ({ back, query }) => Math.min(back, query);
/** The head of ALiBi that is shown. */
export const headOf = (state) => Math.min(state.head, state.n_heads);
/** Whether a pair's features are not zero. */
export const inUse = ({ silent }, pair) => !silent.includes(pair);

/** For each scheme the function that gives the score of a query at p and a key at j. */
const SCORES = {
  learned({ trained, d_k: width, strength }) {
    const table = drawn(1, trained * width), rows = count(trained).map((p) => table.slice(p * width, (p + 1) * width));
    return (p, j) => (p < trained && j < trained ? (strength * innerProduct(rows[p], rows[j])) / Math.sqrt(width) : NaN);
  },
  sinusoidal(state) {
    const { d_k: width, between, ago, strength } = state, steps = plainFrequencies(state);
    const times = strength / Math.sqrt(width);
    if (between === "nothing") {
      return (p, j) => times * add(steps.map((step, r) => (inUse(state, r) ? Math.cos((p - ago - j) * step) : 0)));
    }
    const { clocks, mixed } = throughMatrix(state, steps);
    return (p, j) => times * innerProduct(mixed[p], clocks[j]);
  },
  rotary(state) {
    const { d_k: width, ago, strength, scaling } = state, plain = plainFrequencies(state), steps = frequencies(state);
    // YaRN lengthens both, the query and the key.
    const longer = scaling === "yarn" ? (0.1 * Math.log(reach(state)) + 1) ** 2 : 1;
    const times = (2 * strength * longer) / Math.sqrt(width);
    return (p, j) => times * add(steps.map((step, r) => (inUse(state, r) ? Math.cos((p - j) * step - ago * plain[r]) : 0)));
  },
  shaw({ furthest, d_k: width, strength }) {
    const table = drawn(3, (2 * furthest + 1) * width);
    const rows = count(furthest + 1).map((d) => add(table.slice((furthest - d) * width, (furthest - d + 1) * width)));
    return (p, j) => (strength * rows[Math.min(p - j, furthest)]) / Math.sqrt(width);
  },
  t5(state) {
    const table = drawn(4, state.n_buckets), starts = bucketStarts(state);
    return (p, j) => state.strength * table[cellOf(starts, p - j)];
  },
  alibi(state) {
    const slope = slopes(state.n_heads)[headOf(state) - 1];
    return (p, j) => -slope * (p - j);
  },
};

let known = { key: "" };

/** The clock at every place, and the same times the drawn matrix; kept, since a drag changes neither. */
function throughMatrix({ d_k: width, base, silent, limits }, steps) {
  const key = JSON.stringify([width, base, silent]);
  if (known.key !== key) {
    const matrix = drawn(2, width * width), columns = count(width);
    const hands = (p) => steps.flatMap((step, r) => (silent.includes(r) ? [0, 0] : [Math.sin(p * step), Math.cos(p * step)]));
    const clocks = count(limits.length).map(hands);
    known = { key, clocks, mixed: clocks.map((x) => columns.map((b) => add(x.map((value, a) => value * matrix[a * width + b])) / Math.sqrt(width))) };
  }
  return known;
}

/** The last entry of a table that begins at a distance or before it. */
export const cellOf = (starts, distance) => starts.findLastIndex((start) => start <= distance);

/** Scores and weights over the distance, one distance from all places, and what is new in it. */
export function compute(state) {
  const { query, trained, limits, method } = state, at = SCORES[method](state), distance = distanceOf(state);
  const scores = count(query + 1).map((d) => at(query, query - d));
  const along = count(limits.length - distance).map((j) => at(j + distance, j)), there = along.filter((s) => !Number.isNaN(s));
  const missing = scores.some(Number.isNaN), weights = softmax(scores), absolute = ABSOLUTE.includes(method);
  const near = scores.map((s) => Math.round(s * 1e9));
  return {
    scores, weights, along, score: scores[distance],
    // Of what is equal but for rounding, the nearest.
    peak: missing ? -1 : near.indexOf(Math.max(...near)),
    unseen_weight: missing ? NaN : add(weights.filter((_, d) => (absolute ? query : d) >= trained)),
    spread: there.length ? Math.max(...there) - Math.min(...there) : NaN,
    ...partsOf(state),
  };
}

/** What a scheme is made of, empty for those that are not made of it. */
function partsOf(state) {
  const { method, query, trained } = state;
  const found = { frequencies: [], turns: [], new: [], slopes: [], beyond: [], starts: [], touched: [] };
  if (CLOCKS.includes(method)) {
    const plain = plainFrequencies(state), steps = frequencies(state), far = distanceOf(state);
    const turned = method === "rotary" ? [far] : [query, query - far], circle = 2 * Math.PI;
    found.frequencies = steps;
    found.turns = plain.map((step) => (trained * step) / circle);
    found.new = plain.map((step, r) => trained * step < circle && turned.some((n) => (n * steps[r]) % circle >= trained * step));
  } else if (method === "alibi") {
    found.slopes = slopes(state.n_heads);
    found.beyond = found.slopes.map((slope) => add(softmax(count(query + 1).map((d) => -slope * d)).slice(trained)));
  } else if (method !== "learned") {
    found.starts = method === "shaw" ? count(state.furthest + 1) : bucketStarts(state);
    found.touched = found.starts.map((start) => start < trained);
  }
  return found;
}
