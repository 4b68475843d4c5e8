/**
 * Copy formulas as the TeX in which they were written, `$…$` within a line and `$$…$$` as a block;
 * a browser would copy each sign of a formula on a line of its own.
 */
document.addEventListener("copy", (event) => {
  const selection = document.getSelection();
  if (selection.rangeCount === 0) return;
  const copied = document.createElement("div");
  copied.append(selection.getRangeAt(0).cloneContents());
  const formulas = copied.querySelectorAll("[data-tex]");
  if (formulas.length === 0) return;
  event.clipboardData.setData("text/html", copied.innerHTML);
  copied.querySelectorAll("button, .headerlink, .visually-hidden").forEach((one) => one.remove());
  for (const formula of formulas) {
    const fence = formula.matches("div") ? "$$" : "$";
    formula.textContent = fence + formula.dataset.tex + fence;
  }
  event.clipboardData.setData("text/plain", copied.textContent.trim());
  event.preventDefault();
});
