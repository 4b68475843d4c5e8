// The explorer: a word goes in, and what several models make of it stands below, letter by letter.
// Its state is the word, how many letters have been read, and whether gates are shown; every change
// of it leads to `draw`.

import * as drawing from "./drawing.mjs";
import { Letters } from "./letters.mjs";
import { make } from "./make.mjs";
import { load } from "./model.mjs";
import * as wording from "./wording.mjs";

const QUIET = 600; // ms without a change before the word is announced and kept in the address
const HASH = "#word=";
const COLUMNS = [64, 80]; // px a letter takes, and where there is room

/** Turns the prepared picture into the live explorer, once its models have arrived. */
export async function start(element) {
  const views = await Promise.all(
    element.getAttribute("models").split(" ").map(async (name) => {
      const view = { name, title: wording.title(name), model: null, fault: null };
      try {
        view.model = await load(new URL(`weights/${name}.safetensors`, import.meta.url));
      } catch (error) {
        view.fault = error.message;
      }
      return view;
    }),
  );
  new Explorer(element, views);
}

class Explorer {
  constructor(element, views) {
    this.element = element;
    this.views = views;
    this.dictionary = JSON.parse(element.getAttribute("dictionary") ?? "{}");
    this.prepared = new Map(
      [...element.querySelectorAll("dt")].map((dt) => [dt.textContent.trim(), dt.nextElementSibling]),
    );
    this.letters = new Letters((t) => this.look(t));
    this.build();
    this.listen();
    this.input.value = inAddress() ?? element.getAttribute("word") ?? "";
    element.classList.add("live");
    this.read();
  }

  build() {
    const parts = {
      input: make("input", {
        type: "text", dir: "auto", spellcheck: "false", autocomplete: "off", autocapitalize: "none",
        "aria-describedby": this.id("sentence"), id: this.id("word"),
      }),
      copy: button("copy link", "explorer-copy"),
      words: make("div", { class: "explorer-words", role: "group", "aria-label": "Words to try" }),
      sentence: make("div", { class: "explorer-sentence", id: this.id("sentence") }),
      back: button("‹ Back", null, "Back by one letter"),
      next: button("Next ›", null, "Read the next letter"),
      whole: button("Whole word"),
      progress: make("p", { class: "explorer-progress" }),
      head: make("input", { type: "range", class: "explorer-head", min: 1, step: 1, "aria-label": "Letters read" }),
      models: make("div", { class: "explorer-models" }),
      gates: make("input", { type: "checkbox" }),
      table: make(
        "details", { class: "explorer-figures" }, make("summary", {}, "Show as a table"),
        make("div", { tabindex: 0, role: "group", "aria-label": "The figures" }),
      ),
      heard: make("p", { class: "visually-hidden", "aria-live": "polite" }),
    };
    Object.assign(this, parts);
    this.words.append(...[...this.prepared.keys()].map((word) => button(word, "explorer-word")));
    this.element.append(make("div", { class: "explorer-live" }, ...this.layout(parts)));
  }

  layout({ input, copy, words, sentence, back, next, whole, progress, head, models, gates, table, heard }) {
    return [
      make("div", { class: "explorer-ask" }, make("label", { for: input.id }, "Your word"), input, copy),
      words, sentence,
      this.figure = make(
        "div", { class: "explorer-figure" },
        make("div", { class: "explorer-steps", role: "group", "aria-label": "Step through the word" }, back, next, whole),
        progress,
        this.scroll = make("div", { class: "explorer-scroll" },
          drawing.row("letters", [], this.letters.group), drawing.row("reading", ["letters read"], head), models),
        make("p", { class: "explorer-key" },
          "In a state each mark is one hidden unit: an orange square is above 0, a blue dash below; faint is near 0."),
        make("label", { class: "explorer-gates" }, gates, " Show the gates"),
        table,
      ),
      heard,
    ];
  }

  id(part) {
    this.number ??= document.querySelectorAll(".explorer-live").length;
    return `explorer-${part}-${this.number}`;
  }

