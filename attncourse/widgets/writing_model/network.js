// The model that writes: a decoder with rotary positions. In float64, as in network.py beside this file, but
// character by character: what was computed for a character is kept, and serves those behind it.

import { affine } from "../kit/affine.js";
import { readArrays } from "../kit/arrays.js";
import { pinned, softmax } from "../kit/sums.js";

export const N_LAYERS = 4;
export const N_HEADS = 4;
const EPS = 1e-5, BASE = 10000;

/** The network out of its file. */
export function readNetwork(bytes) {
  const { arrays, record } = readArrays(bytes), values = (name) => arrays[name].values;
  const norm = (name) => ({ weight: values(`${name}.weight`), bias: values(`${name}.bias`) });
  const blocks = Array.from({ length: N_LAYERS }, (_, n) => {
    const name = `decoder.blocks.${n}`, of = (part) => arrays[`${name}.attention.${part}.weight`];
    return {
      before: norm(`${name}.attention_norms.0`), query: of("query"), key: of("key"), value: of("value"), out: of("out"),
      between: norm(`${name}.mlp_norms.0`), wide: arrays[`${name}.mlp.input.weight`], wideBias: values(`${name}.mlp.input.bias`),
      back: arrays[`${name}.mlp.out.weight`], backBias: values(`${name}.mlp.out.bias`),
    };
  });
  const table = arrays["embedding.tokens"], dModel = table.shape[1], dHead = dModel / N_HEADS;
  return { record, blocks, table, dModel, dHead, end: norm("decoder.norm"), window: record.window };
}

/** The text as numbers, and back. */
export const numbersOf = ({ record }, text) => [...text].map((letter) => record.alphabet.indexOf(letter));
export const textOf = ({ alphabet }, numbers) => numbers.map((n) => alphabet[n]).join("");

/** What is kept of a text: for each character what went into each layer, keys, values, looks and logits. */
export const makeRun = () => ({ tokens: [], marks: [], kept: [] });

/** Forgets all behind a place. */
export function cut(run, length) {
  for (const list of [run.tokens, run.marks, run.kept]) list.length = Math.min(list.length, length);
}

/**
 * Reads one character more. `off` holds heads (4 · layer + head) that bring nothing; `pins` are weights of
 * this character's row: layer, head, how far back, weight. Up to the first layer that one of them touches, all
 * is as in `base`, the run that nothing touches, if it holds the same text.
 */
export function step(network, run, token, { mark = "", off = new Set(), pins = [], base = null } = {}) {
  const { blocks, table, dModel, end } = network, place = run.kept.length, same = base?.kept[place];
  const first = same ? Math.min(N_LAYERS, ...[...off].map((n) => Math.floor(n / N_HEADS)), ...pins.map(([layer]) => layer)) : 0;
  const now = { inputs: [], keys: [], values: [], looks: [], logits: null };
  run.tokens.push(token);
  run.marks.push(mark);
  run.kept.push(now);
  for (let n = 0; n < first; n += 1) for (const part of ["inputs", "keys", "values", "looks"]) now[part][n] = same[part][n];
  if (first === N_LAYERS) {
    now.logits = same.logits;
    return;
  }
  let x = first ? same.inputs[first] : table.values.subarray(token * dModel, (token + 1) * dModel);
  for (let n = first; n < N_LAYERS; n += 1) {
    const block = blocks[n], h = normed(x, block.before), fresh = () => new Float64Array(dModel);
    now.inputs[n] = x;
    now.keys[n] = turned(network, affine(block.key, h, null, fresh()), place);
    now.values[n] = affine(block.value, h, null, fresh());
    const query = turned(network, affine(block.query, h, null, fresh()), place);
    const seen = look(network, run, n, query, { off, pins: pins.filter(([layer]) => layer === n) });
    x = plus(x, affine(block.out, seen, null, fresh()));
    const inner = affine(block.wide, normed(x, block.between), block.wideBias, new Float64Array(block.wideBias.length));
    x = plus(x, affine(block.back, inner.map(gelu), block.backBias, fresh()));
  }
  now.logits = affine(table, normed(x, end), null, new Float64Array(table.shape[0]));
}

/** What the heads of a layer bring the last character; how they look is kept. */
function look({ dHead, dModel, window }, { kept }, layer, query, { off, pins }) {
  const seen = new Float64Array(dModel), first = Math.max(0, kept.length - window), count = kept.length - first;
  const now = kept.at(-1), scale = Math.sqrt(dHead);
  now.looks[layer] = Array.from({ length: N_HEADS }, (_, head) => {
    const from = head * dHead, scores = new Float64Array(count);
    for (let j = 0; j < count; j += 1) {
      const key = kept[first + j].keys[layer];
      let sum = 0;
      for (let i = from; i < from + dHead; i += 1) sum += query[i] * key[i];
      scores[j] = sum / scale;
    }
    const held = new Map(pins.filter(([, at]) => at === head).map(([,, back, weight]) => [count - 1 - back, weight]));
    const weights = held.size ? pinned(softmax(scores), held) : softmax(scores);
    if (off.has(N_HEADS * layer + head)) return weights;
    for (let j = 0; j < count; j += 1) {
      const value = kept[first + j].values[layer], w = weights[j];
      for (let i = from; i < from + dHead; i += 1) seen[i] += w * value[i];
    }
    return weights;
  });
  return seen;
}

const plus = (a, b) => { for (let i = 0; i < b.length; i += 1) b[i] += a[i]; return b; };

function normed(x, { weight, bias }) {
  const n = x.length, y = new Float64Array(n);
  let mean = 0, square = 0;
  for (let i = 0; i < n; i += 1) mean += x[i] / n;
  for (let i = 0; i < n; i += 1) square += (x[i] - mean) ** 2 / n;
  const by = Math.sqrt(square + EPS);
  for (let i = 0; i < n; i += 1) y[i] = ((x[i] - mean) / by) * weight[i] + bias[i];
  return y;
}

/** Turns pairs of features, those of a head's first half with those of its second. */
function turned({ dHead, dModel }, x, place) {
  const half = dHead / 2;
  for (let pair = 0; pair < half; pair += 1) {
    const angle = place * BASE ** (-pair / half), cos = Math.cos(angle), sin = Math.sin(angle);
    for (let i = pair; i < dModel; i += dHead) {
      const a = x[i], b = x[i + half];
      x[i] = a * cos - b * sin;
      x[i + half] = a * sin + b * cos;
    }
  }
  return x;
}

const gelu = (x) => (x / 2) * (1 + erf(x / Math.SQRT2));

/** The error function, by a series whose terms are all of one sign: nothing is lost between them. */
function erf(x) {
  if (Math.abs(x) > 6) return Math.sign(x);
  const square = 2 * x * x;
  let term = x, sum = x;
  for (let n = 3; Math.abs(term) > 1e-17 * Math.abs(sum); n += 2) {
    term *= square / n;
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
