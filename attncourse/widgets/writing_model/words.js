// What the widget says of its state, and how it writes characters.

import { fixed, listed, percent, python } from "../kit/words.js";
import { isChanged, pinsOf } from "./numbers.js";

const NAMES = { " ": "space", "\n": "line end" };

/** A character's name in a sentence. */
export const named = (letter) => NAMES[letter] ?? `“${letter}”`;

/** A character where only one sign has room. */
export const sign = (letter) => ({ " ": "·", "\n": "↵" }[letter] ?? letter);

/** A text on one line. */
export const flat = (text) => text.replaceAll("\n", "↵");

export const headName = (layer, head) => `layer ${layer + 1}, head ${head + 1}`;

/** A probability; also of what is rare. */
export const chance = (p) => (p === 0 ? "0" : p < 0.0005 ? "< 0.1 %" : p < 0.0995 ? `${fixed(100 * p, 1)} %` : percent(p));

/** Numbers in the order of how likely they are; `then` decides between equal ones. */
export const likeliest = (shares, then) => [...shares.keys()].sort((a, b) => shares[b] - shares[a] || then[b] - then[a]);

/** The first place where two lists differ; their length if they do not. */
export function differFrom(a, b) {
  const at = a.findIndex((x, n) => x !== b[n]);
  return at < 0 ? a.length : at;
}

const counted = (n, one, many = `${one}s`) => (n === 1 ? `one ${one}` : `${n} ${many}`);
const ending = (text) => (text.length > 12 ? `…${flat(text.slice(-10))}` : flat(text));

/** What was done to the model. */
function changes({ off, hand }) {
  const parts = [];
  if (off.length) parts.push(`${off.length === 1 ? headName(...off[0]) : `${off.length} heads`} off`);
  if (hand.length) parts.push(`${counted(hand.length, "weight")} set`);
  return listed(parts);
}

/** One sentence: what follows most likely, and what the changes did to it. */
export function describe(result) {
  if (!result) return "This text is not read yet: it takes the model.";
  const { state, alphabet, untouched, chances, written, plain } = result;
  const [top, next] = likeliest(chances, untouched), name = (n) => named(alphabet[n]);
  if (!isChanged(state)) {
    return `After “${ending(state.text)}”, ${name(top)} is likeliest (${chance(chances[top])})${chances[next] ? `, then ${name(next)} (${chance(chances[next])})` : ""}.`;
  }
  const [was] = likeliest(untouched, untouched), at = differFrom(written, plain);
  const odds = `${name(top)} is likeliest (${chance(chances[top])})${top === was ? "" : `, no longer ${name(was)}`}`;
  const text = at < written.length ? `other text from the ${ordinal(at + 1)} character on` : "the same text";
  return `With ${changes(state)}: ${odds}; ${text}.`;
}

const ordinal = (n) => (n % 10 === 1 && n % 100 !== 11 ? `${n}st` : n % 10 === 2 && n % 100 !== 12 ? `${n}nd`
  : n % 10 === 3 && n % 100 !== 13 ? `${n}rd` : `${n}th`);

/** A character of the text by how far back it is. */
export function placed(text, back) {
  const letter = named(text.at(-1 - back));
  return back === 0 ? `${letter} itself` : `${letter}, ${back} back`;
}

/** Where the last character looks most, in a head's row of weights. */
export function lookText(text, weights) {
  const top = weights.indexOf(Math.max(...weights));
  return `${named(text.at(-1))} looks most at ${placed(text, top)} (${fixed(weights[top])})`;
}

/** Whether a head is off, and whether some of its weights are set. */
export const isOff = ({ off }, layer, head) => off.some(([l, h]) => l === layer && h === head);
export const isPainted = ({ hand }, layer, head) => pinsOf(hand, layer, head).length > 0;

/** The Python call that makes a widget in this state. */
export function toPython({ text, temperature, top_p, seed, off, hand, layer, head, key }) {
  const given = { temperature, top_p, seed, off, hand, layer, head, key };
  return `WritingModel(${[python(text), ...Object.entries(given).map(([name, value]) => `${name}=${python(value)}`)].join(", ")})`;
}
