// What the network says of a state, and the state's link. tests/widgets hold the numbers equal to NumPy.

import { links, wholeLink } from "../kit/links.js";
import { MOST_LETTERS, MOST_ROWS, readNetwork, say } from "./network.js";

/** The network out of the bytes that were loaded. */
export const read = readNetwork;

/** Sounds, weights and probabilities, a row a sound; and the sounds without a hand. */
export function compute({ word, hand }, network) {
  const said = say(network, word, hand);
  return { ...said, plain: hand.length ? say(network, word, []).sounds : said.sounds };
}

/** Weights in the order in which they are kept. */
const inOrder = (hand) => [...hand].sort((a, b) => a[0] - b[0] || a[1] - b[1]);

/** The weights with one row's replaced. */
export const withRow = (hand, row, pins) => inOrder([
  ...hand.filter(([sound]) => sound !== row), ...pins.map(([letter, weight]) => [row, letter, weight])]);

/** The place of a row: the average letter, by the weights. */
export const placeOf = (weights) => weights.reduce((sum, w, j) => sum + w * j, 0);

/** A row pulled to a place: all of it on a letter, or on the two letters at its sides. */
export function pulledTo(place) {
  const left = Math.floor(place), share = Math.round(1000 * (place - left)) / 1000;
  return share ? [[left, Math.round(1000 * (1 - share)) / 1000], [left + 1, share]] : [[left, 1]];
}

const isCount = (n, most) => Number.isInteger(n) && n >= 0 && n < most;

function isHand(hand) {
  const sums = Array(MOST_ROWS).fill(0), seen = new Set();
  return Array.isArray(hand) && hand.every((pin) => {
    if (!Array.isArray(pin) || pin.length !== 3) return false;
    const [sound, letter, weight] = pin, cell = `${sound} ${letter}`;
    if (!isCount(sound, MOST_ROWS) || !isCount(letter, MOST_LETTERS) || seen.has(cell)) return false;
    if (typeof weight !== "number" || !(weight >= 0 && weight <= 1)) return false;
    seen.add(cell);
    sums[sound] += weight;
    return true;
  }) && sums.every((sum) => sum <= 1 + 1e-9);
}

const demand = (value, fits) => { if (!fits) throw new Error("does not fit"); return value; };
const link = links({
  word: { pack: (word) => word, unpack: (word) => demand(word, isWord(word)) },
  hand: { pack: (hand) => (hand.length ? hand : undefined), unpack: (hand = []) => inOrder(demand(hand, isHand(hand))) },
  selected: wholeLink(0, MOST_ROWS - 1),
}, { hand: "weights" });

/** Whether the network can read a word: its letters, and not too many. */
export const isWord = (word) => typeof word === "string" && new RegExp(`^[a-z]{1,${MOST_LETTERS}}$`).test(word);

/** What a link carries of a state. */
export const toLink = link.toLink;

/** The state a link describes; throws where it does not fit the widget it is meant for. */
export const fromLink = link.fromLink;
