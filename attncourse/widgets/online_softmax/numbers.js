// The arithmetic of online softmax and its link. tests/widgets hold it equal to NumPy.

import { links, rowsLink, wholeLink } from "../kit/links.js";
import { add, softmax } from "../kit/sums.js";

/** What is kept after each tile, each key's share of the output so far, and what memory moves. */
export function compute({ scores, values, tile_len: tileLen, step }) {
  const n = scores.length, tiles = Math.ceil(n / tileLen), taken = Math.min(step * tileLen, n);
  const kept = { maximum: [], factor: [], normaliser: [], mixed: [] };
  let m = -Infinity, d = 0, o = 0;
  for (let start = 0; start < n; start += tileLen) {
    const tile = scores.slice(start, start + tileLen);
    const larger = Math.max(m, ...tile), factor = Math.exp(m - larger);
    const exps = tile.map((s) => Math.exp(s - larger));
    d = d * factor + add(exps);
    o = o * factor + add(exps.map((e, j) => e * values[start + j]));
    m = larger;
    Object.entries({ maximum: m, factor, normaliser: d, mixed: o }).forEach(([name, x]) => kept[name].push(x));
  }
  const output = kept.mixed.map((x, t) => x / kept.normaliser[t]);
  const weights = softmax(scores), ordinary = add(weights.map((w, j) => w * values[j]));
  return {
    ...kept, output, weights, ordinary,
    shares: [...softmax(scores.slice(0, taken)), ...Array(n - taken).fill(0)],
    difference: Math.abs(output.at(-1) - ordinary),
    n_tiles: tiles, taken, held: 2 * tileLen + 3,
    read: 2 * taken, written: Number(taken === n), ordinary_read: 5 * n, ordinary_written: n + 1,
  };
}

/** The tile that was taken in last, from 0; −1 before the first. More steps than tiles is all tiles. */
export const tileNow = ({ step }, { n_tiles: tiles }) => Math.min(step, tiles) - 1;

/** The first key of a tile, and the key behind its last. */
export const keysOf = ({ scores, tile_len: tileLen }, tile) => [tile * tileLen, Math.min((tile + 1) * tileLen, scores.length)];

/**
 * The ordinary way in parts: softmax in three passes, which leaves its weights in slow memory, and
 * the mixing, which reads them. Each says how many numbers it reads and writes.
 */
export const ordinaryParts = (n) => [
  { name: "max", read: n, written: 0 }, { name: "sum", read: n, written: 0 },
  { name: "weights", read: n, written: n }, { name: "mix", read: 2 * n, written: 1 },
];

/** An axis of whole steps that has the numbers and room to drag them, at least `least` long, inside ±bound. */
export function axisFor(list, least, bound) {
  const low = Math.min(...list), high = Math.max(...list);
  const room = Math.max(least, 1.4 * (high - low)), spare = (room - (high - low)) / 2;
  // Zero belongs to it unless it is far away.
  const from = low >= 0 && low <= room / 2 ? Math.min(0, low - spare / 2) : low - spare;
  const to = high <= 0 && -high <= room / 2 ? Math.max(0, high + spare / 2) : high + spare;
  const unit = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((u) => (to - from) / u <= 5) ?? 2000;
  return { low: Math.max(Math.floor(from / unit) * unit, -bound), high: Math.min(Math.ceil(to / unit) * unit, bound), unit };
}

const rowLink = (name) => {
  const limit = (sign) => ({ limits }) => sign * limits[name];
  const rows = rowsLink(({ scores }) => [1, scores.length], limit(-1), limit(1));
  return { pack: (list) => [list], unpack: (packed, state) => rows.unpack(packed, state)[0] };
};
const count = ({ scores }) => scores.length;

const link = links({
  scores: rowLink("score"), values: rowLink("value"), tile_len: wholeLink(1, count), step: wholeLink(0, count),
}, { tile_len: "tile size" });
export const toLink = link.toLink;
export const fromLink = link.fromLink;
