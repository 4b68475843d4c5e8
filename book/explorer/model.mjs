// The taggers of the book, run in the page: their weights come from `unrolled export`.
//
// T letters of a word, D features of a letter, H hidden units, K tags, A features of a query, a
// key and a value. A matrix lies row after row in one Float32Array; a sequence is an array of T
// vectors.

const FORMAT = "unrolled/explorer/1";
const GATES = { elman: ["h"], lstm: ["i", "f", "g", "o"] }; // in the order of their rows
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
export async function load(url) {
  try {
    const weights = new Weights(await fetched(url));
    return new Model(weights.facts, weights);
  } catch (error) {
    const name = String(url).split("/").pop();
    const why = error instanceof Unusable ? error.message : "is not one of this book's";
    throw new Error(`This model cannot be shown: its file ${name} ${why}.`, { cause: error });
  }
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
    const seen = looked ? joined(h, looked.context) : h;
    const logits = seen.map((h_t) => affine(this.readout, h_t)); // (T, K)
    const probabilities = logits.map(softmax);
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
    const T = x.length;
    const steps = new Array(T);
    let state = { h: new Float32Array(this.H), c: new Float32Array(this.H) };
    for (let n = 0; n < T; n++) {
      const t = this.direction === "forward" ? n : T - 1 - n;
      state = steps[t] = STEP[this.cell](this.gates, x[t], state);
    }
    const all = (name) => steps.map((step) => step[name]); // (T, H)
    const gated = this.cell === "lstm";
    const gates = gated ? Object.fromEntries(GATES.lstm.map((name) => [name, all(name)])) : {};
    const { layer, direction } = this;
    return { layer, direction, h: all("h"), c: gated ? all("c") : null, gates };
  }
}

/** One step of each cell: from the letter's features and the state before it to the state after. */
const STEP = {
  elman: (by, x_t, { h: h_prev }) => ({ h: gate(by.h, Math.tanh, x_t, h_prev) }),

  lstm(by, x_t, { h: h_prev, c: c_prev }) {
    const i = gate(by.i, sigmoid, x_t, h_prev);
    const f = gate(by.f, sigmoid, x_t, h_prev);
    const g = gate(by.g, Math.tanh, x_t, h_prev);
    const o = gate(by.o, sigmoid, x_t, h_prev);
    const c = c_prev.map((c_j, j) => f[j] * c_j + i[j] * g[j]);
    const h = c.map((c_j, j) => o[j] * Math.tanh(c_j));
    return { h, c, i, f, g, o };
  },
};

/** activation(W x_t + U h_prev + b). @returns {Float32Array} (H,) */
function gate({ W, U, b }, activation, x_t, h_prev) {
  return addProduct(U, h_prev, affine({ W, b }, x_t)).map(activation);
}

/** Each letter looks at the whole word: a_ts = softmax_s(q_t . k_s / sqrt(A)). */
class Attention {
  constructor(weights, input, A) {
    const maps = ["query", "key", "value"].map((of) => weights.affine(`attention.${of}`, A, input));
    Object.assign(this, { maps, A });
  }

  /** @param {Float32Array[]} h (T, input) @returns weights a (T, T) and context (T, A) */
  read(h) {
    const [q, k, v] = this.maps.map((map) => h.map((h_t) => affine(map, h_t))); // (T, A) each
    const dot = (x, y) => x.reduce((sum, x_j, j) => sum + x_j * y[j], 0);
    const score = (q_t, k_s) => dot(q_t, k_s) / Math.sqrt(this.A);
    const weights = q.map((q_t) => softmax(Float32Array.from(k, (k_s) => score(q_t, k_s))));
    const context = weights.map((a_t) =>
      new Float32Array(this.A).map((_, j) => v.reduce((sum, v_s, s) => sum + a_t[s] * v_s[j], 0)));
    return { weights, context };
  }
}

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** p_k = exp(a_k) / sum_j exp(a_j). @returns {Float32Array} of the shape of a */
function softmax(a) {
  const top = Math.max(...a);
  const e = a.map((a_k) => Math.exp(a_k - top));
  const sum = e.reduce((so_far, e_k) => so_far + e_k, 0);
  return e.map((e_k) => e_k / sum);
}

