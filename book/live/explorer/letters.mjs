// The letters of the word: a group of buttons, one tab stop, with arrow keys inside.

import { make } from "./make.mjs";
import { called, face } from "./wording.mjs";

const LABEL = "Letters. Arrow keys go from one to the next; press one to look at it.";

export class Letters {
  /** @param {(t: ?number) => void} look called with the pressed letter, or null for none */
  constructor(look) {
    this.look = look;
    this.pressed = null;
    this.group = make("div.explorer-letters", { role: "group", "aria-label": LABEL });
    this.group.addEventListener("click", ({ target }) => this.press(target.closest("button")));
    this.group.addEventListener("keydown", (event) => this.rove(event));
  }

  get buttons() {
    return [...this.group.children];
  }

  /** @param {string[]} letters @param {boolean[]} known whether the models know each of them */
  show(letters, known) {
    this.pressed = null;
    this.group.replaceChildren(...letters.map((letter, t) => one(letter, t, known[t])));
  }

  /** Marks the letters that are not yet read, and those on which the models disagree. */
  mark(read, differ) {
    this.buttons.forEach((button, t) => {
      button.classList.toggle("unread", t >= read);
      button.classList.toggle("differs", differ.has(t));
    });
  }

  /** Scrolls the figure, if need be, until a letter is visible. */
  reveal(t) {
    this.group.children[t].scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  press(button) {
    if (!button) return;
    const t = this.buttons.indexOf(button);
    this.pressed = this.pressed === t ? null : t;
    this.buttons.forEach((other, s) => other.setAttribute("aria-pressed", s === this.pressed));
    this.focusOn(t);
    this.look(this.pressed);
  }

  rove(event) {
    const last = this.group.children.length - 1;
    const t = this.buttons.indexOf(document.activeElement);
    const to = { ArrowLeft: t - 1, ArrowRight: t + 1, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.focusOn(Math.max(0, Math.min(to, last)));
  }

  focusOn(t) {
    this.buttons.forEach((button, s) => (button.tabIndex = s === t ? 0 : -1));
    this.group.children[t].focus();
  }
}

function one(letter, t, known) {
  return make(
    known ? "button.explorer-letter.column" : "button.explorer-letter.column.unknown",
    {
      type: "button",
      "aria-label": `${called(letter)}, letter ${t + 1}${known ? "" : ", unknown letter"}`,
      "aria-pressed": "false",
      tabindex: t ? -1 : 0,
      title: known ? null : "unknown letter",
    },
    make("bdi", {}, face(letter)),
    make("span.explorer-mark", { "aria-hidden": "true" }),
  );
}
