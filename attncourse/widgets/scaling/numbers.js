// The arithmetic of width and temperature, and its link. tests/widgets hold it equal to NumPy.

import { choiceLink, links, numberLink, wholeLink } from "../kit/links.js";

export const SCALES = { root: -0.5, none: 0, width: -1 };

const mean = (list) => list.reduce((sum, x) => sum + x, 0) / list.length;

/** The draw shown, and means over all draws at every width. */
export function compute(state) {
  const { products, width, scale, temperature, draw, limits } = state;
  const at = limits.widths.indexOf(width);
  const scores = products.map((byWidth) => byWidth.map((row, n) => row.map((x) => x * limits.widths[n] ** SCALES[scale])));
  const weights = scores.map((byWidth) => byWidth.map((row) => softmax(row, temperature)));
  const measures = weights.map((byWidth) => byWidth.map(measure));
  const means = (name) => limits.widths.map((_, n) => mean(measures.map((byWidth) => byWidth[n][name])));
  return {
    scores: scores[draw][at],
    weights: weights[draw][at],
    ...measures[draw][at],
    spread_by_width: limits.widths.map((_, n) => Math.sqrt(mean(scores.flatMap((byWidth) => byWidth[n].map((s) => s * s))))),
    largest_by_width: means("largest"),
    entropy_by_width: means("entropy"),
    gradient_by_width: means("gradient"),
  };
}

function softmax(scores, temperature) {
  const top = Math.max(...scores);
  const exps = scores.map((s) => Math.exp((s - top) / temperature));
  const total = exps.reduce((sum, x) => sum + x, 0);
  return exps.map((x) => x / total);
}

/** The largest weight, the entropy as a share of the highest, and the norm of diag(w) − w wᵀ. */
function measure(weights) {
  const nats = weights.reduce((sum, w) => sum - (w > 0 ? w * Math.log(w) : 0), 0);
  const squares = weights.reduce((sum, w) => sum + w * w, 0);
  // On the diagonal w − w², beside it −w v: the squares of all of them, summed.
  const norm = weights.reduce((sum, w) => sum + (w - w * w) ** 2 + w * w * (squares - w * w), 0);
  return { largest: Math.max(...weights), entropy: nats / Math.log(weights.length), gradient: Math.sqrt(norm) };
}

const link = links({
  width: choiceLink(({ limits }) => limits.widths),
  temperature: numberLink(({ limits }) => limits.temperature[0], ({ limits }) => limits.temperature[1]),
  scale: choiceLink(Object.keys(SCALES)),
  draw: wholeLink(0, ({ limits }) => limits.draws - 1),
});
export const toLink = link.toLink;
export const fromLink = link.fromLink;
