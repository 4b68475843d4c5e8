/**
 * What the theme leaves out for those who read without a mouse, or on a narrow screen.
 *
 * - Code, a table, a picture or a formula that is too wide scrolls inside itself; it then has a name
 *   and a place in the order of Tab, so that the arrow keys scroll it.
 * - The button that opens a solution says which.
 * - The theme takes the focus from the buttons of its header; whoever pressed one by a key gets it
 *   back, at once or when the dialog closes.
 */

const BOXES = `pre, .text_html, .pst-scrollable-table-container, div.math,
  .explorer-scroll, unrolled-explorer details > div`;
const BLOCK = "p, li, dt, dd, td, th, summary, div, h1, h2, h3, h4";

/** What a box holds, as a screen reader says it. */
function name(box) {
  if (box.matches("pre")) return "Code";
  if (box.matches("div.math, span.math")) return "Formula";
  if (box.querySelector("table")) return "Table";
  return box.querySelector("svg, img") ? "Picture" : "Text";
}

/** Give a box its place and its name, or take them away. */
function reach(box, wide) {
  if (wide) {
    box.tabIndex = 0;
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", `${name(box)}, scrolls sideways`);
  } else if (box.getAttribute("role") === "group") {
    for (const attribute of ["tabindex", "role", "aria-label"]) box.removeAttribute(attribute);
  }
}

/** Look at all boxes and at all formulas within lines; first measure, then write. */
function fit() {
  const boxes = [...document.querySelectorAll(BOXES)];
  const formulas = [...document.querySelectorAll("span.math")];
  const wide = boxes.map((box) => box.scrollWidth > box.clientWidth + 1);
  const long = formulas.map((formula) => {
    const line = formula.parentElement.closest(BLOCK).clientWidth;
    return line > 0 && formula.firstElementChild?.getBoundingClientRect().width > line + 1;
  });
  boxes.forEach((box, i) => reach(box, wide[i]));
  formulas.forEach((formula, i) => {
    formula.classList.toggle("wide", long[i]);
    reach(formula, long[i]);
  });
}

/** Name the buttons of sphinx-togglebutton by what they open. */
function nameSolutions() {
  for (const button of document.querySelectorAll(".toggle-button")) {
    button.setAttribute("aria-label", button.parentElement.textContent.trim());
  }
}

/** Give the focus back to a button that was pressed by a key, which shows in `detail`. */
function keepFocus() {
  let pressed = null;
  const press = (event) => {
    const button = event.target.closest("button");
    if (!button || event.detail > 0) return;
    pressed = button;
    // Once the theme is done with the click, if it left the focus nowhere: it may have moved on, and
    // behind an open dialog nothing takes it.
    setTimeout(() => {
      const lost = document.activeElement === document.body;
      if (lost && !document.querySelector("dialog:modal")) button.focus();
    });
  };
  document.addEventListener("click", press, { capture: true });
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("close", () => {
      pressed?.focus();
      pressed = null;
    });
  }
}

document.addEventListener("DOMContentLoaded", nameSolutions); // which makes the buttons, too
keepFocus();
// The article changes its height when the window is turned, and when something in it opens.
new ResizeObserver(fit).observe(document.querySelector("article") ?? document.body);
document.addEventListener("change", fit); // another tab
