// A view: one model's reading of a word, as it is shown.

import { load } from "./tagger.mjs";

const BEST = 3; // tags that are shown of each letter

/** A model's title, and its reading of the last word. */
export class View {
  /**
   * @param {string} name of the file of its weights
   * @param {string} title
   * @param {{tag: string, shown: string, spoken: string}} silent the tag without a phoneme
   * @returns {Promise<View>} with a `fault` instead of a `model` if the file cannot be used
   */
  static async load(name, title, silent) {
    const view = Object.assign(new View(), { title, silent, model: null, fault: null });
    try {
      view.model = await load(new URL(`../weights/${name}.safetensors`, import.meta.url));
    } catch (error) {
      view.fault = error.message;
    }
    return view;
  }

  /** Lets the model read: `reading` is what it computes, `best` the tags of each letter, best first. */
  read(letters) {
    this.reading = this.model.read(letters);
    this.best = letters.map((_, t) =>
      this.model.rank(this.reading, t, BEST).map(({ tag, p }) => ({ ...this.label(tag), p })),
    );
  }

  /**
   * A tag as it is shown and as it is spoken, and the phonemes that it stands for.
   *
   * @returns {{tag: string, shown: string, spoken: string, phonemes: string[]}}
   */
  label(tag) {
    if (tag === this.silent.tag) return { ...this.silent, phonemes: [] };
    return { tag, shown: tag, spoken: tag, phonemes: tag.split(" ") };
  }
}
