// What the widget says of its state.

import { fixed, percent, python, subscript } from "../kit/words.js";
import { ABSOLUTE, distanceOf, headOf, inUse } from "./numbers.js";
import { plainFrequencies } from "./parts.js";

export const NAMES = { learned: "Learned", sinusoidal: "Sinusoidal", shaw: "Shaw", t5: "T5", alibi: "ALiBi", rotary: "Rotary" };

/** A share whose sign stays on its line. */
const share = (w) => percent(w).replace(" %", "\u00a0%");
const plural = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;
const backFrom = (n) => (n === 0 ? "its own place" : `${plural(n, "place")} back`);
/** Pairs that are in use and stand at an angle that is new. */
const newOnes = (state, result) => result.new.filter((is, r) => is && inUse(state, r)).length;
const used = (state) => Array.from({ length: state.d_k / 2 }, (_, r) => inUse(state, r)).filter(Boolean).length;

/** A slope as a fraction where it is one. */
export const slopeName = (slope) => (Number.isInteger(1 / slope) ? `1/${1 / slope}` : fixed(slope, 3));

/** Which distances an entry of a table has. */
export function spanOf(starts, cell) {
  const next = starts[cell + 1];
  return next === undefined ? `${starts[cell]}+` : next - starts[cell] === 1 ? `${starts[cell]}` : `${starts[cell]}–${next - 1}`;
}

/** One sentence: the scheme, the distance, and whether training met it. */
export function describe(state, result) {
  const { method, query, trained } = state, far = distanceOf(state), name = NAMES[method];
  const head = method === "alibi" ? `, head ${headOf(state)} of ${state.n_heads}` : "";
  if (Number.isNaN(result.score)) return `${name}: the table ends with place ${trained - 1}, so the query at ${query} has no vector and no score.`;
  const gives = `${name}${head}: ${backFrom(far)} gives ${fixed(result.score)}`;
  if (ABSOLUTE.includes(method)) return `${gives}; place ${query} was ${query < trained ? "met in training" : "never met"}.`;
  return `${gives}, a distance that training ${far < trained ? "met" : "never met"}.`;
}

const NEWS = {
  learned: ({ trained, query }) => `The table has ${plural(trained, "row")}, one for each trained place. `
    + (query < trained ? "Move the query beyond: there is no row." : "Rows could be added, but nobody has trained them. No vector, no score, no weight."),
  sinusoidal(state, result) {
    const { trained, query, between } = state, fresh = newOnes(state, result);
    const hands = query < trained ? `Up to place ${trained - 1} all hands show readings that training met.`
      : `The clock goes on without end. ${fresh} of ${used(state)} hands show readings that training never met (outside the grey arcs).`;
    return `${hands} ${between === "nothing" ? "The product of two clocks depends on the distance only. A model computes no such product: words are added, and matrices stand between."
      : "With a drawn matrix between them the product depends on the places too: move both together."}`;
  },
  shaw: ({ furthest, trained }, { touched }) => (furthest < trained
    ? `From ${furthest} back on all distances share one vector, and training met it. Nothing is new; nor can ${furthest} be told from any distance beyond.`
    : `${plural(touched.filter((is) => !is).length, "vector")} of ${touched.length} for distances that training never met (hatched): as they were drawn.`),
  t5(state, { touched, starts }) {
    const untouched = touched.filter((is) => !is).length;
    return untouched ? `${untouched} of ${starts.length} buckets begin behind the trained length (hatched): their numbers are as they were drawn.`
      : `Training met every bucket. From ${starts.at(-1)} back on all distances share the last.`;
  },
  alibi(state, { slopes, beyond }) {
    const head = headOf(state) - 1;
    return "Nothing is new in kind: the same line, a larger number. What grows is how many keys share the weight. "
      + `Of equal keys, those that training never met at their distance take ${share(beyond[head])} in this head of slope ${slopeName(slopes[head])}.`;
  },
  rotary(state, result) {
    const { trained, d_k: width, scaling, ago } = state, full = result.turns.filter((n) => n >= 1).length, pairs = width / 2;
    const fresh = newOnes(state, result), far = distanceOf(state);
    const circles = full === pairs ? `Within ${trained} places all ${pairs} pairs come full circle: no angle lies outside those met, only their combinations are new.`
      : `Within ${trained} places ${full} of ${pairs} pairs come full circle; the others show only a part of it (grey arcs).`;
    if (scaling !== "none") {
      const plain = plainFrequencies(state), by = [0, plain.length - 1].map((r) => plain[r] / result.frequencies[r]);
      const [fast, slow] = by.map((x) => fixed(x, Math.abs(x - Math.round(x)) < 0.05 ? 0 : 1));
      const slowed = `The slowest is divided by ${slow}, the fastest ${fast === "1" ? "is left alone" : `by ${fast}`}.`;
      return `${circles} ${slowed} ${result.peak === ago ? `This head still looks at ${ago}.` : `An angle now stands for another distance: this head was made to look at ${ago}, and looks at ${result.peak}.`}`;
    }
    return full === pairs ? circles : `${circles} At ${far} back ${fresh || "none"} of the ${used(state)} in use ${fresh > 1 ? "stand" : "stands"} at an angle that training never met.`;
  },
};

/** What training never met, for this scheme. */
export const news = (state, result) => NEWS[state.method](state, result);

/** Where the weight is. */
export function whereWeight(state, result) {
  if (result.peak < 0) return "no weights without a vector";
  const best = `highest: ${backFrom(result.peak).replace("places back", "back")}`;
  if (ABSOLUTE.includes(state.method)) return `${best} (${share(result.weights[result.peak])})`;
  return `${best} (${share(result.weights[result.peak])}); on distances never met ${share(result.unseen_weight)}`;
}

/** Whether the distance is all that counts. */
export function check(state, result) {
  const far = distanceOf(state);
  if (Number.isNaN(result.spread)) return `no place has a key ${far} back within the table`;
  const there = result.along.filter((s) => !Number.isNaN(s));
  if (result.spread < 1e-9) return `${fixed(there[0])} from every place: the distance is all that counts`;
  return `from ${fixed(Math.min(...there))} to ${fixed(Math.max(...there))}: the place counts`;
}

/** How a pair is called, and how it stands. */
export const pairName = (r) => `θ${subscript(r)}`;
export const turnsOf = (turns) => (turns >= 9.95 ? fixed(turns, 0) : turns >= 0.095 ? fixed(turns, 1) : turns >= 0.01 ? fixed(turns, 2) : "< 0.01");

const SETTINGS = {
  learned: ["d_k", "strength"],
  sinusoidal: ["d_k", "base", "between", "ago", "strength"],
  shaw: ["furthest", "d_k", "strength"],
  t5: ["n_buckets", "max_distance", "strength"],
  alibi: ["n_heads"],
  rotary: ["d_k", "base", "scaling", "ago", "strength"],
};
/** Whether a setting matters to a scheme. */
export const matters = ({ method, between }, name) => SETTINGS[method].includes(name)
  && !(name === "ago" && method === "sinusoidal" && between === "matrix");

/** The Python call that makes a widget in this state. */
export function toPython({ method, start, ...state }) {
  const names = Object.keys(start).filter((name) => name !== "method");
  return `PositionsOverDistance(${python(method)}, ${names.map((name) => `${name}=${python(state[name])}`).join(", ")})`;
}
