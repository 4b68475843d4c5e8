// The taggers of the book, run in the page: their weights come from `unrolled export`.
//
// T letters of a word, D features of a letter, H hidden units, K tags, A features of a query, a
// key and a value. A matrix lies row after row in one Float32Array; a sequence is an array of T
// vectors.

import { Weights } from "./weights.mjs";

const GATES = { elman: ["a"], lstm: ["i", "f", "g", "o"] }; // in the order of their rows
// What Python's `strip` takes away. `trim` leaves some of it, and takes the byte order mark.
const SPACE = "[\\p{White_Space}\\x1c-\\x1f]";
const AROUND = new RegExp(`^${SPACE}+|(?<!${SPACE})${SPACE}+$`, "gu");

/**
 * The letters of a word as the package counts them: lower case, Unicode form NFC, a letter a
 * code point, no white space around it.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function spell(text) {
  return Array.from(text.replace(AROUND, "").toLowerCase().normalize("NFC"));
}

/**
 * A trained model from its file.
 *
 * @param {string | URL} url
 * @returns {Promise<Model>}
 * @throws {Error} the message is one sentence for a reader
 */
export function load(url) {
  return Weights.load(url, (weights) => new Model(weights.facts, weights));
}

/** A trained tagger: embedding, recurrent layers, attention where there is one, readout. */
class Model {
  constructor({ name, kind, arguments: given, letters, tags, parameters }, weights) {
    const { cell, embedding_size: D, hidden_size: H, attention_size: A } = given;
    const { num_layers: layers = 1, bidirectional = false } = given;
    this.facts = { name, kind, cell, parameters, letters, tags, bidirectional, layers };
    this.ids = new Map(letters.map((letter, id) => [letter, id]));
    this.unknown = this.ids.get("<unknown>");
    this.embedding = rows(weights.take("embedding.weight", letters.length, D), letters.length);
    const directions = bidirectional ? ["forward", "backward"] : ["forward"];
    const output = H * directions.length;
    this.layers = Array.from({ length: layers }, (_, l) => directions.map((direction) => {
      const place = kind === "Tagger" ? "recurrent" : `recurrent.layers.${l}`;
      const prefix = bidirectional ? `${place}.${direction}_layer` : place;
      return new Layer(weights, prefix, cell, l ? output : D, H, l + 1, direction);
    }));
    this.attention = kind === "AttentionTagger" ? new Attention(weights, output, A) : null;
    this.readout = weights.affine("readout", tags.length, output + (this.attention ? A : 0));
  }

  /**
   * What the model makes of a word. What stands at t is what is known AT letter t: a backward
   * layer has read the letters from the last one down to t.
   *
   * @param {string[]} letters (T,) as `spell` gives them
   * @returns {{ids: Int32Array, known: boolean[], logits: Float32Array[],
   *   probabilities: Float32Array[], attention: ?Float32Array[], layers: {layer: number,
   *   direction: string, h: Float32Array[], c: ?Float32Array[], gates: Object}[]}}
   *   ids, known: (T,); logits, probabilities: (T, K); attention: (T, T), where there is one;
   *   h, c and each of the gates i, f, g, o of an LSTM: (T, H)
   */
  read(letters) {
    const ids = Int32Array.from(letters, (letter) => this.ids.get(letter) ?? this.unknown);
    const known = Array.from(ids, (id) => id !== this.unknown);
    let h = Array.from(ids, (id) => this.embedding[id]); // (T, D)
    const layers = [];
    for (const directions of this.layers) {
      const read = directions.map((layer) => layer.read(h));
      layers.push(...read);
      h = joined(...read.map((one) => one.h)); // (T, H) or (T, 2H)
    }
    const looked = this.attention?.read(h);
    const logits = affine(this.readout, looked ? joined(h, looked.context) : h); // (T, K)
    const probabilities = softmax(logits);
    return { ids, known, logits, probabilities, layers, attention: looked?.weights ?? null };
  }

  /** The n most probable tags of letter t, best first. @returns {{tag: string, p: number}[]} */
  rank(reading, t, n) {
    return Array.from(reading.probabilities[t], (p, k) => ({ tag: this.facts.tags[k], p }))
      .sort((one, other) => other.p - one.p)
      .slice(0, n);
  }
}

/** One recurrent layer that reads in one direction. */
class Layer {
  constructor(weights, prefix, cell, D, H, layer, direction) {
    const G = GATES[cell].length;
    const W = rows(weights.take(`${prefix}.weight_ih`, G * H, D), G);
    const U = rows(weights.take(`${prefix}.weight_hh`, G * H, H), G);
    const b = rows(weights.take(`${prefix}.bias`, G * H), G);
    const each = GATES[cell].map((name, k) => [name, { W: W[k], U: U[k], b: b[k] }]);
    this.gates = Object.fromEntries(each);
    Object.assign(this, { cell, H, layer, direction });
  }

