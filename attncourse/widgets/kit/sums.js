// Sums over a list.

export const add = (list) => list.reduce((sum, x) => sum + x, 0);

/** Weights out of scores; the largest is taken off first, so that no exponential overflows. No scores, no weights. */
export function softmax(scores) {
  const top = scores.reduce((a, b) => Math.max(a, b), -Infinity), exps = scores.map((s) => Math.exp(s - top)), total = add(exps);
  return exps.map((x) => x / total);
}
