// How the explorer draws what its models made of a word. Text goes in as text, never as HTML.

import { make } from "./make.mjs";
import * as wording from "./wording.mjs";

const ACROSS = 12; // units side by side under a letter
const GAP = 4; // px between the units of two letters
const FAN = 72; // px from a tag down to the letters that it looks at
const BLUE = 0xd67f3f; // blue, green, red, as a canvas has them; the colours of the book's figures
const ORANGE = 0x2b65d9;
const PURPLE = 0xc963a4;
const GATES = { i: "input gate i", f: "forget gate f", o: "output gate o" };
const SVG = "http://www.w3.org/2000/svg";

const hidden = (text) => make("span", { class: "visually-hidden" }, text);

/** A tag as it is seen, and as it is heard. */
function sound(tag) {
  const seen = wording.shown(tag);
  return seen === tag ? [tag] : [make("span", { "aria-hidden": "true" }, seen), hidden("silent")];
}

/** A row of the figure: its label, and a column for each letter. */
export function row(kind, label, ...content) {
  return make("div", { class: `explorer-row ${kind}` }, make("div", { class: "explorer-label" }, ...label), ...content);
}

/** All that is drawn of one model. */
export function model(view, { letters, read, gates, differ, dictionary, column }) {
  const name = make("p", { class: "explorer-name" }, view.title);
  if (view.fault) {
    return make("div", { class: "explorer-model", role: "group", "aria-label": view.title }, name, make("p", { class: "explorer-fault" }, view.fault));
  }
  const { layers, attention } = view.reading;
  const T = letters.length;
  const rows = [row("tags", head(view, name, read, dictionary), tagCells(view, letters, read, differ))];
  for (const layer of layers) {
    const called = layerName(layer, layers);
    if (layer.direction === "backward" && read < T) {
      rows.push(row("state", [called], waiting(`← begins at the last letter, ${wording.called(letters[T - 1])}`)));
      continue;
    }
    rows.push(row("state", [called], strip(layer.h, { read, column, label: called })));
    if (gates) rows.push(...gateRows(layer, called, { read, column }));
  }
  if (attention && read < T) rows.push(row("attention", ["attention"], waiting("looks at the states of all letters")));
  else if (attention) rows.push(row("attention", ["attention"], fan(attention, letters, column)));
  return make("div", { class: "explorer-model", role: "group", "aria-label": view.title }, ...rows);
}

/** Stands for what cannot be known before the last letter. */
const waiting = (why) => make("p", { class: "explorer-waiting" }, why);

function head(view, name, read, dictionary) {
  const said = wording.sounds(view, read);
  const { cell, layers, bidirectional } = view.model.facts;
  const facts = `${bidirectional ? "two directions" : "one direction"}${layers > 1 ? `, ${layers} layers` : ""}`;
  const undecided = wording.waits(view) && read < view.best.length;
  return [
    name,
    make("p", { class: "explorer-facts" }, facts, hidden(`, cell ${cell}`)),
    make("p", { class: "explorer-sounds" }, hidden("Sounds: "), undecided ? "waits for the end" : said || "no sound"),
    make("p", { class: "explorer-compared" }, wording.compared(view, read, dictionary) ?? ""),
  ];
}

function layerName({ layer, direction }, layers) {
  const directions = layers.some((one) => one.direction === "backward");
  const number = layers.at(-1).layer > 1 ? ` ${layer}` : "";
  const arrow = direction === "backward" ? "← " : "";
  return directions ? `${arrow}state, ${direction}${arrow ? "" : " →"}` : `state${number && `, layer${number}`} →`;
}

function tagCells(view, letters, read, differ) {
  const cells = view.best.map((best, t) => {
    const heard = hidden(`${wording.called(letters[t])}: `);
    if (!wording.decided(view, t, read)) {
      const mark = make("span", { class: "explorer-tag", "aria-hidden": "true" }, t < read ? "?" : "·");
      const why = hidden(t < read ? "undecided" : "not yet read");
      return make("li", { class: `column ${t < read ? "undecided" : "unread"}` }, heard, mark, why);
    }
    const [first, ...others] = best;
    const bar = make("span", { class: "explorer-bar", "aria-hidden": "true" });
    bar.style.setProperty("--p", first.p);
    return make(
      "li",
      { class: `column${differ.has(t) ? " differs" : ""}${t === read - 1 ? " latest" : ""}` },
      heard,
      make("span", { class: "explorer-tag" }, ...sound(first.tag)),
      bar,
      make("span", { class: "explorer-sure" }, wording.percent(first.p)),
      ...others.filter(({ p }) => p >= 0.01).map(runnerUp),
      differ.has(t) ? hidden(", the models differ") : null,
    );
  });
  return make("ol", { class: "explorer-cells", role: "list" }, ...cells);
}

function runnerUp({ tag, p }) {
  return make("span", { class: "explorer-other" }, hidden(", then "), ...sound(tag), ` ${wording.percent(p)}`);
}

