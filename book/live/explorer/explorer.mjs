// The explorer: the reader enters a word and sees below, letter by letter, how several models read
// it. Its state is the word, how many letters have been read, and whether gates are shown; every
// change of it leads to `draw`.

import { addressOf, leadsElsewhere, replaceAddress, wordInAddress } from "./address.mjs";
import * as drawing from "./drawing.mjs";
import { Letters } from "./letters.mjs";
import { make } from "./make.mjs";
import { View } from "./view.mjs";
import * as wording from "./wording.mjs";

const QUIET = 600; // ms without a change before the word is announced and kept in the address
const COLUMN = { least: 60, most: 80 }; // px per letter: as many as there is room for
const COPY = "copy link";
const ARROWS = { ArrowLeft: -1, ArrowRight: 1 };

/** Turns the prepared picture into the live explorer, once its models have arrived. */
export async function start(element) {
  const titles = JSON.parse(element.getAttribute("titles"));
  const silent = JSON.parse(element.getAttribute("silent"));
  const names = element.getAttribute("models").split(" ");
  const views = await Promise.all(names.map((name) => View.load(name, titles[name], silent)));
  new Explorer(element, views);
}

class Explorer {
  constructor(element, views) {
    this.element = element;
    this.views = views;
    this.answering = views.filter(({ model }) => model);
    this.dictionary = new Map(Object.entries(JSON.parse(element.getAttribute("dictionary"))));
    const terms = [...element.querySelectorAll("dt")];
    this.prepared = new Map(terms.map((term) => [term.textContent.trim(), term.nextElementSibling]));
    this.letters = new Letters((t) => this.look(t));
    this.build();
    this.listen();
    this.input.value = wordInAddress() ?? element.getAttribute("word");
    element.classList.add("live");
    this.measure();
    this.read();
  }

  build() {
    this.input = make("input", {
      type: "text", dir: "auto", spellcheck: "false", autocomplete: "off", autocapitalize: "none",
      "aria-describedby": this.id("sentence"), id: this.id("word"),
    });
    this.copy = button(COPY);
    const words = [...this.prepared.keys()].map((word) => button(word, "explorer-word"));
    this.words = make("div.explorer-words", { role: "group", "aria-label": "Words to try" }, ...words);
    this.sentence = make("div.explorer-sentence", { id: this.id("sentence") });
    this.announced = make("p.visually-hidden", { "aria-live": "polite" });
    const label = make("label", { for: this.id("word") }, "Your word");
    const ask = make("div.explorer-ask", {}, label, this.input, this.copy);
    const parts = [ask, this.words, this.sentence, this.buildFigure(), this.announced];
    this.element.append(make("div.explorer-live", {}, ...parts));
  }

  buildFigure() {
    this.back = button("‹ Back", "explorer-back", "Back by one letter");
    this.next = button("Next ›", "explorer-next", "Read the next letter");
    this.whole = button("Whole word");
    this.progress = make("p.explorer-progress");
    this.head = make("input.explorer-head", { type: "range", min: 1, "aria-label": "Letters read" });
    this.phonemes = make("p.explorer-key.explorer-phonemes");
    this.key = make("p.explorer-key");
    this.models = make("div.explorer-models");
    this.scroll = make(
      "div.explorer-scroll", {},
      drawing.row("letters", [], this.letters.group),
      drawing.row("reading", ["letters read"], this.head),
      this.models,
    );
    this.gates = make("input", { type: "checkbox" });
    this.table = make("div", { tabindex: 0, role: "group", "aria-label": "The figures" });
    this.unfold = make("details.explorer-figures", {}, make("summary", {}, "Show as a table"), this.table);
    const step = { role: "group", "aria-label": "Step through the word" };
    this.figure = make(
      "div.explorer-figure", {},
      this.steps = make("div.explorer-steps", step, this.back, this.next, this.whole),
      make("div.explorer-said", {}, this.progress, this.phonemes), this.scroll, this.key,
      make("label.explorer-gates", {}, this.gates, " Show the gates"), this.unfold,
    );
    return this.figure;
  }

  id(part) {
    this.number ??= document.querySelectorAll(".explorer-live").length;
    return `explorer-${part}-${this.number}`;
  }

  listen() {
    const on = (target, event, act) => target.addEventListener(event, act);
    on(this.input, "input", () => this.ask(this.input.value));
    for (const one of this.words.children) on(one, "click", () => this.ask(one.textContent));
    on(this.copy, "click", () => this.copyLink());
    on(this.back, "click", () => this.step(this.state.read - 1));
    on(this.next, "click", () => this.step(this.state.read + 1));
    on(this.whole, "click", () => this.step(Infinity));
    on(this.steps, "keydown", ({ key }) => {
      if (key in ARROWS) this.step(this.state.read + ARROWS[key]);
    });
    on(this.head, "input", () => this.step(Number(this.head.value)));
    on(this.gates, "change", () => this.draw());
    on(this.unfold, "toggle", () => this.draw());
    const { letters } = this;
    on(this.figure, "pointerover", ({ target }) => this.look(columnOf(target) ?? letters.pressed));
    on(this.figure, "pointerleave", () => this.look(letters.pressed));
    for (const box of [this.scroll, this.table]) on(box, "scroll", () => this.hint());
    on(window, "resize", () => {
      this.measure();
      this.draw();
    });
    on(window, "hashchange", () => wordInAddress() !== null && this.ask(wordInAddress()));
  }