  /** @param {Float32Array[]} x (T, D) @returns one of the layers of `Model.read` */
  read(x) {
    const { cell, H, layer, direction, gates } = this;
    const T = x.length;
    // W x_t + b needs no state, so it comes first, for all letters; each step adds U h_prev.
    const all = Object.fromEntries(GATES[cell].map((name) => [name, affine(gates[name], x)]));
    const h = sequence(T, H), c = sequence(T, H);
    const start = new Float32Array(H);
    for (let n = 0; n < T; n++) {
      const [t, before] = direction === "forward" ? [n, n - 1] : [T - 1 - n, T - n];
      for (const name of GATES[cell]) addProduct(gates[name].U, h[before] ?? start, all[name][t]);
      if (cell === "elman") elman(all.a[t], h[t]);
      else lstm(all.i[t], all.f[t], all.g[t], all.o[t], c[before] ?? start, c[t], h[t]);
    }
    return cell === "elman"
      ? { layer, direction, h, c: null, gates: {} }
      : { layer, direction, h, c, gates: all };
  }
}

/** h_t = tanh(a_t), where a_t = W x_t + U h_prev + b. All (H,). */
function elman(a, h) {
  for (let j = 0; j < h.length; j++) h[j] = Math.tanh(a[j]);
}

/** c_t = f * c_prev + i * g,  h_t = o * tanh(c_t); the gates come as their sums. All (H,). */
function lstm(i, f, g, o, c_prev, c, h) {
  for (let j = 0; j < h.length; j++) {
    i[j] = sigmoid(i[j]);
    f[j] = sigmoid(f[j]);
    g[j] = Math.tanh(g[j]);
    o[j] = sigmoid(o[j]);
    c[j] = f[j] * c_prev[j] + i[j] * g[j];
    h[j] = o[j] * Math.tanh(c[j]);
  }
}

/** Each letter looks at the whole word: a_ts = softmax_s(q_t . k_s / sqrt(A)). */
class Attention {
  constructor(weights, input, A) {
    const maps = ["query", "key", "value"].map((of) => weights.affine(`attention.${of}`, A, input));
    Object.assign(this, { maps, A });
  }

  /** @param {Float32Array[]} h (T, input) @returns weights a (T, T) and context (T, A) */
  read(h) {
    const [q, k, v] = this.maps.map((map) => affine(map, h)); // (T, A) each
    const T = h.length, A = this.A;
    const scores = sequence(T, T), context = sequence(T, A);
    for (let t = 0; t < T; t++) {
      for (let s = 0; s < T; s++) {
        for (let j = 0; j < A; j++) scores[t][s] += (q[t][j] * k[s][j]) / Math.sqrt(A);
      }
    }
    const weights = softmax(scores);
    for (let t = 0; t < T; t++) {
      for (let s = 0; s < T; s++) {
        for (let j = 0; j < A; j++) context[t][j] += weights[t][s] * v[s][j];
      }
    }
    return { weights, context };
  }
}

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** p_k = exp(a_k) / sum_j exp(a_j), for each t. @returns {Float32Array[]} of the shape of a */
function softmax(a) {
  const p = sequence(a.length, a[0]?.length);
  p.forEach((p_t, t) => {
    const top = Math.max(...a[t]);
    let total = 0;
    for (let k = 0; k < p_t.length; k++) total += p_t[k] = Math.exp(a[t][k] - top);
    for (let k = 0; k < p_t.length; k++) p_t[k] /= total;
  });
  return p;
}

/** W x_t + b, for each t. @param {Float32Array[]} x (T, C) @returns {Float32Array[]} (T, R) */
function affine({ W, b }, x) {
  const y = sequence(x.length, b.length);
  y.forEach((y_t, t) => {
    y_t.set(b);
    addProduct(W, x[t], y_t);
  });
  return y;
}

/**
 * W x, added to y in place: most of the work of a model. Four rows at a time are twice as fast as
 * one, because each x_n is read once for them all and their sums do not wait for each other.
 *
 * @param {Float32Array} W (R, C)
 * @param {Float32Array} x (C,)
 * @param {Float32Array} y (R,)
 */
function addProduct(W, x, y) {
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
  return y;
}

/** [x_t, y_t] for each t; x alone where there is no y. @returns {Float32Array[]} */
function joined(x, y) {
  if (!y || !x.length) return x;
  const both = sequence(x.length, x[0].length + y[0].length);
  both.forEach((both_t, t) => {
    both_t.set(x[t]);
    both_t.set(y[t], x[t].length);
  });
  return both;
}

/** T vectors of zeros, in one piece of memory. @returns {Float32Array[]} (T, size) */
const sequence = (T, size) => rows(new Float32Array(T * size), T);

/** An array cut into n of equal size. @returns {Float32Array[]} views of it */
function rows(array, n) {
  const size = array.length / n;
  return Array.from({ length: n }, (_, k) => array.subarray(k * size, (k + 1) * size));
}
