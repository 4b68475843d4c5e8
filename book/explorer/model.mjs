// The taggers of the book, run in the page: their weights come from `unrolled export`.
//
// T letters of a word, V letters that are known, D features of a letter, H hidden units,
// K tags, A features of a query, a key and a value. A matrix lies row after row in one
// Float32Array; a sequence is an array of T vectors.

const FORMAT = "unrolled/explorer/1";
const GATES = { elman: [""], lstm: ["i", "f", "g", "o"] }; // in the order of their rows

const sigmoid = (a) => 1 / (1 + Math.exp(-a));

/** W x, added to y in place. @param W (R, C) @param x (C,) @param y (R,) */
function addProduct(W, x, y) {
  const C = x.length;
  for (let r = 0, at = 0; r < y.length; r++) {
    let sum = 0;
    for (let c = 0; c < C; c++, at++) sum += W[at] * x[c];
    y[r] += sum;
  }
  return y;
}

/** W x + b. @returns {Float32Array} (R,) */
const affine = ({ W, b }, x) => addProduct(W, x, b.slice());

/** p_k = exp(a_k) / sum_j exp(a_j). @returns {Float32Array} of the shape of a */
function softmax(a) {
  const top = a.reduce((x, y) => Math.max(x, y), -Infinity);
  const e = a.map((x) => Math.exp(x - top));
  const sum = e.reduce((x, y) => x + y, 0);
  return e.map((x) => x / sum);
}

/** activation(W x_t + U h_prev + b), for one gate. @returns {Float32Array} (H,) */
function gate({ W, U, b }, activation, x_t, h_prev) {
  const a = addProduct(U, h_prev, affine({ W, b }, x_t));
  return a.map(activation);
}

/** One step of each cell: from the letter's features and the state before to the state after. */
const STEP = {
  elman: ([only], x_t, { h }) => ({ h: gate(only, Math.tanh, x_t, h) }),

  lstm([input, forget, candidate, output], x_t, { h: h_prev, c: c_prev }) {
    const i = gate(input, sigmoid, x_t, h_prev);
    const f = gate(forget, sigmoid, x_t, h_prev);
    const g = gate(candidate, Math.tanh, x_t, h_prev);
    const o = gate(output, sigmoid, x_t, h_prev);
    const c = c_prev.map((c_j, j) => f[j] * c_j + i[j] * g[j]);
    const h = c.map((c_j, j) => o[j] * Math.tanh(c_j));
    return { h, c, i, f, g, o };
  },
};

/** One recurrent layer that reads in one direction. */
class Layer {
  constructor(weights, prefix, { cell, D, H, layer, direction }) {
    const names = GATES[cell];
    const rows = (array) => (_, k) => array.subarray((k * array.length) / names.length,
      ((k + 1) * array.length) / names.length);
    const [W, U, b] = [
      weights.take(`${prefix}.weight_ih`, names.length * H, D),
      weights.take(`${prefix}.weight_hh`, names.length * H, H),
      weights.take(`${prefix}.bias`, names.length * H),
    ].map((array) => names.map(rows(array)));
    this.gates = names.map((_, k) => ({ W: W[k], U: U[k], b: b[k] }));
    Object.assign(this, { cell, H, layer, direction });
  }

  /** @param {Float32Array[]} x (T, D) @returns what `Model.read` says of one layer */
  read(x) {
    const steps = new Array(x.length);
    let state = { h: new Float32Array(this.H), c: new Float32Array(this.H) };
    for (let n = 0; n < x.length; n++) {
      const t = this.direction === "forward" ? n : x.length - 1 - n;
      state = steps[t] = STEP[this.cell](this.gates, x[t], state);
    }
    const all = (name) => steps.map((step) => step[name]);
    const gated = this.cell === "lstm";
    return {
      layer: this.layer,
      direction: this.direction,
      h: all("h"),
      c: gated ? all("c") : null,
      gates: gated ? Object.fromEntries(GATES.lstm.map((name) => [name, all(name)])) : {},
    };
  }
}

/** Each letter looks at the whole word: a_ts = softmax_s(q_t . k_s / sqrt(A)). */
class Attention {
  constructor(weights, input, A) {
    for (const part of ["query", "key", "value"]) {
      this[part] = weights.affine(`attention.${part}`, A, input);
    }
    this.A = A;
  }

  /** @param h (T, input) @returns {{a: Float32Array[], context: Float32Array[]}} (T, T), (T, A) */
  read(h) {
    const [q, k, v] = [this.query, this.key, this.value].map((map) => h.map((h_t) => affine(map, h_t)));
    const dot = (x, y) => x.reduce((sum, x_j, j) => sum + x_j * y[j], 0);
    const a = q.map((q_t) => softmax(Float32Array.from(k, (k_s) => dot(q_t, k_s) / Math.sqrt(this.A))));
    const context = a.map((a_t) => {
      const sum = new Float32Array(this.A);
      v.forEach((v_s, s) => v_s.forEach((v_j, j) => (sum[j] += a_t[s] * v_j)));
      return sum;
    });
    return { a, context };
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
    const E = weights.take("embedding.weight", letters.length, D);
    this.embedding = letters.map((_, id) => E.subarray(id * D, (id + 1) * D));
    const directions = bidirectional ? ["forward", "backward"] : ["forward"];
    const output = H * directions.length;
    this.layers = Array.from({ length: layers }, (_, l) => directions.map((direction) => {
      const stacked = kind === "Tagger" ? "recurrent" : `recurrent.layers.${l}`;
      const prefix = bidirectional ? `${stacked}.${direction}_layer` : stacked;
      return new Layer(weights, prefix, { cell, D: l ? output : D, H, layer: l + 1, direction });
    }));
    this.attention = kind === "AttentionTagger" ? new Attention(weights, output, A) : null;
    this.readout = weights.affine("readout", tags.length, output + (this.attention ? A : 0));
  }

