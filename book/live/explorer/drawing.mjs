// How the explorer draws its models' readings of a word.

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
const UNSEEN = { "aria-hidden": "true" }; // what is said in other words
const FIRST_LINE = 0.03; // the least weight of attention that has a line

const hidden = (text) => make("span.visually-hidden", {}, text);

/** A row of the figure: its label, and a column for each letter. */
export const row = (kind, label, ...content) =>
  make(`div.explorer-row.${kind}`, {}, make("div.explorer-label", {}, ...label), ...content);

/** Everything drawn for one model. */
export function model(view, shown) {
  const name = make("p.explorer-name", {}, view.title);
  const content = view.fault ? [name, make("p.explorer-fault", {}, view.fault)] : rows(view, name, shown);
  return make("div.explorer-model", { role: "group", "aria-label": view.title }, ...content);
}

function rows(view, name, shown) {
  const { letters, read, gates, column } = shown;
  const { layers, attention } = view.reading;
  const whole = read === letters.length;
  const drawn = [row("tags", head(view, name, shown), tagCells(view, shown))];
  for (const layer of layers) {
    const label = layerName(layer, layers);
    const begun = whole || layer.direction === "forward";
    const why = `← begins at the last letter, ${wording.called(letters.at(-1))}`;
    drawn.push(row("state", [label], begun ? strip(layer.h, { read, column, label }) : waiting(why)));
    if (gates && begun) drawn.push(...gateRows(layer, label, { read, column }));
  }
  if (attention) {
    const lines = whole ? fan(attention, letters, column) : waiting("looks at the states of all letters");
    drawn.push(row("attention", ["attention"], lines));
  }
  return drawn;
}

/** A placeholder for what cannot be known before the last letter. */
const waiting = (why) => make("p.explorer-waiting", {}, why);

function head(view, name, { read, dictionary }) {
  const { cell, layers, bidirectional } = view.model.facts;
  const direction = bidirectional ? "two directions" : "one direction";
  const undecided = wording.waits(view) && read < view.best.length;
  const sounds = undecided ? "waits for the end" : wording.sounds(view, read) || "no sound";
  return [
    name,
    make("p.explorer-facts", {}, direction, layers > 1 ? `, ${layers} layers` : "", hidden(`, cell ${cell}`)),
    make("p.explorer-sounds", {}, hidden("Sounds: "), sounds),
    make("p.explorer-compared", {}, wording.compared(view, read, dictionary) ?? ""),
  ];
}

function layerName({ layer, direction }, layers) {
  if (direction === "backward") return "← state, backward";
  if (layers.some((other) => other.direction === "backward")) return "state, forward →";
  return layers.length > 1 ? `state, layer ${layer} →` : "state →";
}

function tagCells(view, { letters, read, differ }) {
  const cells = view.best.map((best, t) => {
    const letter = hidden(`${wording.called(letters[t])}: `);
    if (wording.decided(view, t, read)) return tagCell(best, letter, differ.has(t));
    const [kind, mark, why] = t < read ? ["undecided", "?", "undecided"] : ["unread", "·", "not yet read"];
    return make(`li.column.${kind}`, {}, letter, make("span.explorer-tag", UNSEEN, mark), hidden(why));
  });
  return make("ol.explorer-cells", { role: "list" }, ...cells);
}

function tagCell([first, ...runnersUp], letter, differs) {
  const bar = make("span.explorer-bar", UNSEEN);
  bar.style.setProperty("--p", first.p);
  return make(
    differs ? "li.column.differs" : "li.column",
    {},
    letter,
    make("span.explorer-tag", {}, ...tag(first)),
    bar,
    make("span.explorer-sure", {}, wording.percent(first.p)),
    ...runnersUp.filter(({ p }) => p >= 0.01).map(runnerUp),
    differs ? hidden(", the models differ") : null,
  );
}

const runnerUp = ({ spoken, p }) =>
  make("span.explorer-other", {}, hidden(", then "), `${spoken} ${wording.percent(p)}`);

/** A tag as it is shown and, if that differs, as a screen reader speaks it. */
const tag = ({ shown, spoken }) =>
  shown === spoken ? [shown] : [make("span", UNSEEN, shown), hidden(spoken)];

