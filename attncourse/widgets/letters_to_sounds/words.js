// What the widget says of its state, and what each sound sounds like.

import { fixed, listed, percent, python } from "../kit/words.js";
import { END } from "./network.js";
import { placeOf } from "./numbers.js";

/** A word for each sound of the dictionary; the letters between the bars make it. */
const EXAMPLES = {
  AA: "f|a|ther", AE: "c|a|t", AH: "s|u|n", AO: "l|aw|", AW: "n|ow|", AY: "|eye|", B: "|b|ee", CH: "|ch|in", D: "|d|ay",
  DH: "|th|en", EH: "b|e|d", ER: "b|ir|d", EY: "d|ay|", F: "|f|ish", G: "|g|old", HH: "|h|at", IH: "s|i|t", IY: "s|ee|",
  JH: "|j|oy", K: "|k|ey", L: "|l|eg", M: "|m|an", N: "|n|et", NG: "si|ng|", OW: "b|oa|t", OY: "b|oy|", P: "|p|en", R: "|r|ed",
  S: "|s|and", SH: "|sh|ell", T: "|t|en", TH: "|th|in", UH: "b|oo|k", UW: "bl|ue|", V: "|v|an", W: "|w|et", Y: "|y|es", Z: "|z|oo", ZH: "vi|s|ion",
};

/** A sound's example in three parts, of which the one in the middle makes it; null for no sound. */
export const example = (name) => EXAMPLES[name]?.split("|") ?? null;

/** The example as a word. */
export const exampleWord = (name) => EXAMPLES[name]?.replaceAll("|", "");

/** The name of a symbol; `names` are those of the sounds, which begin behind the end. */
export const soundName = (names, n) => (n === END ? "end" : names[n - END - 1] ?? "?");

const spoken = (names, sounds) => sounds.filter((n) => n !== END).map((n) => soundName(names, n)).join(" ") || "nothing";
const likeness = (name) => (EXAMPLES[name] ? `, as in ${exampleWord(name)}` : "");

/** Which sounds are others than before, where as many as can be are the same and in the same order. */
export function otherThan(sounds, before) {
  const long = Array.from({ length: sounds.length + 1 }, () => Array(before.length + 1).fill(0));
  for (let i = sounds.length - 1; i >= 0; i -= 1) {
    for (let j = before.length - 1; j >= 0; j -= 1) {
      long[i][j] = sounds[i] === before[j] ? 1 + long[i + 1][j + 1] : Math.max(long[i + 1][j], long[i][j + 1]);
    }
  }
  let j = 0;
  return sounds.map((sound, i) => {
    while (j < before.length && sound !== before[j] && long[i][j] === long[i][j + 1]) j += 1;
    const same = j < before.length && sound === before[j] && long[i][j] === 1 + long[i + 1][j + 1];
    if (same) j += 1;
    return !same;
  });
}

/** The letter with the largest weight. */
export const heaviest = (weights) => weights.indexOf(Math.max(...weights));

/** One sentence: what is said, where the chosen sound looks, and what the hand has changed. */
export function describe({ word, hand, selected }, result, names) {
  if (!result) return `“${word}” is not said yet: it takes the model.`;
  const { sounds, plain, weights } = result, text = spoken(names, sounds), own = spoken(names, plain);
  if (hand.length) {
    return text === own ? `With weights set by hand, ${word} is still said ${text}.`
      : `With weights set by hand, ${word} is said ${text}. The model’s own way: ${own}.`;
  }
  const row = Math.min(selected, sounds.length - 1), name = soundName(names, sounds[row]), at = heaviest(weights[row]);
  const look = `looks most at ${letterName(word, at)} (${fixed(weights[row][at])})`;
  return `${word} is said ${text}. ${name === "end" ? `To end, the model ${look}.` : `${name}${likeness(name)}, ${look}.`}`;
}

/** A letter, with its place where the word has it twice. */
export function letterName(word, at) {
  return word.indexOf(word[at]) === word.lastIndexOf(word[at]) ? word[at] : `${word[at]} (letter ${at + 1})`;
}

/** Where a row looks, for a handle. */
export function lookText(word, weights) {
  const found = [...weights.keys()].filter((j) => weights[j] >= 0.05).sort((a, b) => weights[b] - weights[a]).slice(0, 3);
  return `place ${fixed(placeOf(weights) + 1, 1)}: ${listed(found.map((j) => `${percent(weights[j])} on ${letterName(word, j)}`))}`;
}

/** The Python call that makes a widget in this state. */
export function toPython({ word, hand, selected }) {
  return `LettersToSounds(${python(word)}, hand=${python(hand)}, selected=${selected})`;
}
