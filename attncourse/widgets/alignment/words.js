// What the widget says of its state.

import { fixed, listed, percent, python } from "../kit/words.js";
import { shownOf } from "./numbers.js";

/** A number keeps its sign beside it. */
export const bound = (text) => text.replaceAll(" %", "\u00a0%").replaceAll(" s ", "\u00a0s ").replaceAll(" s.", "\u00a0s.");
export const share = (w) => bound(percent(w));

/** A unit among others, with its count where it comes more than once. */
function called(words, at) {
  const same = words.map((word, i) => (word === words[at] ? i : -1)).filter((i) => i >= 0);
  return same.length > 1 ? `“${words[at]}” (${["first", "second", "third"][same.indexOf(at)] ?? `${same.indexOf(at) + 1}th`})` : `“${words[at]}”`;
}

/** A stretch of frames in seconds. */
export const span = ({ frame }, from, to) => `${fixed(from * frame)} to ${fixed((to + 1) * frame)} s`;

/** What a source unit is called: a word, or when it is heard. */
export const sourceName = (one, j) => (one.frame ? `the frame at ${fixed((j + 0.5) * one.frame)} s` : called(one.source, j));
export const targetName = (one, i) => called(one.target, i);

const largest = (row) => row.map((w, j) => [w, j]).filter(([w]) => w > 0).sort((a, b) => b[0] - a[0] || a[1] - b[1]);

/** One to three sentences on what is shown. */
export const describe = (state, result) => bound(state.side === "target" ? ofTarget(shownOf(state), result) : ofSource(shownOf(state), result));

function ofTarget(one, result) {
  const { at, row } = result, bits = result.entropy[at], name = targetName(one, at);
  const spread = `Entropy ${fixed(bits)} bits, as of ${fixed(2 ** bits, 1)} ${one.frame ? "frames" : "words"} with equal weights.`;
  if (one.frame) return `${name} looks from ${span(one, ...result.stretch[at])} (${percent(add(row, result.stretch[at]))} of its weight), the mean place is ${fixed(result.middle[at])} s. ${spread}${heard(one, result)}`;
  const [[w, j], second] = largest(row);
  return `${name} looks most at ${sourceName(one, j)} with ${percent(w)}${second && second[0] >= 0.05 ? `, then at ${sourceName(one, second[1])} with ${percent(second[0])}` : ""}. ${spread}${dictionary(one, result)}`;
}

const add = (row, [from, to]) => row.slice(from, to + 1).reduce((sum, w) => sum + w, 0);

function heard(one, { at, on_gold }) {
  const frames = one.gold[at] ?? [];
  return frames.length ? ` It was said from ${span(one, frames[0], frames.at(-1))}: ${percent(on_gold[at])} of the weight lies there.` : "";
}

function dictionary(one, { at, on_gold, heaviest }) {
  const right = one.gold[at] ?? [];
  if (!right.length) return "";
  const words = listed(right.map((j) => sourceName(one, j)));
  return right.includes(heaviest[at]) ? ` The dictionary says ${words}, too.` : ` The dictionary says ${words}, which has ${percent(on_gold[at])}.`;
}

function ofSource(one, { at, row, looked }) {
  const found = largest(row).filter(([w]) => w >= 0.05).slice(0, 2).map(([w, i]) => `${targetName(one, i)} with ${percent(w)}`);
  const who = sourceName(one, at), all = `All ${one.target.length} rows together give it ${fixed(looked[at])} of ${one.target.length}.`;
  return `${who[0].toUpperCase()}${who.slice(1)} is looked at ${found.length ? `by ${listed(found)}` : "by nothing with 5 % or more"}. ${all}`;
}

/** The Python call that makes a widget in this state; examples of one's own are called examples. */
export function toPython(state) {
  const named = ["example", "side", "unit", "least"].map((name) => `${name}=${python(state[name])}`);
  return `Alignment(${[...(state.examples.stored ? [] : ["examples"]), ...named].join(", ")})`;
}