/** The gates of a layer, and below each letter their mean. */
function gateRows(layer, label, { read, column }) {
  const present = Object.entries(GATES).filter(([gate]) => layer.gates[gate]);
  return present.map(([gate, name]) => {
    const vectors = layer.gates[gate];
    const means = vectors.map((vector, t) => (t < read ? wording.mean(vector).toFixed(2) : ""));
    const units = strip(vectors, { read, column, label: `${name}, ${label}`, paint: opened });
    const below = make("div.explorer-means", {}, ...means.map((mean) => make("span.column", {}, mean)));
    return row("gate", [name], units, below);
  });
}

// A unit is a square if positive and a dash if negative, fainter the nearer it is to 0.
const strength = (x) => 0.15 + 0.85 * Math.min(1, Math.abs(x)) ** 0.6;
const signed = (x) => ({ colour: x < 0 ? BLUE : ORANGE, alpha: strength(x), tall: x >= 0 });
const opened = (x) => ({ colour: PURPLE, alpha: 0.1 + 0.9 * x, tall: true });

/**
 * Vectors under their letters, each as a block of small marks.
 *
 * @param {Float32Array[]} vectors (T, H)
 * @param {{read: number, column: number, label: string}} options how many of them to draw, the
 *   width of a letter in px, and what they are
 */
function strip(vectors, { read, column, label, paint = signed }) {
  const H = vectors[0].length;
  const unit = Math.floor((column - GAP) / ACROSS);
  const width = column * vectors.length;
  const height = unit * Math.ceil(H / ACROSS);
  const description = `${label}: ${H} units after each letter`;
  const canvas = make("canvas.explorer-strip", { width, height, role: "img", "aria-label": description });
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

/** A line from each tag down to each letter that it attends to, thicker for more weight. */
function fan(attention, letters, column) {
  const width = column * letters.length;
  const looks = letters.map(
    (letter, t) => `${wording.called(letter)} looks at ${wording.looks(attention[t], letters)}`,
  );
  const svg = svgElement("svg", {
    class: "explorer-fan", role: "img", "aria-label": `Attention: ${looks.join("; ")}`,
    width, height: FAN, viewBox: `0 0 ${width} ${FAN}`,
  });
  attention.forEach((weights, t) => weights.forEach((weight, s) => {
    if (weight >= FIRST_LINE) svg.append(line(column * (t + 0.5), column * (s + 0.5), weight, t));
  }));
  const below = letters.map((letter) => make("bdi.column", {}, wording.face(letter)));
  return make("div", {}, svg, make("div.explorer-below", UNSEEN, ...below));
}

const line = (from, to, weight, t) =>
  svgElement("path", {
    d: `M${from} 2C${from} ${FAN / 2} ${to} ${FAN / 2} ${to} ${FAN - 2}`,
    "stroke-width": (0.75 + 5 * weight).toFixed(2),
    "stroke-opacity": (0.25 + 0.75 * weight).toFixed(2),
    "data-from": t,
  });

function svgElement(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

/** The same numbers as a table: one row per letter, one column per model. */
export function table(views, { letters, read, known }) {
  const title = `What the models say of each letter, ${read} of ${letters.length} letters read`;
  const columns = ["letter", ...views.map((view) => view.title)];
  const rows = letters.map((letter, t) => {
    const name = make("bdi", {}, wording.called(letter));
    const cells = views.map((view) => make("td", {}, tableCell(view, t, letters, read)));
    return make("tr", {}, make("th", { scope: "row" }, name, known[t] ? "" : " (unknown letter)"), ...cells);
  });
  return make(
    "table.explorer-table",
    {},
    make("caption", {}, title),
    make("thead", {}, make("tr", {}, ...columns.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, ...rows),
  );
}

function tableCell(view, t, letters, read) {
  if (!wording.decided(view, t, read)) return t < read ? "undecided" : "not yet read";
  const tags = view.best[t].map(({ spoken, p }) => `${spoken} ${wording.percent(p)}`);
  const looks = view.reading.attention && wording.looks(view.reading.attention[t], letters);
  return tags.join(", ") + (looks ? `; looks at ${looks}` : "");
}