function gateRows(layer, called, { read, column }) {
  return Object.entries(GATES).filter(([gate]) => layer.gates[gate]).map(([gate, name]) => {
    const vectors = layer.gates[gate];
    const means = vectors.map((vector, t) => (t < read ? wording.mean(vector).toFixed(2) : ""));
    return row(
      "gate",
      [name],
      strip(vectors, { read, column, label: `${name}, ${called}`, paint: opened }),
      make("div", { class: "explorer-means" }, ...means.map((text) => make("span", { class: "column" }, text))),
    );
  });
}

// A unit is a square above 0 and a dash below it, the fainter the nearer to 0.
const strength = (x) => 0.15 + 0.85 * Math.min(1, Math.abs(x)) ** 0.6;
const signed = (x) => ({ colour: x < 0 ? BLUE : ORANGE, alpha: strength(x), tall: x >= 0 });
const opened = (x) => ({ colour: PURPLE, alpha: 0.1 + 0.9 * x, tall: true });

/**
 * Vectors under their letters, each as a block of small marks.
 *
 * @param {Float32Array[]} vectors (T, H) @param {number} read how many of them are drawn
 * @param {number} column the width of a letter, in px
 */
function strip(vectors, { read, column, label, paint = signed }) {
  const H = vectors[0].length;
  const unit = Math.floor((column - GAP) / ACROSS);
  const width = column * vectors.length;
  const height = unit * Math.ceil(H / ACROSS);
  const canvas = make("canvas", {
    class: "explorer-strip",
    width,
    height,
    role: "img",
    "aria-label": `${label}: ${H} units after each letter`,
  });
  const image = new ImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let t = 0; t < read; t++) {
    for (let j = 0; j < H; j++) {
      const x = column * t + (column - unit * ACROSS) / 2 + unit * (j % ACROSS);
      dot({ pixels, width, unit }, x, unit * Math.floor(j / ACROSS), paint(vectors[t][j]));
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function dot({ pixels, width, unit }, left, top, { colour, alpha, tall }) {
  const pixel = ((255 * alpha) << 24) | colour;
  const end = tall ? top + unit - 1 : top + 3;
  for (let y = tall ? top : top + 1; y < end; y++) {
    pixels.fill(pixel, y * width + left, y * width + left + unit - 1);
  }
}

/** A line from each tag down to each letter that it looks at, the thicker the more. */
function fan(attention, letters, column) {
  const T = letters.length;
  const middle = (t) => column * (t + 0.5);
  const svg = document.createElementNS(SVG, "svg");
  const set = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const told = letters.map((one, t) => `${wording.called(one)} looks at ${wording.looks(attention[t], letters)}`);
  const size = { width: column * T, height: FAN, viewBox: `0 0 ${column * T} ${FAN}` };
  set(svg, { class: "explorer-fan", role: "img", "aria-label": `Attention: ${told.join("; ")}`, ...size });
  for (let t = 0; t < T; t++) {
    for (let s = 0; s < T; s++) {
      const weight = attention[t][s];
      if (weight < 0.03) continue;
      const [from, to] = [middle(t), middle(s)];
      const d = `M${from} 2C${from} ${FAN / 2} ${to} ${FAN / 2} ${to} ${FAN - 2}`;
      const look = { d, "stroke-width": (0.75 + 5 * weight).toFixed(2), "stroke-opacity": (0.25 + 0.75 * weight).toFixed(2) };
      svg.append(set(document.createElementNS(SVG, "path"), { ...look, "data-from": t }));
    }
  }
  const below = letters.map((one) => make("bdi", { class: "column" }, wording.face(one)));
  return make("div", { class: "explorer-looks" }, svg, make("div", { class: "explorer-below", "aria-hidden": "true" }, ...below));
}

/** The same figures as a table: a row a letter, a column a model. */
export function table(views, { letters, read, known }) {
  const title = `What the models say of each letter, ${read} of ${letters.length} letters read`;
  const columns = ["letter", ...views.map((view) => view.title)];
  const rows = letters.map((one, t) =>
    make(
      "tr",
      {},
      make("th", { scope: "row" }, make("bdi", {}, wording.called(one)), known[t] ? "" : " (unknown letter)"),
      ...views.map((view) => make("td", {}, told(view, t, letters, read))),
    ),
  );
  return make(
    "table",
    { class: "explorer-table" },
    make("caption", {}, title),
    make("thead", {}, make("tr", {}, ...columns.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows),
  );
}

function told(view, t, letters, read) {
  if (!wording.decided(view, t, read)) return t < read ? "undecided" : "not yet read";
  const { attention } = view.reading;
  const said = view.best[t].map(({ tag, p }) => `${wording.spoken(tag)} ${wording.percent(p)}`).join(", ");
  return attention ? `${said}; looks at ${wording.looks(attention[t], letters)}` : said;
}
