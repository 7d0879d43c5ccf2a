// What the widget says of its state.

import { fixed, percent, python } from "../kit/words.js";

const SCALED = { root: "divided by √d", none: "unscaled", width: "divided by d" };

/** One sentence on what softmax does at this width, on average. */
export function describe({ width, scale, temperature, limits, n_keys: keys }, result) {
  const at = limits.widths.indexOf(width), largest = result.largest_by_width[at];
  const warmth = temperature === 1 ? "" : `, temperature ${fixed(temperature)}`;
  const setting = `Width ${width}, ${SCALED[scale]}${warmth}`;
  if (result.entropy_by_width[at] > 0.98) return `${setting}: all ${keys} keys get nearly the same weight, whatever they say.`;
  if (largest > 0.85) return `${setting}: one key takes ${percent(largest)}, so softmax is saturated.`;
  return `${setting}: the best of ${keys} keys takes ${percent(largest)}.`;
}

/** What the numbers behind the sentence are, at this width. */
export function summary({ width, limits }, result) {
  const at = limits.widths.indexOf(width);
  return `at width ${width}: scores spread by ${fixed(result.spread_by_width[at])}, gradient norm ${fixed(result.gradient_by_width[at])}`;
}

/** The Python call that makes a widget in this state. */
export function toPython(state) {
  const names = ["n_keys", "seed", "width", "temperature", "scale", "draw"];
  return `ScoreScaling(${names.map((name) => `${name}=${python(state[name])}`).join(", ")})`;
}
