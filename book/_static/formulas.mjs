/**
 * Copy formulas as the TeX that they carry, `$…$` within a line and `$$…$$` as a block; a browser
 * would copy each sign of a formula on a line of its own. A part of a formula stands for the whole.
 */

const formulaAround = (node) => (node.closest ? node : node.parentElement).closest(".math");

/** What is selected, with all of the formulas in which it begins and ends. */
function selected(selection) {
  const range = selection.getRangeAt(0).cloneRange();
  const [first, last] = [range.startContainer, range.endContainer].map(formulaAround);
  if (first) range.setStartBefore(first);
  if (last) range.setEndAfter(last);
  const copied = document.createElement("div");
  copied.append(range.cloneContents());
  return copied;
}

/** The text of elements as a browser copies it: lines, and tabs between the cells of a table. */
function plain(copied) {
  const host = document.createElement("div");
  copied.querySelectorAll(":is(td, th) > p:only-child").forEach((p) => p.replaceWith(...p.childNodes));
  host.attachShadow({ mode: "open" }).append(copied); // out of reach of the page's styles and tabs
  document.body.append(host);
  const text = copied.innerText.trim();
  host.remove();
  return text;
}

document.addEventListener("copy", (event) => {
  const selection = document.getSelection();
  if (selection.isCollapsed) return;
  const copied = selected(selection);
  const formulas = copied.querySelectorAll(".math:has(annotation)");
  if (formulas.length === 0) return;
  event.clipboardData.setData("text/html", copied.innerHTML);
  copied.querySelectorAll("button, .headerlink, .visually-hidden").forEach((one) => one.remove());
  for (const formula of formulas) {
    const fence = formula.matches("div") ? "$$" : "$";
    formula.textContent = fence + formula.querySelector("annotation").textContent + fence;
  }
  event.clipboardData.setData("text/plain", plain(copied));
  event.preventDefault();
});
