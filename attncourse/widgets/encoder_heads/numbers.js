// What is read out of the kept runs: maps, measures, rollout, ablations; and the link.
// tests/widgets hold the numbers equal to NumPy.

import { choiceLink, links, numberLink, wholeLink } from "../kit/links.js";

const LARGEST = { weights: 1, moved: 1, word_turns: 180, masked: 180 };
const LETTERS = Array.from({ length: 94 }, (_, n) => String.fromCharCode(33 + n)).filter((c) => !"\"\\<".includes(c)).join("");
const opened = new WeakMap();

/** The arrays of a sentence, unpacked once; its measures are kept beside them. */
function arraysOf(runs, sentence) {
  if (!opened.has(runs)) opened.set(runs, new Map());
  const known = opened.get(runs);
  if (!known.has(sentence)) known.set(sentence, open(runs, runs.sentences[sentence]));
  return known.get(sentence);
}

function open({ n_layers: layers, n_heads: heads, moved }, one) {
  const n = one.words.length, total = layers * heads;
  const flat = unpack(one.weights, LARGEST.weights);
  const maps = Array.from({ length: total }, (_, h) => rows(flat.subarray(h * n * n, (h + 1) * n * n), n));
  return {
    n, maps, total, words: one.words, turns: one.turns,
    word_turns: rows(unpack(one.word_turns, LARGEST.word_turns), n),
    masked: rows(unpack(one.masked, LARGEST.masked), n),
    moved: rows(unpack(moved, LARGEST.moved), total),
    measures: measures(maps, one.words),
  };
}

/** Bytes that are written as text, in 255ths of the largest: runs.py says how. */
function unpack(text, largest) {
  const parts = [];
  for (let n = 0; n < text.length; n += 1) {
    const at = LETTERS.indexOf(text[n]);
    parts.push(at < 80 ? at : 16 * (at - 75) + LETTERS.indexOf(text[n += 1]));
  }
  return Float64Array.from(parts, (x) => (x * largest) / 255);
}

const rows = (flat, wide) => Array.from({ length: flat.length / wide }, (_, i) => [...flat.subarray(i * wide, (i + 1) * wide)]);
const mean = (list) => (list.length ? list.reduce((a, b) => a + b, 0) / list.length : 0);

/** A number for each head: means over the queries that are words, not the two ends. */
function measures(maps, words) {
  const n = words.length, inner = words.map((_, i) => i).slice(1, -1);
  const copies = words.map((word, i) => inner.filter((j) => i !== j && words[j] === word && inner.includes(i)));
  const over = (queries, value) => maps.map((map) => mean(queries.map((i) => value(map[i], i))));
  return {
    entropy: over(inner, (row) => -row.reduce((sum, w) => sum + (w > 0 ? w * Math.log2(w) : 0), 0)),
    distance: over(inner, (row, i) => row.reduce((sum, w, j) => sum + w * Math.abs(i - j), 0)),
    first: over(inner, (row) => row[0]),
    last: over(inner, (row) => row[n - 1]),
    before: over(inner.slice(1), (row, i) => row[i - 1]),
    after: over(inner.slice(0, -1), (row, i) => row[i + 1]),
    same: over(inner.filter((i) => copies[i].length), (row, i) => copies[i].reduce((sum, j) => sum + row[j], 0)),
  };
}

/** How much of each input position is in each position of the last layer, if maps were all. */
function rolledOut({ maps, n }, layers, heads, residual) {
  let so = null;
  for (let layer = 0; layer < layers; layer += 1) {
    const own = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (__, j) => {
      let sum = 0;
      for (let h = layer * heads; h < (layer + 1) * heads; h += 1) sum += maps[h][i][j];
      return ((1 - residual) * sum) / heads + (i === j ? residual : 0);
    }));
    const before = so;
    so = before ? own.map((row) => row.map((_, j) => row.reduce((sum, x, k) => sum + x * before[k][j], 0))) : own;
  }
  return so;
}

export const headAt = ({ runs }, layer, head) => layer * runs.n_heads + head;
export const wordOf = ({ runs, sentence, word }) => Math.min(word, runs.sentences[sentence].words.length - 1);

/** The maps of all heads of the sentence shown. */
export const mapsOf = (state) => arraysOf(state.runs, state.sentence).maps;

/** Maps, rollout, a number of every head, and what the ablation of one did. */
export function compute(state) {
  const { runs, layer, head, other_layer: otherLayer, other_head: otherHead, beside, residual, order, sentence } = state;
  const found = arraysOf(runs, sentence), word = wordOf(state), at = headAt(state, layer, head);
  const weights = found.maps[at], other = found.maps[headAt(state, otherLayer, otherHead)];
  const rollout = rolledOut(found, runs.n_layers, runs.n_heads, residual);
  const numbers = { ...found.measures, turns: found.turns, moved: found.moved[at] };
  const below = { nothing: () => found.words.map(() => 0), head: () => other[word], off: () => found.word_turns[at], rollout: () => rollout[word] };
  const by = order === "place" ? null : numbers[order].map((x) => Math.round(x * 1e9));
  const ranked = Array.from({ length: found.total }, (_, h) => h);
  if (by) ranked.sort((a, b) => by[b] - by[a]);
  return {
    weights, other, rollout, above: weights[word], below: below[beside](), masked: found.masked[word], ranked,
    whole: similarities(runs, 0, sentence), without: similarities(runs, 1 + at, sentence), ...numbers,
  };
}

/** The cosines of a sentence's vector with those of all; pairs are kept above the diagonal. */
function similarities({ sentences, similarity }, which, one) {
  const n = sentences.length, start = (i) => (i * (2 * n - i - 1)) / 2 - i - 1;
  return sentences.map((_, other) => (other === one ? 1
    : similarity[which][start(Math.min(one, other)) + Math.max(one, other)]));
}

const known = (name) => choiceLink(({ limits }) => limits[name]);
const layerLink = wholeLink(0, ({ runs }) => runs.n_layers - 1), headLink = wholeLink(0, ({ runs }) => runs.n_heads - 1);
const link = links({
  sentence: wholeLink(0, ({ runs }) => runs.sentences.length - 1),
  layer: layerLink,
  head: headLink,
  other_layer: layerLink,
  other_head: headLink,
  beside: known("beside"),
  residual: numberLink(0, 1),
  order: known("orders"),
  word: wholeLink(0, ({ runs }) => Math.max(...runs.sentences.map(({ words }) => words.length)) - 1),
});

/** What a link carries of a state. */
export const toLink = link.toLink;

/** The state a link describes; throws where it does not fit the widget it is meant for. */
export const fromLink = link.fromLink;
