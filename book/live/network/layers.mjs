// The layers, named as in the package. A layer takes its weights when it is made; `forward` takes a
// sequence of T steps, and returns new arrays, by name if there are several. It keeps no state:
// its arguments and its result are all that a backward pass would need.

import { addProduct, affine, concatenate, row, softmax } from "./arrays.mjs";
import { CELLS } from "./cells.mjs";

/** x_t = E[id_t] */
export class Embedding {
  constructor(weights, num_embeddings, size) {
    this.weight = weights.take("weight", num_embeddings, size);
    this.size = size;
  }

  /** @param {Int32Array} ids (T,) @returns {Float32Array} (T, size) */
  forward(ids) {
    const x = new Float32Array(ids.length * this.size);
    ids.forEach((id, t) => x.set(row(this.weight, id, this.size), t * this.size));
    return x;
  }
}

/** y_t = W x_t + b */
export class Dense {
  constructor(weights, input_size, output_size) {
    this.weight = weights.take("weight", output_size, input_size);
    this.bias = weights.take("bias", output_size);
  }

  /** @param {Float32Array} x (T, input_size) @returns {Float32Array} (T, output_size) */
  forward(x) {
    return affine(this.weight, this.bias, x);
  }
}

/** A cell along the sequence: from its start to its end or, `reversed`, from its end to its start. */
export class Recurrent {
  constructor(weights, cell, input_size, hidden_size, reversed = false) {
    const { blocks } = CELLS[cell];
    Object.assign(this, { cell: CELLS[cell], hidden_size, reversed });
    this.weight_ih = weights.take("weight_ih", blocks * hidden_size, input_size);
    this.weight_hh = weights.take("weight_hh", blocks * hidden_size, hidden_size);
    this.bias = weights.take("bias", blocks * hidden_size);
  }

  /**
   * Index t is the state AT step t: a reversed layer has then read from the end down to t.
   *
   * @param {Float32Array} x (T, input_size)
   * @returns {{h: Float32Array, c: ?Float32Array, gates: Object<string, Float32Array>}} the states
   *   and each gate, (T, H); an Elman cell has no c and no gates
   */
  forward(x) {
    const { cell, hidden_size: H } = this;
    const blocks = Array.from({ length: cell.blocks }, (_, k) => this.block(k));
    // W x_t + b needs no state, so it comes first, for all steps; each step adds U h_prev.
    const sums = blocks.map(({ W, b }) => affine(W, b, x)); // (T, H) each
    const T = sums[0].length / H;
    const h = new Float32Array(T * H), c = new Float32Array(T * H);
    let h_prev = new Float32Array(H), c_prev = new Float32Array(H);
    for (let n = 0; n < T; n++) {
      const t = this.reversed ? T - 1 - n : n;
      const a = sums.map((sum) => row(sum, t, H));
      blocks.forEach(({ U }, k) => addProduct(U, h_prev, a[k]));
      const h_t = row(h, t, H), c_t = row(c, t, H);
      cell.step(a, h_t, c_prev, c_t);
      [h_prev, c_prev] = [h_t, c_t];
    }
    const gates = Object.fromEntries(cell.gates.map((name, k) => [name, sums[k]]));
    return { h, c: cell.gates.length ? c : null, gates };
  }

  /** The weights of one sum: W (H, input_size), U (H, H), b (H,). */
  block(k) {
    const part = (array) => row(array, k, array.length / this.cell.blocks);
    return { W: part(this.weight_ih), U: part(this.weight_hh), b: part(this.bias) };
  }
}

/** Two recurrent layers over the same inputs, one from each end: h_t = [forward_t, backward_t] */
export class Bidirectional {
  constructor(weights, cell, input_size, hidden_size) {
    const layer = (name, reversed) =>
      new Recurrent(weights.within(name), cell, input_size, hidden_size, reversed);
    this.directions = [layer("forward_layer", false), layer("backward_layer", true)];
    this.hidden_size = hidden_size;
  }

  /** @returns {{h: Float32Array, directions: Object[]}} h (T, 2H), and what each layer returns */
  forward(x) {
    const directions = this.directions.map((layer) => layer.forward(x));
    const [one, other] = directions.map(({ h }) => h);
    return { h: concatenate(one, other, one.length / this.hidden_size), directions };
  }
}

/** Recurrent layers on top of each other: each reads the states of the one below. */
export class Stack {
  /** @param {(Recurrent | Bidirectional)[]} layers from the bottom */
  constructor(layers) {
    this.layers = layers;
  }

  /** @returns {{h: Float32Array, layers: Object[]}} of the last layer, and what each one returns */
  forward(x) {
    const layers = [];
    for (const layer of this.layers) layers.push(layer.forward(layers.at(-1)?.h ?? x));
    return { h: layers.at(-1).h, layers };
  }
}

/** Each step attends to all: a_ts = softmax_s(q_t . k_s / sqrt(A)),  context_t = sum_s a_ts v_s */
export class SelfAttention {
  constructor(weights, input_size, attention_size) {
    const map = (name) => new Dense(weights.within(name), input_size, attention_size);
    Object.assign(this, { query: map("query"), key: map("key"), value: map("value") });
    this.size = attention_size;
  }

  /**
   * @param {Float32Array} x (T, input_size)
   * @returns {Object<string, Float32Array>} query, key, value and context (T, A), weights (T, T)
   */
  forward(x) {
    const A = this.size;
    const query = this.query.forward(x), key = this.key.forward(x), value = this.value.forward(x);
    const T = query.length / A;
    const scores = new Float32Array(T * T), context = new Float32Array(T * A);
    for (let t = 0; t < T; t++) {
      for (let s = 0; s < T; s++) {
        for (let j = 0; j < A; j++) {
          scores[t * T + s] += (query[t * A + j] * key[s * A + j]) / Math.sqrt(A);
        }
      }
    }
    const weights = softmax(scores, T);
    for (let t = 0; t < T; t++) {
      for (let s = 0; s < T; s++) {
        for (let j = 0; j < A; j++) context[t * A + j] += weights[t * T + s] * value[s * A + j];
      }
    }
    return { query, key, value, weights, context };
  }
}
