// Sums over a list, and rows of weights.

export const add = (list) => list.reduce((sum, x) => sum + x, 0);

/** Weights out of scores; the largest is taken off first, so that no exponential overflows. No scores, no weights. */
export function softmax(scores) {
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity), exps = scores.map((s) => Math.exp(s - top)), total = add(exps);
  return exps.map((x) => x / total);
}

/**
 * A row of weights with some of them set, by a Map from places to weights; the others share the rest in
 * proportion. Where all are set, they are brought to 1. What is set outside the row is not used.
 */
export function pinned(own, held) {
  const set = [...own].map((_, j) => held.get(j) ?? null);
  const total = add(set.map((w) => w ?? 0));
  if (set.every((w) => w === null)) return own;
  if (!set.includes(null)) return total > 0 ? set.map((w) => w / total) : own;
  const others = own.reduce((sum, w, j) => sum + (set[j] === null ? w : 0), 0), rest = Math.max(0, 1 - total);
  return own.map((w, j) => set[j] ?? (rest * w) / others);
}
