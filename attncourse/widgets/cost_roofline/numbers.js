// The counts of operations and bytes, and their link. tests/widgets hold them equal to the library's.

import { choiceLink, links, numberLink, wholeLink } from "../kit/links.js";
import { add } from "../kit/sums.js";

export const PARTS = ["projections", "scores and values", "feed-forward", "last layer"];
export const QUANTITIES = ["operations", "bytes", "seconds"];

/** A product of rows with weights: operations, and bytes if each number moves once. */
const product = (s, rows, from, to) => [2 * rows * from * to, s.itemsize * (rows * from + from * to + rows * to)];
const together = (...parts) => [add(parts.map(([done]) => done)), add(parts.map(([, moved]) => moved))];
const times = (n, [done, moved]) => [n * done, n * moved];

/** Pairs of the first n positions, under a window. */
function triangle(n, window = n) {
  const growing = Math.min(n, window);
  return (growing * (growing + 1)) / 2 + (n - growing) * growing;
}

const MECHANISMS = {
  plain({ batch, n_heads: h, d_k: d, itemsize }, q, n) {
    return [4 * batch * h * q * n * d, itemsize * batch * h * ((q + n) * 2 * d + 4 * q * n)];
  },
  fused: (s, q, n) => once(s, q, n, q === 1 ? n : triangle(n)),
  window(s, q, n) {
    const seen = Math.min(n, s.window);
    return s.phase === "decode" ? once(s, 1, seen, seen) : once(s, q, n, triangle(n, s.window));
  },
  linear(s, q) {
    const { batch, n_heads: h, d_k: d, limits } = s;
    const kept = s.itemsize * batch * h * d * d, [, moved] = once(s, q, q, 0);
    if (s.phase === "decode") return [4 * batch * h * d * d, moved + 2 * kept];
    const full = Math.floor(q / limits.chunk), rest = q % limits.chunk;
    return [4 * batch * h * ((full * limits.chunk ** 2 + rest ** 2) * d + q * d * d), moved + kept];
  },
  latent(s, q, n) {
    const { batch, n_heads: h, d_k: d, d_rope: turned, d_latent: r, itemsize } = s;
    if (s.phase === "prefill") return [2 * batch * h * triangle(n) * (2 * d + turned), itemsize * batch * (2 * d + turned) * 2 * h * n];
    return [2 * batch * h * n * (2 * r + turned), itemsize * batch * (n * (r + turned) + h * (2 * r + turned))];
  },
};

/** Attention over some pairs, with queries, keys, values and outputs moved once. */
function once({ batch, n_heads: h, n_kv_heads: g, d_k: d, itemsize }, q, n, pairs) {
  return [4 * batch * h * pairs * d, itemsize * batch * 2 * d * (h * q + g * n)];
}

function projections(s, rows) {
  const { d_model: d, n_heads: h, d_k: dk, d_latent: r, d_rope: turned, d_q_latent: rq } = s, width = h * dk;
  if (s.mechanism !== "latent") return together(product(s, rows, d, width + 2 * s.n_kv_heads * dk), product(s, rows, width, d));
  const asked = h * (dk + turned);
  const queries = rq ? [product(s, rows, d, rq), product(s, rows, rq, asked)] : [product(s, rows, d, asked)];
  const unpacked = s.phase === "decode" ? times(h, together(product(s, rows, dk, r), product(s, rows, r, dk))) : product(s, rows, r, 2 * width);
  return together(...queries, unpacked, product(s, rows, d, r + turned), product(s, rows, width, d));
}

/** Operations and bytes of each part, when the text has n tokens. */
function partsAt(s, n) {
  const q = s.phase === "decode" ? 1 : n, rows = s.batch * q;
  const mlp = together(product(s, rows, s.d_model, (s.mlp_matrices - 1) * s.d_ff), product(s, rows, s.d_ff, s.d_model));
  const blocks = [projections(s, rows), MECHANISMS[s.mechanism](s, q, n), mlp].map((part) => times(s.n_layers, part));
  return [...blocks, product(s, s.batch, s.d_model, s.n_vocab)];
}

