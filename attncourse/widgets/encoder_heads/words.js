// What the widget says of its state.

import { fixed, percent, python } from "../kit/words.js";
import { headAt, wordOf } from "./numbers.js";

/** What the heads can be ordered by: in the menu, and how a number of it is written. */
export const ORDERS = {
  place: { text: "layer and head" },
  entropy: { text: "how spread its weights are", write: (x) => `${fixed(x)} bits` },
  distance: { text: "how far they reach", write: (x) => `${fixed(x, 1)} positions` },
  first: { text: (words) => `weight on ${words[0]}`, write: percent },
  last: { text: (words) => `weight on ${words.at(-1)}`, write: percent },
  before: { text: "weight on the word before", write: percent },
  after: { text: "weight on the word after", write: percent },
  same: { text: "weight on the same word elsewhere", write: percent },
  turns: { text: "how far the sentence turns without it", write: (x) => `${fixed(x, 1)}°` },
  moved: { text: "how far its map moves without the chosen head", write: percent },
};
export const orderText = (order, words) => (typeof ORDERS[order].text === "function" ? ORDERS[order].text(words) : ORDERS[order].text);

/** A head by its layer and its number in the layer, both counted from 1. */
export const headName = (layer, head) => `${layer + 1}.${head + 1}`;
export const nameOf = ({ runs }, at) => headName(Math.floor(at / runs.n_heads), at % runs.n_heads);
export const wordsOf = ({ runs, sentence }) => runs.sentences[sentence].words;
export const degrees = (x) => `${Math.round(x)}°`;

/** A word of a sentence, with its count where it comes more than once. */
function called(words, at) {
  const same = words.map((word, i) => (word === words[at] ? i : -1)).filter((i) => i >= 0);
  return same.length > 1 ? `“${words[at]}” (${["first", "second", "third"][same.indexOf(at)] ?? `${same.indexOf(at) + 1}th`})` : `“${words[at]}”`;
}

/** The positions with the largest numbers, at most two. */
const largest = (row) => row.map((w, j) => [w, j]).sort((a, b) => b[0] - a[0]).slice(0, 2);

/** Where a row of weights goes. */
function goes(words, row) {
  const [[w, j], [v, k]] = largest(row);
  return `${called(words, j)} with ${percent(w)}` + (v >= 0.1 ? `, to ${called(words, k)} with ${percent(v)}` : "");
}

/** A number keeps its sign beside it. */
export const bound = (text) => text.replaceAll(" %", "\u00a0%");

/** One or two sentences on what is shown. */
export const describe = (state, result) => bound(said(state, result));

function said(state, result) {
  const words = wordsOf(state), word = wordOf(state), name = headName(state.layer, state.head);
  const first = `In head ${name}, ${called(words, word)} attends to ${goes(words, result.above)}.`;
  if (state.beside === "head") return `${first} In head ${headName(state.other_layer, state.other_head)}: to ${goes(words, result.below)}.`;
  if (state.beside === "off") return `${first} Without this head, the sentence’s vector turns by ${fixed(result.turns[headAt(state, state.layer, state.head)], 1)}°.`;
  if (state.beside === "rollout") {
    // Another word: what is masked itself turns most, of course.
    const apart = (row) => row.map((x, j) => (j === word ? -1 : x));
    const [[share, j]] = largest(apart(result.below)), [[turn, k]] = largest(apart(result.masked));
    const most = j === k ? "most of all" : `and to mask ${called(words, k)}, by ${degrees(turn)}`;
    return `Rollout finds ${percent(share)} of ${called(words, word)} in ${called(words, j)}. To mask that turns its vector by ${degrees(result.masked[j])}, ${most}.`;
  }
  return first;
}

/** How the chosen head stands among all by the present order. */
export function rank(state, result) {
  const { order } = state, at = headAt(state, state.layer, state.head);
  if (order === "place") return "One row a layer. Choose a head.";
  if (order === "moved") return `Most first: the share of its weight that a head moves without head ${nameOf(state, at)}, a mean over the sentences.`;
  const place = result.ranked.indexOf(at) + 1;
  return `Most first. Head ${nameOf(state, at)} is number ${place} of ${result.ranked.length}, with ${ORDERS[order].write(result[order][at])}.`;
}

const TRAITS = ["sentence", "layer", "head", "other_layer", "other_head", "beside", "residual", "order", "word"];

/** The Python call that makes a widget in this state; runs of one's own are called runs. */
export function toPython(state) {
  return `EncoderHeads(${[...(state.runs.stored ? [] : ["runs"]), ...TRAITS.map((name) => `${name}=${python(state[name])}`)].join(", ")})`;
}
