// A model: a sequence of T inputs becomes logits, step by step.

import { concatenate } from "./arrays.mjs";
import { Bidirectional, Dense, Embedding, Recurrent, SelfAttention, Stack } from "./layers.mjs";

/** An embedding if inputs are ids, recurrent layers, attention if wanted, a dense readout. */
export class Model {
  /**
   * @param {Weights} weights or anything else with its `take` and `within`
   * @param {Object} spec
   * @param {?number} spec.num_embeddings the number of ids; null if inputs are vectors
   * @param {number} spec.input_size D, the features of an embedding or of an input vector
   * @param {string} spec.cell a name in `CELLS`
   * @param {number} spec.hidden_size H
   * @param {?number} spec.num_layers of the stack; null for a single layer without a stack
   * @param {boolean} spec.bidirectional
   * @param {?number} spec.attention_size A; null without attention
   * @param {number} spec.num_classes K
   */
  constructor(weights, spec) {
    const { num_embeddings, input_size, hidden_size, bidirectional, attention_size } = spec;
    const width = hidden_size * (bidirectional ? 2 : 1);
    const within = (name) => weights.within(name);
    this.input_size = input_size;
    this.embedding = num_embeddings && new Embedding(within("embedding"), num_embeddings, input_size);
    this.recurrent = stack(within("recurrent"), spec, width);
    this.attention = attention_size && new SelfAttention(within("attention"), width, attention_size);
    this.readout = new Dense(within("readout"), width + (attention_size ?? 0), spec.num_classes);
  }

  /**
   * @param {Int32Array | Float32Array} inputs ids (T,) or, without an embedding, vectors (T, D)
   * @returns {{x: Float32Array, layers: Object[], attention: ?Object, features: Float32Array,
   *   logits: Float32Array}} x (T, D); what each recurrent layer and the attention return; what the
   *   readout reads, (T, width of h and context); logits (T, K)
   */
  forward(inputs) {
    const x = this.embedding ? this.embedding.forward(inputs) : inputs;
    const { h, layers } = this.recurrent.forward(x);
    const attention = this.attention ? this.attention.forward(h) : null;
    const T = x.length / this.input_size;
    const features = attention ? concatenate(h, attention.context, T) : h;
    return { x, layers, attention, features, logits: this.readout.forward(features) };
  }
}

function stack(weights, { cell, input_size, hidden_size, num_layers, bidirectional }, width) {
  const Layer = bidirectional ? Bidirectional : Recurrent;
  const layer = (place, l) => new Layer(place, cell, l ? width : input_size, hidden_size);
  if (num_layers === null) return new Stack([layer(weights, 0)]);
  const places = Array.from({ length: num_layers }, (_, l) => weights.within(`layers.${l}`));
  return new Stack(places.map(layer));
}
