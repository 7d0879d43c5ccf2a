// What the widget says of its state.

import { fixed, plain, python, superscript } from "../kit/words.js";
import { keysOf, ordinaryParts, tileNow } from "./numbers.js";

/** A number between 0 and 1 that may be very small. */
export const small = (x) => (tiny(x) ? "< 0.001" : fixed(x, x === 0 || x === 1 ? 0 : 3));
export const tiny = (x) => x > 0 && x < 0.0005;

/** A number in a narrow place: the more digits before the point, the fewer behind. */
export const short = (x) => (x === -Infinity ? "−∞" : fixed(x, Math.abs(x) < 99.995 ? 2 : Math.abs(x) < 999.95 ? 1 : 0));

/** The keys of a tile, counted from 1. */
export function span(state, tile) {
  const [first, end] = keysOf(state, tile);
  return end - first === 1 ? `${end}` : `${first + 1}–${end}`;
}

/** One sentence on what the last tile did. */
export function describe(state, result) {
  const { n_tiles: tiles, maximum, factor, output } = result, n = state.scores.length, now = tileNow(state, result);
  if (now < 0) return `Nothing is read yet: ${n} scores and ${n} values wait in slow memory, in ${tiles === 1 ? "one tile" : `${tiles} tiles`}.`;
  if (tiles === 1) return `One tile holds the whole row: nothing is ever rescaled, and the output, ${fixed(output[0])}, is softmax’s.`;
  if (now === 0) return `Tile 1 sets the maximum, ${fixed(maximum[0])}, and a first output, ${fixed(output[0])}.`;
  const [last, done] = now === tiles - 1 ? [`Tile ${tiles}, the last,`, ", and the output is softmax’s"] : [`Tile ${now + 1}`, ""];
  if (factor[now] === 1) return `${last} brings no new maximum: what was kept stays as it is${done}.`;
  return `${last} raises the maximum to ${fixed(maximum[now])}: what was kept is multiplied by ${tiny(factor[now]) ? "less than 0.001" : fixed(factor[now], 3)}${done}.`;
}

/** How the end of the tiled way compares with the ordinary softmax, and what it avoids. */
export function comparison({ scores, step }, result) {
  const { n_tiles: tiles, difference, ordinary, output } = result;
  const top = Math.max(...scores);
  const parts = [step < tiles
    ? `Ordinary softmax, all ${scores.length} at once: ${fixed(ordinary, 4)}. So far: ${step === 0 ? "nothing" : fixed(output[step - 1], 4)}.`
    : `Ordinary softmax, all at once: ${fixed(ordinary, 4)}. Tile by tile: ${fixed(output.at(-1), 4)}. Difference: ${difference === 0 ? "0" : scientific(difference)}.`];
  if (Math.exp(top) === Infinity) parts.push(`Without taking the maximum away, e^${plain(Number(top.toFixed(2)))} would overflow.`);
  return parts.join(" ");
}

function scientific(x) {
  const [digits, power] = x.toExponential(0).split("e");
  return `${digits} · 10${superscript(power.replace("+", ""))}`;
}

/** Where the ordinary way stands after as many moves as the tiled one. */
export function elsewhere({ scores }, { read, written }) {
  const n = scores.length, moved = read + written;
  if (moved === 0) return "Nothing has moved.";
  const moves = `${moved} of ${2 * n + 1} moves`;
  if (moved <= n) return `After ${moves}, the ordinary way would still look for the maximum.`;
  if (moved <= 2 * n) return `After ${moves}, the ordinary way would have its maximum and still add up the normaliser.`;
  return `After all ${moved} moves, the ordinary way would have a normaliser and no weight yet: ${total(n) - moved} moves to go.`;
}

const total = (n) => ordinaryParts(n).reduce((sum, { read, written }) => sum + read + written, 0);

/** When the counts hold. */
export function condition({ scores, tile_len: tileLen }) {
  return tileLen === scores.length
    ? "This fast memory holds the whole row, so here the ordinary way could keep the row there too and read it once."
    : "The ordinary way keeps no score in fast memory from one pass to the next: the row is too long for it. "
      + `If its last pass mixed at once, ${4 * scores.length + 1} moves would do.`;
}

/** The Python call that makes a widget in this state. */
export function toPython(state) {
  return `OnlineSoftmax(${["scores", "values", "tile_len", "step"].map((name) => `${name}=${python(state[name])}`).join(", ")})`;
}
