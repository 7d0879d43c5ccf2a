// The network that says words: a GRU in both directions, attention, a GRU that speaks. In float64, as in
// network.py beside this file.

import { readArrays } from "../kit/arrays.js";
import { affine } from "../kit/affine.js";
import { pinned, softmax } from "../kit/sums.js";

const START = 1;
export const END = 2;
export const MOST_LETTERS = 16;
export const MOST_ROWS = 24;

/** The vector times the matrix: for the two of attention, which stand the other way round. */
function into({ shape: [rows, wide], values }, vector) {
  const out = new Float64Array(wide);
  for (let i = 0; i < rows; i += 1) {
    const x = vector[i];
    for (let j = 0, at = i * wide; j < wide; j += 1, at += 1) out[j] += x * values[at];
  }
  return out;
}

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** One step of a gated recurrent unit; `given` is what the input brings to its three gates. */
function gru(weights, bias, given, h) {
  const n = h.length, kept = affine(weights, h, bias, new Float64Array(3 * n)), next = new Float64Array(n);
  for (let i = 0; i < n; i += 1) {
    const reset = sigmoid(given[i] + kept[i]), update = sigmoid(given[n + i] + kept[n + i]);
    next[i] = (1 - update) * Math.tanh(given[2 * n + i] + reset * kept[2 * n + i]) + update * h[i];
  }
  return next;
}

/** The network out of its file. What a symbol brings to the gates is the same each time, so it is made once. */
export function readNetwork(bytes) {
  const { arrays, record } = readArrays(bytes), values = (name) => arrays[name].values;
  const row = (name, i) => { const { shape: [, wide], values: all } = arrays[name]; return all.subarray(i * wide, (i + 1) * wide); };
  const gates = (embedding, weights, bias) => Array.from({ length: arrays[embedding].shape[0] }, (_, i) => {
    const matrix = arrays[weights];
    return affine(matrix, row(embedding, i), values(bias), new Float64Array(matrix.shape[0]));
  });
  const ways = ["_l0", "_l0_reverse"].map((end) => ({
    given: gates("embed_in.weight", `encoder.weight_ih${end}`, `encoder.bias_ih${end}`),
    weights: arrays[`encoder.weight_hh${end}`], bias: values(`encoder.bias_hh${end}`),
  }));
  return { arrays, values, record, ways, said: gates("embed_out.weight", "decoder.weight_ih", "decoder.bias_ih"), words: new Map() };
}

/** The decoder's first state, and for each letter a state and a key. */
function encode({ arrays, values, ways }, symbols) {
  const n = arrays["encoder.weight_hh_l0"].shape[1];
  const [there, back] = ways.map(({ given, weights, bias }, way) => {
    const states = [], order = way ? [...symbols.keys()].reverse() : [...symbols.keys()];
    let h = new Float64Array(n);
    for (const at of order) {
      h = gru(weights, bias, given[symbols[at]], h);
      states[at] = h;
    }
    return states;
  });
  const both = (a, b) => Float64Array.of(...a, ...b);
  const states = there.map((state, at) => both(state, back[at]));
  const start = arrays["start.weight"];
  const first = affine(start, both(there.at(-1), back[0]), values("start.bias"), new Float64Array(start.shape[0])).map(Math.tanh);
  return { first, states, keys: states.map((state) => into(arrays["memory.w_key"], state)) };
}

/** What the network says of a word, a row a sound, with some weights set by hand. */
export function say(network, word, hand) {
  const { arrays, values, record, said, words } = network;
  const symbols = [...word].map((letter) => record.letters.indexOf(letter) + END + 1);
  if (!words.has(word)) {
    words.clear(); // The word that is said now is the one that is changed by hand.
    words.set(word, encode(network, symbols));
  }
  const { first, states, keys } = words.get(word), v = values("memory.v"), out = arrays["out.weight"];
  const found = { sounds: [], own: [], weights: [], probabilities: [] }, gates = arrays["decoder.weight_ih"];
  const embedded = gates.shape[1] - states[0].length;
  for (let state = first, previous = START; found.sounds.length < MOST_ROWS && previous !== END;) {
    const query = into(arrays["memory.w_query"], state);
    const own = softmax(keys.map((key) => key.reduce((sum, k, i) => sum + Math.tanh(query[i] + k) * v[i], 0)));
    const row = found.sounds.length, weights = pinned(own, new Map(hand.filter(([sound]) => sound === row).map(([, letter, weight]) => [letter, weight])));
    const context = new Float64Array(states[0].length);
    states.forEach((h, j) => { for (let i = 0; i < h.length; i += 1) context[i] += weights[j] * h[i]; });
    state = gru(arrays["decoder.weight_hh"], values("decoder.bias_hh"), affine(gates, context, said[previous], new Float64Array(gates.shape[0]), embedded), state);
    const logits = affine(out, Float64Array.of(...state, ...context), values("out.bias"), new Float64Array(out.shape[0]));
    previous = logits.indexOf(logits.reduce((a, b) => Math.max(a, b)));
    found.sounds.push(previous);
    found.own.push(own);
    found.weights.push(weights);
    found.probabilities.push([...softmax(logits)]);
  }
  return found;
}
