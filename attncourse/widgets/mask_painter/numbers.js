// Rules of masks, weights under a painted mask, and how it differs from its rule; and its link.
// tests/widgets hold the numbers equal to NumPy.

import { choiceLink, links, maskLink, numberLink, wholeLink } from "../kit/links.js";

/** What each rule says of the positions of query and key; `step` puts it off by one. */
const RULES = {
  "no mask": () => true,
  causal: (p, j, { step }) => j <= p + step,
  "causal top-left": (p, j, { step, past }) => j <= p - past + step,
  window: (p, j, { size, step }) => j <= p && j > p - size - step,
  prefix: (p, j, { size, step }) => j <= p || j < size + step,
  documents: (p, j, { size, step }) => j <= p && (j < size + step) === (p < size + step),
  "padding right": (p, j, { size, step }) => j < size + step,
  "padding left": (p, j, { size, step, keys }) => j >= keys - size - step,
};
const OTHER = { causal: "causal top-left", "causal top-left": "causal" };
const ORDERED = ["causal", "causal top-left", "window", "prefix", "documents"];

/** The rules that have a size. */
export const SIZED = ["window", "prefix", "documents", "padding right", "padding left"];

const grid = (state, value) => state.scores.map((row, i) => row.map((_, j) => value(i, j)));
const pastOf = ({ scores }) => scores[0].length - scores.length;
export const sameMask = (a, b) => a.every((row, i) => row.every((x, j) => x === b[i][j]));

/** The mask of a rule, in the size of the state; one too far or too short by `step`. */
export function layOut(state, { rule = state.rule, size = state.size, step = 0 } = {}) {
  const past = pastOf(state), how = { size, step, past, keys: state.scores[0].length };
  return grid(state, (i, j) => RULES[rule](i + past, j, how));
}

/** The key that stands where a query stands; it may lie before the first one. */
export const ownKey = (state, i) => (state.rule === "causal top-left" ? i : i + pastOf(state));

/** Weights, how far each moved, and how the mask differs from what it is meant as. */
export function compute(state) {
  const { mask, rule, against } = state;
  const right = layOut(state), wrong = !sameMask(mask, right), ordered = ORDERED.includes(rule);
  const weights = weigh(state, mask);
  const base = weigh(state, against === "rule" ? right : grid(state, () => true));
  const future = grid(state, (i, j) => mask[i][j] && !right[i][j] && ordered && j > ownKey(state, i));
  const lost = grid(state, (i, j) => right[i][j] && !mask[i][j]);
  const isLaidOut = (how) => wrong && sameMask(mask, layOut(state, how));
  return {
    weights, base, moved: grid(state, (i, j) => weights[i][j] - base[i][j]),
    right, seen: mask.map((row) => row.filter(Boolean).length), empty: mask.map((row) => !row.includes(true)),
    blind: lost.map((row, i) => ordered && row[ownKey(state, i)] === true),
    future, lost, outside: grid(state, (i, j) => mask[i][j] && !right[i][j] && !future[i][j]),
    inverted: grid(state, (i, j) => mask[i][j] !== right[i][j]).flat().every(Boolean),
    misaligned: rule in OTHER && isLaidOut({ rule: OTHER[rule] }),
    shifted: [1, -1].find((step) => isLaidOut({ step })) ?? 0,
  };
}

/** Softmax over the keys that each query may see; a row without one is zero. */
function weigh({ scores, strength }, mask) {
  return scores.map((row, i) => {
    const top = Math.max(...row.filter((_, j) => mask[i][j]));
    const exps = row.map((s, j) => (mask[i][j] ? Math.exp(strength * (s - top)) : 0));
    const total = exps.reduce((sum, x) => sum + x, 0);
    return exps.map((x) => (total > 0 ? x / total : 0));
  });
}

/** The cells on the straight way from one to another, both included: a quick stroke leaves no gaps. */
export function way([i, j], [toI, toJ]) {
  const steps = Math.max(Math.abs(toI - i), Math.abs(toJ - j));
  return Array.from({ length: steps + 1 }, (_, n) => {
    const share = steps ? n / steps : 0;
    return [Math.round(i + share * (toI - i)), Math.round(j + share * (toJ - j))];
  });
}

const link = links({
  rule: choiceLink(({ limits }) => limits.rules),
  size: wholeLink(1, ({ scores }) => scores[0].length),
  mask: maskLink(({ scores }) => [scores.length, scores[0].length]),
  strength: numberLink(({ limits }) => limits.strength[0], ({ limits }) => limits.strength[1]),
  against: choiceLink(({ limits }) => limits.against),
});

/** What a link carries of a state. */
export const toLink = link.toLink;

/** The state a link describes; throws where it does not fit the widget it is meant for. */
export const fromLink = link.fromLink;
