// The arithmetic of the plane and its link: no page, no drawing. tests/widgets hold it equal to NumPy.

import { links, maskLink, numberLink, orNull, rowsLink, sparseLink, wholeLink } from "../kit/links.js";

/** Scores, exponentials, weights and outputs of one state, row by row. */
export function compute(state) {
  const { q, k, v, mask, temperature, score_edits: edits, pins } = state;
  const scale = state.scale ?? 1 / Math.sqrt(q[0].length);
  const scores = q.map((qi, i) =>
    k.map((kj, j) => edits[i][j] ?? scale * qi.reduce((sum, x, c) => sum + x * kj[c], 0)));
  const rows = scores.map((row, i) => weighRow(row, mask[i], pins[i], temperature));
  const weights = rows.map((row) => row.weights);
  const output = weights.map((row) =>
    v[0].map((_, c) => row.reduce((sum, w, j) => sum + w * v[j][c], 0)));
  return { scores, exps: rows.map((row) => row.exps), weights, output };
}

/**
 * One row: the pins stay, the free keys share what the pins leave in proportion to their softmax.
 * The exponentials are those of the free keys, the largest of them 1.
 */
export function weighRow(scores, allowed, pins, temperature) {
  const free = scores.map((_, j) => allowed[j] && pins[j] === null);
  const held = scores.map((_, j) => (allowed[j] ? pins[j] ?? 0 : 0));
  const top = Math.max(...scores.filter((_, j) => free[j]));
  const exps = scores.map((s, j) => (free[j] ? Math.exp((s - top) / temperature) : 0));
  const add = (list) => list.reduce((sum, x) => sum + x, 0);
  const pinned = add(held), total = add(exps);
  // With nobody free to take the rest, the pins are rescaled so that the row still sums to 1.
  const weights = free.includes(true)
    ? scores.map((_, j) => held[j] + (Math.max(0, 1 - pinned) * exps[j]) / total)
    : held.map((p) => (pinned > 0 ? p / pinned : 0));
  return { exps, weights };
}

/** What is left for key j of a row once the other pins have taken their share. */
export function roomFor(pins, j) {
  return Math.max(0, 1 - pins.reduce((sum, p, other) => sum + (other === j ? 0 : p ?? 0), 0));
}

const coordinate = [({ limits }) => -limits.coordinate, ({ limits }) => limits.coordinate];
const cells = ({ q, k }) => [q.length, k.length];
const atMostOne = (row) => row.reduce((sum, p) => sum + (p ?? 0), 0) <= 1 + 1e-9;

const link = links({
  q: rowsLink(({ q }) => [q.length, 2], ...coordinate),
  k: rowsLink(({ k }) => [k.length, 2], ...coordinate),
  v: rowsLink(({ k }) => [k.length, 2], ...coordinate),
  temperature: numberLink(({ limits }) => limits.temperature[0], ({ limits }) => limits.temperature[1]),
  scale: orNull(numberLink(({ limits }) => -limits.scale, ({ limits }) => limits.scale)),
  selected: wholeLink(0, ({ q }) => q.length - 1),
  mask: maskLink(cells),
  score_edits: sparseLink(cells, ({ limits }) => -limits.score, ({ limits }) => limits.score),
  pins: sparseLink(cells, 0, 1, atMostOne),
}, { selected: "selected query" });

/** What a link carries of a state: as short as it can be. */
export const toLink = link.toLink;

/** The state a link describes; throws where it does not fit the widget it is meant for. */
export const fromLink = link.fromLink;
