// A matrix times a vector, which is most of what a network does.

/**
 * Writes the matrix times the vector, plus a bias, into `out`; `from` says at which column the vector
 * begins. Four rows at a time: their sums do not wait for each other.
 */
export function affine({ shape: [rows, wide], values }, vector, bias, out, from = 0) {
  const columns = vector.length, start = (i) => (bias ? bias[i] : 0);
  let i = 0;
  for (let at = from; i + 4 <= rows; i += 4, at += 4 * wide) {
    let a = start(i), b = start(i + 1), c = start(i + 2), d = start(i + 3);
    for (let j = 0, k = at; j < columns; j += 1, k += 1) {
      const x = vector[j];
      a += values[k] * x;
      b += values[k + wide] * x;
      c += values[k + 2 * wide] * x;
      d += values[k + 3 * wide] * x;
    }
    out[i] = a;
    out[i + 1] = b;
    out[i + 2] = c;
    out[i + 3] = d;
  }
  for (; i < rows; i += 1) {
    let sum = start(i);
    for (let j = 0; j < columns; j += 1) sum += values[from + i * wide + j] * vector[j];
    out[i] = sum;
  }
  return out;
}