  listen() {
    const on = (target, event, act) => target.addEventListener(event, act);
    on(this.input, "input", () => this.ask(this.input.value));
    on(this.words, "click", ({ target }) => target.matches("button") && this.ask(target.textContent));
    on(this.copy, "click", () => this.copyLink());
    on(this.back, "click", () => this.step(this.state.read - 1));
    on(this.next, "click", () => this.step(this.state.read + 1));
    on(this.whole, "click", () => this.step(Infinity));
    on(this.head, "input", () => this.step(Number(this.head.value)));
    on(this.gates, "change", () => this.draw());
    on(this.table, "toggle", () => this.draw());
    on(this.figure, "pointerover", ({ target }) => this.look(columnOf(target) ?? this.letters.pressed));
    on(this.figure, "pointerleave", () => this.look(this.letters.pressed));
    on(this.scroll, "scroll", () => this.hint());
    on(window, "resize", () => this.draw());
    on(window, "hashchange", () => inAddress() !== null && this.ask(inAddress()));
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
    for (const view of this.views.filter(({ model }) => model)) {
      view.reading = view.model.read(letters);
      view.best = letters.map((_, t) => view.model.rank(view.reading, t, 3));
    }
    this.answering = this.views.filter(({ model }) => model);
    const known = this.answering[0]?.reading.known ?? letters.map(() => true);
    this.state = { letters, total, known, read: letters.length };
    this.letters.show(letters, known);
    this.showSentence(letters.join(""));
    this.figure.hidden = !letters.length;
    this.gates.parentElement.hidden = !this.answering.some(({ model }) => model.facts.cell === "lstm");
    this.draw();
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => this.settle(), QUIET);
  }

  /** The readings of a prepared word. @returns {string[] | undefined} */
  inDictionary() {
    return this.dictionary[this.state.letters.join("")];
  }

  /** What to look at, or what is to be said about the letters. */
  showSentence(word) {
    for (const one of this.words.children) one.setAttribute("aria-pressed", one.textContent === word);
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
    const column = this.column(T);
    const shown = { ...this.state, differ, dictionary, column, gates: this.gates.checked };
    this.element.style.setProperty("--letters", T);
    this.element.style.setProperty("--column", `${column}px`);
    this.models.replaceChildren(...this.views.map((view) => drawing.model(view, shown)));
    this.progress.textContent = wording.progress(this.answering, letters, read, dictionary);
    Object.assign(this.head, { max: T, value: read });
    this.head.setAttribute("aria-valuetext", `${read} of ${T}: ${letters.slice(0, read).map(wording.called).join(" ")}`);
    this.back.setAttribute("aria-disabled", read === 1);
    for (const one of [this.next, this.whole]) one.setAttribute("aria-disabled", read === T);
    this.letters.mark(read, differ);
    const table = this.table.open ? [drawing.table(this.answering, shown)] : [];
    this.table.lastElementChild.replaceChildren(...table);
    this.look(this.letters.pressed);
    this.hint();
  }

  /** How wide a letter may be. */
  column(T) {
    const room = this.scroll.clientWidth - this.scroll.querySelector(".explorer-label").offsetWidth;
    return T * COLUMNS[1] <= room ? COLUMNS[1] : COLUMNS[0];
  }

  /** Lets the figure fade out where it goes on beyond its edge. */
  hint() {
    const { scrollWidth, clientWidth, scrollLeft } = this.scroll;
    this.scroll.classList.toggle("more", scrollWidth - clientWidth - scrollLeft > 4);
  }

  /** Brings out a letter: its column, and the lines of attention that start from it. */
  look(t) {
    for (const one of this.figure.querySelectorAll(".looked")) one.classList.remove("looked");
    this.models.classList.toggle("looking", t !== null);
    if (t === null) return;
    const columns = this.figure.querySelectorAll(`.column:nth-child(${t + 1}), path[data-from="${t}"]`);
    for (const one of columns) one.classList.add("looked");
  }

  /** Once the typing rests: one summary for who hears the page, and the word in the address. */
  settle() {
    this.heard.textContent = wording.summary(this.answering, this.state, this.inDictionary());
    const elsewhere = location.hash && inAddress() === null; // the address names a place of the page
    if (this.asked && !elsewhere) history.replaceState(history.state, "", this.link());
  }

  link() {
    const word = wording.cut(this.input.value).letters.join("");
    return HASH + encodeURIComponent(word);
  }

  async copyLink() {
    const address = new URL(this.link(), location.href).href;
    const text = this.copy.textContent;
    try {
      await navigator.clipboard.writeText(address);
      this.copy.textContent = "copied";
    } catch {
      history.replaceState(history.state, "", address);
      this.copy.textContent = "see the address bar";
    }
    setTimeout(() => (this.copy.textContent = text), 2000);
  }
}

const button = (text, kind = null, label = null) =>
  make("button", { type: "button", class: kind, "aria-label": label }, text);

/** The word that the address carries; null where it carries none. */
function inAddress() {
  if (!location.hash.startsWith(HASH)) return null;
  try {
    return decodeURIComponent(location.hash.slice(HASH.length));
  } catch {
    return null;
  }
}

/** Which letter a part of the figure belongs to. */
function columnOf(target) {
  const column = target.closest(".column");
  return column ? [...column.parentElement.children].indexOf(column) : null;
}
