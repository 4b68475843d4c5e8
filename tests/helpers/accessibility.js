// The eyes of `accessibility.py` inside a page. Each function that looks returns its faults.
globalThis.reader = (() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const styles = [];

  function wear(css) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    styles.push(sheet);
    document.adoptedStyleSheets = styles;
  }

  /** Brings to light what a reader could: dropdowns, solutions, every tab. */
  function open() {
    for (const details of all("details")) details.open = true;
    for (const button of all(".toggle-button-hidden")) button.click();
    wear(".sd-tab-content { display: block !important }");
  }

  /** Leaves what axe needs. It cannot judge the text in a picture, and looks at each letter of a
   *  formula and each word of code, which are many and alike: a formula whole, and one word of each
   *  colour in each place, will do. */
  function thin() {
    const seen = new Set();
    for (const code of all("pre")) {
      let place = "";
      for (let box = code; box; box = box.parentElement) place += box.className + ">";
      for (const word of all("span", code)) {
        const kind = place + word.className + word.getAttribute("style");
        if (seen.has(kind)) word.replaceWith(...word.childNodes);
        seen.add(kind);
      }
      code.normalize();
    }
    for (const tex of all("annotation")) tex.remove();
    for (const formula of all("math")) formula.textContent = formula.textContent;
    for (const picture of all("svg[role=img]")) picture.replaceChildren();
  }

  function paint(theme) {
    document.documentElement.dataset.mode = document.documentElement.dataset.theme = theme;
  }

  /** Text with as much space as a reader may give it: WCAG 1.4.12. */
  function spread() {
    wear(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
      word-spacing: 0.16em !important } p { margin-bottom: 2em !important }`);
  }

  function tighten() {
    styles.pop();
    document.adoptedStyleSheets = styles;
  }

  function label(box) {
    const tex = box.closest(".math")?.querySelector("annotation");
    const text = (tex ?? box).textContent;
    const name = `${box.tagName.toLowerCase()}.${box.getAttribute("class") ?? ""}`;
    return `${name} ${text.replace(/\s+/g, " ").slice(0, 60)}`;
  }

  /** What is wider than the page, cut off, or scrolls but not for everyone. */
  function sideways() {
    const faults = [];
    const wide = innerWidth;
    const page = document.scrollingElement.scrollWidth;
    const style = new Map(all("body *").map((box) => [box, getComputedStyle(box)]));
    const scrolls = (box) => ["auto", "scroll"].includes(style.get(box)?.overflowX);
    const held = (box) => {
      let around = box.parentElement;
      while (around && !scrolls(around)) around = around.parentElement;
      return around;
    };
    for (const [box, { overflowX, position }] of style) {
      if (box.closest("svg, math")) continue;
      const { left, right, width, height } = box.getBoundingClientRect();
      if (width <= 1 || height <= 1) continue;
      const around = held(box);
      const start = around && around.getBoundingClientRect().left - around.scrollLeft;
      if (around && position !== "absolute" && left < start - 1) {
        faults.push(`begins out of reach: ${label(box)}`);
      }
      if (!around && page > wide && left < wide && right > wide + 1 && position !== "fixed") {
        faults.push(`wider than the page by ${Math.ceil(right - wide)}: ${label(box)}`);
      }
      const over = box.scrollWidth - box.clientWidth;
      if (over <= 1) continue;
      if (["hidden", "clip"].includes(overflowX)) faults.push(`cut off by ${over}: ${label(box)}`);
      if (!scrolls(box)) continue;
      if (box.tabIndex < 0) faults.push(`scrolls, but not by key: ${label(box)}`);
      else if (!box.hasAttribute("aria-label")) {
        faults.push(`scrolls without a name: ${label(box)}`);
      }
    }
    if (page > wide) faults.push(`the page is ${page} wide on ${wide}`);
    return faults;
  }

  const dot = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

  /** A colour as red, green, blue and how much it covers, each 0 to 255. */
  function rgba(colour) {
    dot.clearRect(0, 0, 1, 1);
    dot.fillStyle = colour;
    dot.fillRect(0, 0, 1, 1);
    return [...dot.getImageData(0, 0, 1, 1).data];
  }

  /** Relative luminance as WCAG has it, with its 0.05. */
  function light(colour) {
    const parts = colour.slice(0, 3).map((value) => value / 255);
    const linear = parts.map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05;
  }

  /** Text in pictures that is too faint on the ground of the picture. */
  function faint() {
    const faults = new Set();
    const ground = (box) => rgba(getComputedStyle(box).backgroundColor);
    for (const picture of all("svg[role=img]")) {
      let box = picture;
      while (box && ground(box)[3] < 255) box = box.parentElement;
      const behind = light(box ? ground(box) : [255, 255, 255]);
      for (const text of all("text", picture)) {
        const { fill } = getComputedStyle(text);
        const front = light(rgba(fill));
        const ratio = Math.max(front, behind) / Math.min(front, behind);
        if (ratio >= 4.5) continue;
        faults.add(`faint, ${ratio.toFixed(1)}: ${text.textContent.trim()} in ${fill}`);
      }
    }
    return [...faults];
  }

  /** What is wrong with the place of the focus: nothing, or null if there is none. */
  function focus() {
    const box = document.activeElement;
    if (box === document.body) return null;
    const shown = box.matches(".sd-tab-set > input") ? box.nextElementSibling : box;
    const { outlineStyle, outlineWidth, boxShadow, opacity } = getComputedStyle(shown);
    const outlined = outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
    const name = `${box.tagName.toLowerCase()} ${box.getAttribute("aria-label") ?? label(shown)}`;
    if (opacity === "0" || !(outlined || boxShadow !== "none")) return `${name}: focus is not seen`;
    const { left, top, width, height } = shown.getBoundingClientRect();
    const there = document.elementFromPoint(
      left + Math.min(width / 2, 12),
      top + Math.min(height / 2, 8),
    );
    const passing = there?.closest(".tooltip"); // of the stop before
    return passing || shown.contains(there) || there?.contains(shown) ? "" : `${name}: is covered`;
  }

  return { open, thin, paint, spread, tighten, sideways, faint, focus };
})();
