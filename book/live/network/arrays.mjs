// Sums over flat arrays. A matrix, or a sequence of T vectors, is stored row by row in a
// Float32Array; its shape is in a comment, and follows from its length and the number of rows.

/** Row t of an array whose rows have `size` numbers: a view, not a copy. */
export const row = (a, t, size) => a.subarray(t * size, (t + 1) * size);

/** All T rows of an array. @returns {Float32Array[]} views of it */
export const rows = (a, T) => Array.from({ length: T }, (_, t) => row(a, t, a.length / T));

/** [x_t, y_t] for each of T steps. @param x (T, D) @param y (T, E) @returns (T, D + E) */
export function concatenate(x, y, T) {
  const D = x.length / T, E = y.length / T;
  const both = new Float32Array(x.length + y.length);
  for (let t = 0; t < T; t++) {
    both.set(row(x, t, D), t * (D + E));
    both.set(row(y, t, E), t * (D + E) + D);
  }
  return both;
}

/** p_k = exp(a_k) / sum_j exp(a_j) in each of T rows. @param a (T, K) @returns (T, K) */
export function softmax(a, T) {
  const p = new Float32Array(a.length), K = a.length / T;
  for (let t = 0; t < T; t++) {
    const a_t = row(a, t, K), p_t = row(p, t, K);
    const top = Math.max(...a_t);
    let total = 0;
    for (let k = 0; k < K; k++) total += p_t[k] = Math.exp(a_t[k] - top);
    for (let k = 0; k < K; k++) p_t[k] /= total;
  }
  return p;
}

/** y_t = W x_t + b. @param W (R, C) @param b (R,) @param x (T, C) @returns (T, R) */
export function affine(W, b, x) {
  const R = b.length, C = W.length / R, T = x.length / C;
  const y = new Float32Array(T * R);
  for (let t = 0; t < T; t++) {
    const y_t = row(y, t, R);
    y_t.set(b);
    addProduct(W, row(x, t, C), y_t);
  }
  return y;
}

/**
 * W x, added to y in place: most of the work of a model. Four rows at a time are twice as fast as
 * one, because each x_n is read once for them all and their sums do not wait for each other.
 *
 * @param W (R, C) @param x (C,) @param y (R,)
 */
export function addProduct(W, x, y) {
  const R = y.length, C = x.length;
  let r = 0;
  for (; r + 3 < R; r += 4) {
    let a = y[r], b = y[r + 1], c = y[r + 2], d = y[r + 3];
    for (let n = 0, at = r * C; n < C; n++, at++) {
      const x_n = x[n];
      a += W[at] * x_n;
      b += W[at + C] * x_n;
      c += W[at + 2 * C] * x_n;
      d += W[at + 3 * C] * x_n;
    }
    y[r] = a;
    y[r + 1] = b;
    y[r + 2] = c;
    y[r + 3] = d;
  }
  for (; r < R; r++) {
    for (let n = 0, at = r * C; n < C; n++, at++) y[r] += W[at] * x[n];
  }
}
