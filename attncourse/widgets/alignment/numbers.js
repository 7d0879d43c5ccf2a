// What is read out of the kept examples, and the link. tests/widgets hold the numbers equal to NumPy.

import { choiceLink, links, numberLink, wholeLink } from "../kit/links.js";
import { add } from "../kit/sums.js";

const STRETCH = 204; // four fifths of 255
/** Samples of a second. */
export const RATE = 8000;
const opened = new WeakMap();

const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** The samples of a sound, from -1 to 1; runs.py says how they are kept. */
export function waveOf(sound) {
  return Float64Array.from(bytes(sound), (byte) => {
    const bent = byte / 127.5 - 1;
    return (Math.sign(bent) * (256 ** Math.abs(bent) - 1)) / 255;
  });
}

/** The shortest stretch that holds four fifths of a row; of several as short, the first. */
function stretchOf(row) {
  const sums = [0];
  row.forEach((w, j) => sums.push(sums[j] + w));
  for (let width = 1; width < row.length; width += 1) {
    for (let i = 0; i + width <= row.length; i += 1) if (sums[i + width] - sums[i] >= STRETCH) return [i, i + width - 1];
  }
  return [0, row.length - 1];
}

/** How loud each frame is: the root mean square of its samples; 0 behind the end. */
function loudness(wave, frame, n) {
  const edges = Array.from({ length: n + 1 }, (_, j) => Math.floor(j * frame * RATE + 0.5));
  return edges.slice(1).map((to, j) => {
    const part = wave.subarray(edges[j], to);
    return part.length ? Math.sqrt(part.reduce((sum, x) => sum + x * x, 0) / part.length) : 0;
  });
}

function open(one) {
  const { n, frame } = one, flat = bytes(one.weights);
  const whole = one.target.map((_, i) => [...flat.subarray(i * n, (i + 1) * n)]), weights = whole.map((row) => row.map((w) => w / 255));
  const place = (j) => (frame ? (j + 0.5) * frame : j + 1);
  return {
    weights,
    columns: Array.from({ length: n }, (_, j) => weights.map((row) => row[j])),
    entropy: weights.map((row) => -add(row.map((w) => (w > 0 ? w * Math.log2(w) : 0)))),
    middle: weights.map((row) => add(row.map((w, j) => w * place(j)))),
    stretch: whole.map(stretchOf),
    heaviest: whole.map((row) => row.indexOf(Math.max(...row))),
    on_gold: weights.map((row, i) => add((one.gold[i] ?? []).map((j) => row[j]))),
    looked: Array.from({ length: n }, (_, j) => add(weights.map((row) => row[j]))),
    loud: frame ? loudness(waveOf(one.sound), frame, n) : [],
  };
}

export const shownOf = ({ examples, example }) => examples.each[example];

/** The weights and what is read out of them; `row` are those of what is chosen. */
export function compute(state) {
  const one = shownOf(state);
  if (!opened.has(one)) opened.set(one, open(one));
  const found = opened.get(one), ways = state.side === "target" ? found.weights : found.columns;
  const at = Math.min(state.unit, ways.length - 1);
  return { ...found, at, row: ways[at] };
}

const longest = ({ examples }) => Math.max(...examples.each.map(({ n, target }) => Math.max(n, target.length))) - 1;

const link = links({
  example: wholeLink(0, ({ examples }) => examples.each.length - 1),
  least: numberLink(0, ({ limits }) => limits.least),
  side: choiceLink(({ limits }) => limits.sides),
  unit: wholeLink(0, longest),
});

/** What a link carries of a state. */
export const toLink = link.toLink;

/** The state a link describes; throws where it does not fit the widget it is meant for. */
export const fromLink = link.fromLink;