const secondsOf = (s) => ([done, moved]) => Math.max(done / (s.peak * 1e12), moved / (s.bandwidth * 1e9));

/** The shortest text whose attention takes as much as the rest of the blocks, or null. */
function crossing(s, quantity) {
  const over = (n) => {
    const [before, attention, mlp] = partsAt(s, n).slice(0, 3).map(quantity === 2 ? secondsOf(s) : (part) => part[quantity]);
    return attention >= before + mlp;
  };
  let low = 0, high = s.limits.lengths.at(-1);
  if (!over(high)) return null;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (over(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function cacheBytes(s) {
  const { length: n, batch, itemsize, n_layers: layers, d_k: d } = s;
  const kept = { linear: s.n_heads * d * d, latent: n * (s.d_latent + s.d_rope) }[s.mechanism]
    ?? (s.mechanism === "window" ? Math.min(n, s.window) : n) * s.n_kv_heads * 2 * d;
  return itemsize * layers * batch * kept;
}

function weightBytes(s) {
  const matrices = projections(s, 1)[0] / 2 + s.mlp_matrices * s.d_model * s.d_ff;
  return s.itemsize * (s.n_layers * matrices + s.d_model * s.n_vocab);
}

/** The costs of each part, at this length and over all, and what they come to. */
export function compute(s) {
  const parts = partsAt(s, s.length), seconds = parts.map(secondsOf(s)), total = add(seconds);
  const operations = parts.map(([done]) => done), moved = parts.map(([, bytes]) => bytes);
  const peak = s.peak * 1e12, bandwidth = s.bandwidth * 1e9;
  const intensity = parts.map(([done, bytes]) => done / bytes);
  const over = s.limits.lengths.map((n) => partsAt(s, n));
  const byLength = (f) => PARTS.map((_, n) => over.map((each) => f(each[n])));
  const weights = weightBytes(s), cache = cacheBytes(s);
  return {
    operations, bytes: moved, seconds, intensity,
    rate: intensity.map((i) => Math.min(peak, bandwidth * i)),
    total_seconds: total, busy: add(operations) / peak / total,
    tokens_a_second: (s.batch * (s.phase === "decode" ? 1 : s.length)) / total,
    weight_bytes: weights, cache_bytes: cache, filled: (weights + cache) / (s.memory * 1e9),
    ridge: peak / bandwidth,
    crossing: QUANTITIES.map((_, n) => crossing(s, n)),
    operations_by_length: byLength(([done]) => done), bytes_by_length: byLength(([, bytes]) => bytes), seconds_by_length: byLength(secondsOf(s)),
  };
}

/** The known model or device whose numbers a state has, or nothing. */
export const known = (table, s) => Object.keys(table).find((name) => Object.entries(table[name]).every(([key, value]) => s[key] === value)) ?? "";

/** As many heads of keys as divide the heads, at most those that are wanted. */
export function sharers(heads, wanted) {
  let n = Math.min(heads, wanted);
  while (heads % n) n -= 1;
  return n;
}

const WHOLE = ["length", "batch", "window", "d_model", "n_heads", "n_kv_heads", "d_k", "d_ff", "mlp_matrices", "n_layers", "n_vocab", "d_latent", "d_rope", "d_q_latent"];
export const SPEEDS = ["peak", "bandwidth", "memory"];
const ends = (name) => [0, 1].map((at) => ({ limits }) => limits.bounds[name][at]);
const oneOf = (name) => choiceLink(({ limits }) => limits[name]);

const link = links({
  ...Object.fromEntries(WHOLE.map((name) => [name, wholeLink(...ends(name))])),
  ...Object.fromEntries(SPEEDS.map((name) => [name, numberLink(...ends(name))])),
  ...Object.fromEntries(["phase", "mechanism", "itemsize", "shown"].map((name) => [name, oneOf(name)])),
});
export const toLink = link.toLink;
export function fromLink(packed, state) {
  const next = link.fromLink(packed, state);
  if (next.n_heads % next.n_kv_heads) throw new Error("the link has no valid n_kv_heads");
  return next;
}
