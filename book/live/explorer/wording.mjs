// What the explorer says in words, and what it derives from its views. Nothing here draws.

import { WORDS } from "./phonemes.mjs";
import { spell } from "./tagger.mjs";

export const LIMIT = 50; // letters; a longer word is cut off here
export const HINT =
  "Step back through the word and see who decides when. Where the models differ, look at what " +
  "each could see.";
export const KEY =
  "In a state each mark is one hidden unit: an orange square is above 0, a blue dash below; faint " +
  "is near 0.";
export const GATES_KEY =
  " In a gate each square is one unit: the stronger its colour, the more open; the number below is " +
  "the mean.";

export function percent(p) {
  if (p < 0.005) return "<1\u00a0%";
  return p >= 0.995 ? ">99\u00a0%" : `${Math.round(100 * p)}\u00a0%`;
}

/** The letters to read, and how many there were. @returns {{letters: string[], total: number}} */
export function cut(text) {
  const all = spell(text);
  return { letters: all.slice(0, LIMIT), total: all.length };
}

/** How a letter is shown on the page: as itself, or as its code point if it would be invisible. */
export function face(letter) {
  if (letter === " ") return "␣";
  return /[\p{L}\p{N}\p{P}\p{S}]/u.test(letter) ? letter : code(letter);
}

/** A letter within a sentence, isolated so that a right-to-left one reverses nothing. */
export const called = (letter) => (letter === " " ? "space" : isolated(face(letter)));

const isolated = (text) => (/^[ -~]/.test(text) ? text : `\u2068${text}\u2069`);

const code = (letter) => `U+${letter.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Whether the model must see the last letter before it can predict anything. */
export const waits = ({ model, reading }) =>
  model.facts.bidirectional || reading.attention !== null;

/** Whether the tag of letter t is decided once `read` letters have been read. */
export const decided = (view, t, read) =>
  waits(view) ? read === view.best.length : t < read;

/** The tags that a model has decided on. */
const tags = (view, read) =>
  view.best.filter((_, t) => decided(view, t, read)).map(([first]) => first);

const phonemes = (view, read) => tags(view, read).flatMap((tag) => tag.phonemes);

/** The sounds of a word in one line. */
export const sounds = (view, read) => phonemes(view, read).join(" ");

/** The sounds of all models, each with an everyday word: "AE as in cat, HH hand; – is silent." */
export function key(views, read) {
  const different = [...new Set(views.flatMap((view) => phonemes(view, read)))];
  const words = different
    .filter((phoneme) => phoneme in WORDS)
    .map((phoneme, n) => `${phoneme}${n ? "" : " as in"} ${WORDS[phoneme]}`);
  const silent = views.flatMap((view) => tags(view, read)).find((tag) => !tag.phonemes.length);
  return [words.join(", "), silent && `${silent.shown} is ${silent.spoken}`].filter(Boolean).join("; ");
}

/** The letters on which the models that have decided disagree. @returns {Set<number>} */
export function differences(views, T, read) {
  const best = (t) => views.filter((view) => decided(view, t, read)).map((view) => view.best[t][0].tag);
  return new Set(Array.from({ length: T }, (_, t) => t).filter((t) => new Set(best(t)).size > 1));
}

/** "a, b and c" */
export const listed = (items) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** What there is to say about the letters themselves: none, too many, or unknown ones. */
export function notes({ letters, total, known }) {
  if (!total) return "Type a word: each model then says how its letters sound.";
  const sentences = [];
  if (total > LIMIT) {
    const all = total.toLocaleString("en-GB");
    sentences.push(`Only the first ${LIMIT} letters are read; the word has ${all}.`);
  }
  if (letters.includes(" ")) sentences.push("This is read as one word.");
  const unknown = [...new Set(letters.filter((_, t) => !known[t]))];
  const strange = unknown.map((letter) => (letter === " " ? "the space" : called(letter)));
  if (strange.length && known.includes(true)) {
    const few = strange.length > 6 ? [...strange.slice(0, 5), `${strange.length - 5} more`] : strange;
    sentences.push(
      `The models do not know ${listed(few)}. Whatever they do not know they read as one and the ` +
        "same “unknown letter”.",
    );
  } else if (strange.length) {
    sentences.push(
      "The models know none of these letters; they learned from English words. All are read as " +
        "one and the same “unknown letter”, in the order in which they are written.",
    );
  }
  return sentences.join(" ");
}

/** How far the word has been read and, at its end, how the models compare with the dictionary. */
export function progress(views, { letters, total, read, own }, dictionary) {
  const T = letters.length;
  if (!T) return "";
  if (read < T) {
    const sentences = [`${read} of ${T} letters read.`];
    if (!views.every(waits)) {
      sentences.push(
        "A model in one direction has decided on each letter that it has read, and cannot take it " +
          "back.",
      );
    }
    if (views.some(waits)) {
      sentences.push("A model in two directions waits: its backward half begins at the last letter.");
    }
    return sentences.join(" ");
  }
  const all = total > T ? `The first ${T} letters are read.` : `All ${T} letters are read.`;
  const whole = T === 1 ? "The only letter is read." : all;
  const sentences = [whole];
  const place = (t) => `${called(letters[t])} (letter ${t + 1})`;
  const differ = [...differences(views, T, read)].map(place);
  if (differ.length) sentences.push(`The models differ at ${listed(differ)}.`);
  else if (views.length > 1) sentences.push("The models agree on every letter.");
  if (dictionary) {
    const part = dictionary.trained ? "a training word" : "held out from training";
    sentences.push(`The dictionary says ${dictionary.readings.join(" or ")} (${part}).`);
  } else if (own) sentences.push("The dictionary is here for the words above only.");
  return sentences.join(" ");
}

/** One sentence per model, for screen readers. */
export function summary(views, state, dictionary) {
  const { letters } = state;
  if (!letters.length) return notes(state);
  const spoken = (view) => tags(view, letters.length).map((tag) => tag.spoken).join(" ");
  return [
    `${letters.map(called).join(letters.every((one) => face(one) === one) ? "" : " ")}.`,
    notes(state),
    ...views.map((view) => `${view.title}: ${spoken(view)}.`),
    progress(views, state, dictionary),
  ].filter(Boolean).join(" ");
}

/** Whether a model agrees with the dictionary; null before it has read the whole word. */
export function compared(view, read, dictionary) {
  if (!dictionary || read < view.best.length) return null;
  const right = dictionary.readings.includes(sounds(view, read));
  return right ? "✓ as in the dictionary" : "✗ not as in the dictionary";
}

/** The letters that a letter mostly attends to. */
export function looks(a_t, letters) {
  const order = Array.from(a_t, (weight, s) => ({ weight, s })).sort((x, y) => y.weight - x.weight);
  return order
    .filter(({ weight }) => weight >= 0.05)
    .slice(0, 3)
    .map(({ weight, s }) => `${called(letters[s])} ${percent(weight)}`)
    .join(", ");
}

export const mean = (vector) => vector.reduce((sum, x) => sum + x, 0) / vector.length;
