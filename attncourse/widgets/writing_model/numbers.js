// What the model makes of a state, and the state's link. tests/widgets hold the numbers equal to NumPy.

import { links, numberLink, wholeLink } from "../kit/links.js";
import { softmax } from "../kit/sums.js";
import { cut, makeRun, N_HEADS, N_LAYERS, numbersOf, readNetwork, step } from "./network.js";

export const MOST_TEXT = 400;
export const N_QUERIES = 16;
export const N_KEYS = 32;
export const MOST_SEED = 9999;
const AHEAD = 8; // characters that are part of a state's numbers; a page writes further

/** The network out of the bytes that were loaded, with what it has read: untouched, and changed by hand. */
export const read = (bytes) => ({ network: readNetwork(bytes), untouched: makeRun(), changed: makeRun() });

/** Whether a state takes more than the model as it is. */
export const isChanged = ({ off, hand }) => off.length + hand.length > 0;

/** The logits that are drawn from: first tempered, then cut off to the likeliest that reach `top_p`. */
function shaped(logits, { temperature, top_p }) {
  const tempered = [...logits].map((z) => z / temperature);
  if (top_p === 1) return tempered;
  const shares = softmax(tempered), order = [...shares.keys()].sort((a, b) => shares[b] - shares[a] || a - b);
  const stay = new Set();
  for (let n = 0, sum = 0; n < order.length && sum < top_p; n += 1) {
    sum += shares[order[n]];
    stay.add(order[n]);
  }
  return tempered.map((z, n) => (stay.has(n) ? z : -Infinity));
}

/** The probabilities that are drawn from. */
const chancesOf = (logits, state) => softmax(shaped(logits, state));

/** The number from 0 to 1 that decides what is drawn at a place of the text; the mixing is MurmurHash3's. */
function dice(seed, place) {
  let x = (Math.imul(seed, 0x9e3779b1) + Math.imul(place, 0x85ebca77) + 1) >>> 0;
  for (const [shift, factor] of [[16, 0x85ebca6b], [13, 0xc2b2ae35], [16, 1]]) x = Math.imul(x ^ (x >>> shift), factor) >>> 0;
  return x / 2 ** 32;
}

/** Draws a character: laid end to end, the probabilities fill the way that the dice points into. */
function draw(chances, u) {
  let reached = 0;
  const ends = chances.map((p) => (reached += p));
  return ends.filter((end) => end <= u * reached).length;
}

/**
 * Reads a state's text and writes on, `most` characters, as far as it comes until `isLate()`. What was
 * read before is read again only from where it differs. Gives how many places it came to.
 */
export function work({ network, untouched, changed }, state, most, isLate = () => false) {
  const tokens = numbersOf(network, state.text), last = tokens.length - 1, off = new Set(state.off.map(([l, h]) => N_HEADS * l + h));
  const runs = [{ run: untouched, change: () => ({}) }];
  if (isChanged(state)) {
    // A character is read again where it differs, or what a hand sets for it.
    const [mark, markOfLast] = [[], state.hand].map((pins) => JSON.stringify([state.off, pins]));
    const before = { off, mark, base: untouched }, ofLast = { ...before, pins: state.hand, mark: markOfLast }, behind = { off, mark };
    runs.push({ run: changed, change: (place) => (place < last ? before : place === last ? ofLast : behind) });
  }
  const places = tokens.length + most - 1;
  for (let place = 0; place < places; place += 1) {
    for (const { run, change } of runs) {
      const own = change(place), { mark = "" } = own;
      const token = tokens[place] ?? draw(chancesOf(run.kept[place - 1].logits, state), dice(state.seed, place));
      if (run.tokens[place] === token && run.marks[place] === mark) continue;
      cut(run, place);
      if (isLate()) return place;
      step(network, run, token, own);
    }
  }
  return places;
}

/** How a state's text goes on, changed and untouched, as far as `work` has come. */
export function ahead({ untouched, changed }, state, most) {
  const { text: { length } } = state;
  const [written, plain] = [isChanged(state) ? changed : untouched, untouched].map(({ tokens, kept }) =>
    Array.from({ length: Math.min(most, kept.length - length + 1) }, (_, n) =>
      tokens[length + n] ?? draw(chancesOf(kept[length + n - 1].logits, state), dice(state.seed, length + n))));
  return { written, plain };
}