/** W x + b. @returns {Float32Array} (R,) */
const affine = ({ W, b }, x) => addProduct(W, x, b.slice());

/**
 * W x, added to y in place: all the work of a model. Four sums side by side are a quarter faster
 * than one, because an addition need not wait for the one before it.
 *
 * @param {Float32Array} W (R, C)
 * @param {Float32Array} x (C,)
 * @param {Float32Array} y (R,)
 */
function addProduct(W, x, y) {
  const C = x.length;
  for (let r = 0, at = 0; r < y.length; r++) {
    let a = y[r], b = 0, c = 0, d = 0, n = 0;
    for (; n + 3 < C; n += 4, at += 4) {
      a += W[at] * x[n];
      b += W[at + 1] * x[n + 1];
      c += W[at + 2] * x[n + 2];
      d += W[at + 3] * x[n + 3];
    }
    for (; n < C; n++, at++) a += W[at] * x[n];
    y[r] = a + b + c + d;
  }
  return y;
}

/** [x_t, y_t] for each t; x alone where there is no y. @returns {Float32Array[]} */
const joined = (x, y) => (y ? x.map((x_t, t) => Float32Array.of(...x_t, ...y[t])) : x);

/** An array cut into n of equal size. @returns {Float32Array[]} views of it */
function rows(array, n) {
  const size = array.length / n;
  return Array.from({ length: n }, (_, k) => array.subarray(k * size, (k + 1) * size));
}

class Unusable extends Error {}
const CUT = "is cut off; load the page again";

async function fetched(url) {
  let response, buffer;
  try {
    response = await fetch(url);
    buffer = await response.arrayBuffer();
  } catch {
    throw new Unusable("did not arrive; check the connection and load the page again");
  }
  if (!response.ok) throw new Unusable("is missing");
  return buffer;
}

/** A file in the format safetensors: how long the header is, the header as JSON, the numbers. */
class Weights {
  constructor(buffer) {
    this.bytes = new DataView(buffer);
    if (buffer.byteLength < 9) throw new Unusable(CUT);
    if (this.bytes.getUint8(8) !== "{".charCodeAt(0)) throw new Error("this is not safetensors");
    this.start = 8 + Number(this.bytes.getBigUint64(0, true));
    if (this.start > buffer.byteLength) throw new Unusable(CUT);
    const header = new TextDecoder().decode(new Uint8Array(buffer, 8, this.start - 8));
    this.header = JSON.parse(header);
    this.facts = JSON.parse(this.header.__metadata__.unrolled);
    if (this.facts.format !== FORMAT) throw new Unusable("is of another edition of this book");
  }

  /** An array by its name. @param {...number} shape which it must have @returns {Float32Array} */
  take(name, ...shape) {
    const { dtype, shape: found, data_offsets: [from, to] } = this.header[name];
    const size = shape.reduce((x, y) => x * y);
    if (dtype !== "F16" || String(found) !== String(shape) || to - from !== 2 * size) {
      throw new Error(`${name} is ${dtype} (${found}), not F16 (${shape})`);
    }
    if (this.start + to > this.bytes.byteLength) throw new Unusable(CUT);
    const number = (_, j) => half(this.bytes.getUint16(this.start + from + 2 * j, true));
    return Float32Array.from({ length: size }, number);
  }

  /** The weight and the bias of an affine map. */
  affine(name, R, C) {
    return { W: this.take(`${name}.weight`, R, C), b: this.take(`${name}.bias`, R) };
  }
}

/** The number that 16 bits stand for: a sign, 5 bits of an exponent, 10 of a fraction. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction;
  return bits & 0x8000 ? -size : size;
}
