// What the schemes are made of: angles, slopes, buckets, and numbers in place of learned ones; the link.

import { choiceLink, links, numberLink, wholeLink } from "../kit/links.js";

export const innerProduct = (a, b) => a.reduce((sum, x, n) => sum + x * b[n], 0);

const kept = new Map();

/** At least so many numbers of mean 0 and variance 1, the same that Python draws: a generator in whole numbers. */
export function drawn(seed, count) {
  if (!kept.has(seed)) kept.set(seed, { now: seed, list: [] });
  const found = kept.get(seed);
  while (found.list.length < count) {
    found.now = (Math.imul(1664525, found.now) + 1013904223) >>> 0;
    found.list.push(Math.sqrt(3) * ((2 * found.now) / 2 ** 32 - 1));
  }
  return found.list;
}

/** How many times longer than in training a sequence may be. */
export const reach = ({ limits, trained }) => limits.length / trained;

/** The angle of each pair for one step, as it was in training. */
export const plainFrequencies = ({ d_k: width, base }) => Array.from({ length: width / 2 }, (_, r) => base ** ((-2 * r) / width));

/** The same slowed down, if asked for, so that the whole length fits. */
export function frequencies(state) {
  const plain = plainFrequencies(state), factor = reach(state);
  if (state.method === "sinusoidal") return plain;
  return {
    none: () => plain,
    interpolation: () => plain.map((step) => step / factor),
    ntk: () => plain.map((step, r) => step * factor ** (-r / (plain.length - 1))),
    yarn: () => yarn(plain, state, factor),
  }[state.scaling]();
}

/** YaRN: pairs of more than 32 turns stay, those of less than one are divided, between them a ramp. */
function yarn(plain, { base, trained }, factor) {
  const indexOf = (turns) => (plain.length * Math.log(trained / (turns * 2 * Math.PI))) / Math.log(base);
  const first = Math.max(Math.floor(indexOf(32)), 0), last = Math.min(Math.ceil(indexOf(1)), 2 * plain.length - 1);
  return plain.map((step, r) => {
    const slowed = Math.min(Math.max((r - first) / Math.max(last - first, 0.001), 0), 1);
    return (1 - slowed) * step + (slowed * step) / factor;
  });
}

/** ALiBi's slopes: powers of two, and for other numbers of heads every second one of the next. */
export function slopes(heads) {
  const fewer = 2 ** Math.floor(Math.log2(heads));
  const exponents = Array.from({ length: heads }, (_, h) => (h < fewer ? (8 * (h + 1)) / fewer : (4 * (2 * (h - fewer) + 1)) / fewer));
  return exponents.map((exponent) => 2 ** -exponent);
}

const power = (a, n) => BigInt(a) ** BigInt(n);

/** The first distance of each of T5's buckets, in whole numbers: nothing is rounded. */
export function bucketStarts({ n_buckets: buckets, max_distance: most }) {
  const key = `t5 ${buckets} ${most}`;
  if (!kept.has(key)) {
    const exact = buckets / 2, wide = buckets - exact, starts = Array.from({ length: exact + 1 }, (_, n) => n);
    for (let k = 1; k < wide; k += 1) {
      const wanted = power(most, k) * power(exact, wide - k);
      let distance = starts.at(-1);
      while (power(distance, wide) < wanted) distance += 1;
      starts.push(distance);
    }
    kept.set(key, starts);
  }
  return kept.get(key);
}

const within = (make, name) => make(({ limits }) => limits[name][0], ({ limits }) => limits[name][1]);
const among = (name) => choiceLink(({ limits }) => limits[name]);
const place = wholeLink(0, ({ limits }) => limits.length - 1);
const pairs = {
  pack: (silent) => silent,
  unpack(silent, state) {
    const most = state.limits.d_k.at(-1) / 2 - 1;
    return silent.map((pair, n) => wholeLink(n ? silent[n - 1] + 1 : 0, most).unpack(pair));
  },
};

const link = links({
  method: among("methods"), query: place, back: place, trained: within(wholeLink, "trained"), d_k: among("d_k"),
  base: within(numberLink, "base"), scaling: among("scalings"), ago: within(wholeLink, "ago"), silent: pairs,
  between: among("between"), strength: within(numberLink, "strength"), n_heads: within(wholeLink, "n_heads"),
  head: within(wholeLink, "n_heads"), n_buckets: among("n_buckets"), max_distance: within(wholeLink, "max_distance"),
  furthest: within(wholeLink, "furthest"),
});
export const toLink = link.toLink;
export const fromLink = link.fromLink;