/**
 * What a state's last character may be followed by, and how heads look, once its text is read. Rows of
 * weights are counted backwards: from the last character, and from its own place.
 */
export function looked({ network, untouched, changed }, state) {
  const last = state.text.length - 1, { kept } = isChanged(state) ? changed : untouched;
  const rowOf = (layer, head, query) => {
    const place = last - query, weights = kept[place]?.looks[layer][head], first = weights && place + 1 - weights.length;
    return Array.from({ length: N_KEYS }, (_, back) => weights?.[last - back - first] ?? 0);
  };
  const mapOf = (layer, head) => Array.from({ length: N_QUERIES }, (_, query) => rowOf(layer, head, query));
  return {
    chances: chancesOf(kept[last].logits, state),
    untouched: [...softmax(untouched.kept[last].logits)],
    weights: Array.from({ length: N_LAYERS * N_HEADS }, (_, n) => rowOf(Math.floor(n / N_HEADS), n % N_HEADS, 0)),
    map: mapOf(state.layer, state.head), mapOf, alphabet: network.record.alphabet,
  };
}

/** The numbers of a state, all at once. */
export function compute(state, data) {
  work(data, state, AHEAD);
  return { ...looked(data, state), ...ahead(data, state, AHEAD) };
}

/** The weights set by hand with one head's replaced. */
export const withHead = (hand, layer, head, pins) => inOrder([
  ...hand.filter(([l, h]) => l !== layer || h !== head), ...pins.map(([back, weight]) => [layer, head, back, weight])]);

/** The weights set by hand of one head, as pairs of the way back and the weight. */
export const pinsOf = (hand, layer, head) => hand.filter(([l, h]) => l === layer && h === head).map(([,, back, weight]) => [back, weight]);

const demand = (value, fits) => { if (!fits) throw new Error("does not fit"); return value; };
const isCount = (n, most) => Number.isInteger(n) && n >= 0 && n < most;

/** Whether a text is one that the model can read: its characters, and not too many. */
export const isText = (text, alphabet) => typeof text === "string" && [...text].every((letter) => alphabet.includes(letter))
  && text.length > 0 && text.length <= MOST_TEXT;

/** Entries in the order in which they are kept. */
export const inOrder = (entries) => [...entries].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);

const isOff = (off) => Array.isArray(off) && off.every((each) => Array.isArray(each) && each.length === 2
  && isCount(each[0], N_LAYERS) && isCount(each[1], N_HEADS)) && new Set(off.map(String)).size === off.length;

function isHand(hand) {
  const sums = {}, seen = new Set();
  return Array.isArray(hand) && hand.every((pin) => {
    if (!Array.isArray(pin) || pin.length !== 4) return false;
    const [layer, head, back, weight] = pin, name = `${layer} ${head}`;
    if (!isCount(layer, N_LAYERS) || !isCount(head, N_HEADS) || !isCount(back, N_KEYS) || seen.has(`${name} ${back}`)) return false;
    if (typeof weight !== "number" || !(weight >= 0 && weight <= 1)) return false;
    seen.add(`${name} ${back}`);
    sums[name] = (sums[name] ?? 0) + weight;
    return true;
  }) && Object.values(sums).every((sum) => sum <= 1 + 1e-9);
}

const entries = (fits) => ({
  pack: (list) => (list.length ? list : undefined),
  unpack: (list = []) => inOrder(demand(list, fits(list))),
});
const link = links({
  text: { pack: (text) => text, unpack: (text, { sample }) => demand(text, isText(text, sample.alphabet)) },
  temperature: numberLink(0.1, 2), top_p: numberLink(0.05, 1), seed: wholeLink(0, MOST_SEED),
  off: entries(isOff), hand: entries(isHand),
  layer: wholeLink(0, N_LAYERS - 1), head: wholeLink(0, N_HEADS - 1), key: wholeLink(0, N_KEYS - 1),
}, { hand: "weights", off: "heads" });

/** What a link carries of a state. */
export const toLink = link.toLink;

/** The state a link describes; throws where it does not fit the widget it is meant for. */
export const fromLink = link.fromLink;
