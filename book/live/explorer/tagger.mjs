// The taggers of the book: a trained network, with the letters that it reads and the tags that it
// predicts. Their files come from `unrolled export`.

import { rows, softmax } from "../network/arrays.mjs";
import { Model } from "../network/model.mjs";
import { Unusable, Weights } from "../network/weights.mjs";

const FORMAT = "unrolled/explorer/1";
const FOREIGN = "is not one of this book's";
// What Python's `strip` removes. `trim` leaves some of it, and removes the byte order mark.
const SPACE = "[\\p{White_Space}\\x1c-\\x1f]";
const AROUND = new RegExp(`^${SPACE}+|(?<!${SPACE})${SPACE}+$`, "gu");

/**
 * The letters of a word as the package counts them: lower case, Unicode form NFC, one letter per
 * code point, without surrounding white space.
 *
 * @param {string} text
 * @returns {string[]}
 */
export function spell(text) {
  return Array.from(text.replace(AROUND, "").toLowerCase().normalize("NFC"));
}

/**
 * A trained tagger from its file.
 *
 * @param {string | URL} url
 * @returns {Promise<Tagger>}
 * @throws {Error} the message is one sentence for a reader
 */
export async function load(url) {
  try {
    return new Tagger(await Weights.load(url));
  } catch (error) {
    const name = String(url).split("/").pop();
    const why = error instanceof Unusable ? error.message : FOREIGN;
    throw new Error(`This model cannot be shown: its file ${name} ${why}.`, { cause: error });
  }
}

class Tagger {
  /** @param {Weights} weights with the metadata that `unrolled export` writes */
  constructor(weights) {
    const metadata = JSON.parse(weights.metadata.unrolled);
    if (metadata.format !== FORMAT) throw new Unusable("is of another edition of this book");
    const { name, kind, arguments: given, letters, tags, parameters } = metadata;
    const { cell, num_layers: layers = 1, bidirectional = false } = given;
    this.facts = { name, kind, cell, parameters, letters, tags, bidirectional, layers };
    this.ids = new Map(letters.map((letter, id) => [letter, id]));
    this.unknown = this.ids.get("<unknown>");
    this.model = new Model(weights, {
      num_embeddings: letters.length,
      input_size: given.embedding_size,
      cell,
      hidden_size: given.hidden_size,
      num_layers: kind === "Tagger" ? null : layers,
      bidirectional,
      attention_size: kind === "AttentionTagger" ? given.attention_size : null,
      num_classes: tags.length,
    });
  }

  /**
   * The model's computation for a word. Index t is the state AT letter t: a backward layer has
   * then read the letters from the last one down to t.
   *
   * @param {string[]} letters (T,) as `spell` returns them
   * @returns {{ids: Int32Array, known: boolean[], logits: Float32Array[],
   *   probabilities: Float32Array[], attention: ?Float32Array[], layers: {layer: number,
   *   direction: string, h: Float32Array[], c: ?Float32Array[], gates: Object}[]}}
   *   ids, known: (T,); logits, probabilities: (T, K); attention: (T, T), where there is one;
   *   h, c and each of the gates i, f, g, o of an LSTM: (T, H)
   */
  read(letters) {
    const T = letters.length;
    const ids = Int32Array.from(letters, (letter) => this.ids.get(letter) ?? this.unknown);
    const known = Array.from(ids, (id) => id !== this.unknown);
    const { layers, attention, logits } = this.model.forward(ids);
    return {
      ids,
      known,
      logits: rows(logits, T),
      probabilities: rows(softmax(logits, T), T),
      layers: layers.flatMap((layer, l) => directions(layer, l + 1, T)),
      attention: attention && rows(attention.weights, T),
    };
  }

  /** The n most probable tags of letter t, best first. @returns {{tag: string, p: number}[]} */
  rank(reading, t, n) {
    return Array.from(reading.probabilities[t], (p, k) => ({ tag: this.facts.tags[k], p }))
      .sort((one, other) => other.p - one.p)
      .slice(0, n);
  }
}

/** The one or two directions of a recurrent layer, with a vector for each letter. */
function directions(states, layer, T) {
  return (states.directions ?? [states]).map(({ h, c, gates }, d) => ({
    layer,
    direction: d ? "backward" : "forward",
    h: rows(h, T),
    c: c && rows(c, T),
    gates: Object.fromEntries(Object.entries(gates).map(([name, gate]) => [name, rows(gate, T)])),
  }));
}