  /**
   * What the model makes of a word. What stands at t is what is known AT letter t: a backward
   * layer has read the letters from the last one down to t.
   *
   * @param {string[]} letters T of them, as `spell` gives them
   * @returns {{ids: Int32Array, known: boolean[], logits: Float32Array[],
   *   probabilities: Float32Array[], attention: ?Float32Array[], layers: {layer: number,
   *   direction: string, h: Float32Array[], c: ?Float32Array[], gates: Object}[]}}
   *   ids and known (T,); logits and probabilities (T, K); attention (T, T); h, c and each of
   *   the gates i, f, g, o (T, H)
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
    const logits = (looked ? joined(h, looked.context) : h).map((y) => affine(this.readout, y));
    const probabilities = logits.map(softmax);
    return { ids, known, logits, probabilities, layers, attention: looked?.a ?? null };
  }

  /** The n most probable tags of letter t, best first. @returns {{tag: string, p: number}[]} */
  rank(reading, t, n) {
    return Array.from(reading.probabilities[t], (p, k) => ({ tag: this.facts.tags[k], p }))
      .sort((one, other) => other.p - one.p)
      .slice(0, n);
  }
}

/** [x_t, y_t] for each t. @returns {Float32Array[]} */
function joined(x, y) {
  return y ? x.map((x_t, t) => Float32Array.of(...x_t, ...y[t])) : x;
}

/**
 * The letters of a word as the package counts them: lower case, Unicode form NFC, a letter a
 * code point, no white space around it.
 *
 * @param {string} text @returns {string[]}
 */
export function spell(text) {
  // What Python's `strip` takes away, which is not quite what `trim` does.
  const word = text.replace(/^[\p{White_Space}\x1c-\x1f]+|(?<![\p{White_Space}\x1c-\x1f])[\p{White_Space}\x1c-\x1f]+$/gu, "");
  return Array.from(word.toLowerCase().normalize("NFC"));
}

/**
 * A trained model from its file.
 *
 * @param {string | URL} url @returns {Promise<Model>}
 * @throws {Error} whose message is one sentence for a reader
 */
export async function load(url) {
  const name = new URL(url, import.meta.url).pathname.split("/").pop();
  try {
    const { facts, weights } = open(await fetched(url));
    return new Model(facts, weights);
  } catch (error) {
    const why = error instanceof Unusable ? error.message : "is not one of this book's";
    throw new Error(`This model cannot be shown: its file ${name} ${why}.`, { cause: error });
  }
}

class Unusable extends Error {}

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

/** Reads the format safetensors: the length of a header, the header as JSON, the numbers. */
function open(buffer) {
  const bytes = new DataView(buffer);
  if (buffer.byteLength < 9) throw new Unusable("is cut off; load the page again");
  const start = 8 + Number(bytes.getBigUint64(0, true));
  if (bytes.getUint8(8) !== "{".charCodeAt(0)) throw new Unusable("is not one of this book's");
  if (start > buffer.byteLength) throw new Unusable("is cut off; load the page again");
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, start - 8)));
  const facts = JSON.parse(header.__metadata__.unrolled);
  if (facts.format !== FORMAT) throw new Unusable("is of another version of this book");
  return { facts, weights: new Weights(header, bytes, start) };
}

class Weights {
  constructor(header, bytes, start) {
    Object.assign(this, { header, bytes, start });
  }

  /** An array by its name, which must have this shape. @returns {Float32Array} */
  take(name, ...shape) {
    const { dtype, shape: is, data_offsets: [from, to] } = this.header[name];
    const size = shape.reduce((x, y) => x * y);
    if (dtype !== "F16" || String(is) !== String(shape) || to - from !== 2 * size) {
      throw new Unusable("is not one of this book's");
    }
    if (this.start + to > this.bytes.byteLength) throw new Unusable("is cut off; load the page again");
    const at = this.start + from;
    return Float32Array.from({ length: size }, (_, j) => half(this.bytes.getUint16(at + 2 * j, true)));
  }

  /** The weight and the bias of an affine map. */
  affine(name, rows, columns) {
    return { W: this.take(`${name}.weight`, rows, columns), b: this.take(`${name}.bias`, rows) };
  }
}

/** The number that 16 bits stand for: a sign, an exponent of 5 bits, a fraction of 10. */
function half(bits) {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction;
  return bits & 0x8000 ? -size : size;
}