  /** Takes the reader's word. */
  ask(word) {
    this.asked = true;
    if (word !== this.input.value) this.input.value = word;
    this.read();
  }

  /** Lets every model read the word, and shows it whole. */
  read() {
    const { letters, total } = wording.cut(this.input.value);
    for (const view of this.answering) view.read(letters);
    const known = this.answering[0]?.reading.known ?? letters.map(() => true);
    const own = this.prepared.size > 0 && !this.prepared.has(letters.join("")); // the reader's word
    this.state = { letters, total, known, own, read: letters.length };
    this.letters.show(letters, known);
    this.showSentence(letters.join(""));
    this.figure.hidden = !letters.length;
    const gated = this.answering.some(({ model }) => model.facts.cell === "lstm");
    this.gates.parentElement.hidden = !gated;
    this.draw();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.settle(), QUIET);
  }

  /** The dictionary entry of a prepared word. @returns {{readings: string[], trained: boolean}} */
  inDictionary() {
    return this.dictionary.get(this.state.letters.join(""));
  }

  /** Shows what to look at in the word, or the notes on its letters. */
  showSentence(word) {
    for (const one of this.words.children) {
      one.setAttribute("aria-pressed", one.textContent === word);
    }
    const notes = wording.notes(this.state);
    const prepared = this.prepared.get(word)?.cloneNode(true).childNodes ?? [wording.HINT];
    this.sentence.classList.toggle("noted", notes !== "");
    this.sentence.replaceChildren(...(notes ? [notes] : prepared));
  }

  step(read) {
    const T = this.state.letters.length;
    this.state.read = Math.max(1, Math.min(read, T));
    this.draw();
    this.letters.reveal(this.state.read - 1);
  }

  draw() {
    const { letters, read } = this.state;
    const T = letters.length;
    if (!T) return this.models.replaceChildren();
    const differ = wording.differences(this.answering, T, read);
    const dictionary = this.inDictionary();
    const room = 4 * Math.floor(this.room / T / 4); // whole pixels, on both sides of the middle
    const column = Math.max(COLUMN.least, Math.min(room, COLUMN.most));
    const shown = { ...this.state, differ, dictionary, column, gates: this.gates.checked };
    this.element.style.setProperty("--letters", T);
    this.element.style.setProperty("--column", `${column}px`);
    this.models.replaceChildren(...this.views.map((view) => drawing.model(view, shown)));
    this.progress.textContent = wording.progress(this.answering, this.state, dictionary);
    this.phonemes.textContent = wording.key(this.answering, read);
    this.key.textContent = wording.KEY + (this.gates.checked ? wording.GATES_KEY : "");
    Object.assign(this.head, { max: T, value: read });
    const begun = letters.slice(0, read).map(wording.called).join(" ");
    this.head.setAttribute("aria-valuetext", `${read} of ${T}: ${begun}`);
    this.back.setAttribute("aria-disabled", read === 1);
    for (const one of [this.next, this.whole]) one.setAttribute("aria-disabled", read === T);
    this.letters.mark(read, differ);
    this.table.replaceChildren(...(this.unfold.open ? [drawing.table(this.answering, shown)] : []));
    this.look(this.letters.pressed);
    requestAnimationFrame(() => this.hint());
  }

  /** Measures the room for the letters, before anything changes, so that it forces no layout. */
  measure() {
    const label = this.scroll.querySelector(".explorer-label").offsetWidth;
    if (!this.figure.hidden) this.room = this.scroll.clientWidth - label;
  }

  /** Lets the figure and the table fade out where they continue beyond their edge. */
  hint() {
    const boxes = [this.scroll, this.table];
    const beyond = boxes.map((box) => box.scrollWidth - box.clientWidth - box.scrollLeft > 4);
    boxes.forEach((box, n) => box.classList.toggle("more", beyond[n]));
  }

  /** Highlights a letter: its column, and the lines of attention that start from it. */
  look(t) {
    for (const one of this.figure.querySelectorAll(".looked")) one.classList.remove("looked");
    this.models.classList.toggle("looking", t !== null);
    if (t === null) return;
    const its = `.column:nth-child(${t + 1}), path[data-from="${t}"]`;
    for (const one of this.figure.querySelectorAll(its)) one.classList.add("looked");
  }

  /** After a pause in typing: announces a summary and puts the word into the address. */
  settle() {
    const summary = wording.summary(this.answering, this.state, this.inDictionary());
    this.announced.textContent = summary;
    if (this.asked && !leadsElsewhere()) replaceAddress(this.link());
  }

  link() {
    return addressOf(this.state.letters.join(""));
  }

  async copyLink() {
    const address = this.link();
    try {
      await navigator.clipboard.writeText(address);
      this.copy.textContent = "copied";
    } catch {
      replaceAddress(address);
      this.copy.textContent = "see the address bar";
    }
    setTimeout(() => (this.copy.textContent = COPY), 2000);
  }
}

const button = (text, kind = "explorer-plain", label = null) =>
  make(`button.${kind}`, { type: "button", "aria-label": label }, text);

/** The letter that a part of the figure belongs to. */
function columnOf(target) {
  const column = target.closest(".column");
  return column ? [...column.parentElement.children].indexOf(column) : null;
}
