// One step of each cell. A cell's weights hold a block of H rows for each of its sums
// a = W x_t + U h_prev + b; `step` takes the sums and writes the new state.

/** h_t = tanh(a). All (H,). */
function elman([a], h) {
  for (let j = 0; j < h.length; j++) h[j] = Math.tanh(a[j]);
}

/** c_t = f * c_prev + i * g,  h_t = o * tanh(c_t). The sums become the gates, in place. All (H,). */
function lstm([i, f, g, o], h, c_prev, c) {
  for (let j = 0; j < h.length; j++) {
    i[j] = sigmoid(i[j]);
    f[j] = sigmoid(f[j]);
    g[j] = Math.tanh(g[j]);
    o[j] = sigmoid(o[j]);
    c[j] = f[j] * c_prev[j] + i[j] * g[j];
    h[j] = o[j] * Math.tanh(c[j]);
  }
}

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** The blocks of each cell's weights, the names of those that become gates, and its step. */
export const CELLS = {
  elman: { blocks: 1, gates: [], step: elman },
  lstm: { blocks: 4, gates: ["i", "f", "g", "o"], step: lstm },
};
