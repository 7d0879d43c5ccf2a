// The weights as a map, a row a sound, a column a letter; each row has a handle that pulls it.

import { assign, html, svg, write } from "../kit/elements.js";
import { addHandle, makeDrawing, place } from "../kit/handles.js";
import { fixed } from "../kit/words.js";
import { MOST_LETTERS, MOST_ROWS } from "./network.js";
import { placeOf } from "./numbers.js";
import { lookText, soundName } from "./words.js";

const WIDE = 360, LEFT = 48, TOP = 30, ROW = 38, WIDEST = 52, ROOMY = 34;
// Within a row: where its number stands, and where its handle runs.
const NUMBER = 16, TRACK = 26;

export function soundMap(view) {
  const now = { word: "", weights: [], sounds: [] };
  const columnOf = () => Math.min(WIDEST, (WIDE - LEFT - 4) / now.word.length);
  const fromPlace = ([letter, row]) => [LEFT + (letter + 0.5) * columnOf(), TOP + row * ROW + TRACK];
  const toPlace = ([x, y]) => [(x - LEFT) / columnOf() - 0.5, (y - TOP - TRACK) / ROW];
  const heads = Array.from({ length: MOST_LETTERS }, () => svg("text", { class: "letter", y: 20 }));
  const rows = Array.from({ length: MOST_ROWS }, (_, row) => makeRow(view, row));
  const drawing = makeDrawing({ wide: WIDE, high: 400, label: "Where each sound looks, one row a sound, one column a letter", toPlace, fromPlace },
    ...heads, ...rows.map(({ node }) => node));
  const handles = rows.map((_, row) => addHandle(drawing, {
    id: `row${row}`, className: "q", name: `Row ${row + 1}`, mark: svg("circle", { class: "mark", r: 6.5 }),
    at: () => [placeOf(now.weights[row]), row],
    move: ([letter]) => view.pull(row, snapped(letter, now.word.length)),
    nudge: ([across, up]) => {
      if (up) handles[row - up]?.node.focus();
      else view.pull(row, nextLetter(placeOf(now.weights[row]), across, now.word.length));
    },
    focus: () => view.select(row),
  }));
  return {
    figure: html("figure", { class: "part map" }, html("figcaption", {}, html("b", {}, "Weights"), " a row a sound, a column a letter"), drawing.root),
    draw(state, result, names) {
      Object.assign(now, { word: state.word, weights: result?.weights ?? [], sounds: result?.sounds ?? [] });
      const column = columnOf(), high = TOP + Math.max(now.weights.length, 1) * ROW + 4;
      assign(drawing.root, { viewBox: `0 0 ${WIDE} ${high}` });
      heads.forEach((head, j) => {
        write(head, now.word[j] ?? "");
        if (j < now.word.length) assign(head, { x: LEFT + (j + 0.5) * column });
      });
      rows.forEach((row, i) => row.draw(state, now.weights[i], { column, name: i in now.sounds ? soundName(names, now.sounds[i]) : "" }));
      // A pointer takes the nearest of these.
      drawing.handles = handles.slice(0, now.weights.length);
      handles.forEach((handle, i) => {
        const shown = i < now.weights.length, by = state.hand.some(([sound]) => sound === i);
        if (!shown) handle.node.remove();
        else if (!handle.node.isConnected) drawing.root.append(handle.node);
        if (!shown) return;
        handle.node.classList.toggle("quiet", !by);
        assign(handle.node, { "aria-label": `Look of sound ${i + 1}, ${soundName(names, now.sounds[i])}` });
        place(drawing, handle, { text: lookText(now.word, now.weights[i]), low: 1, high: now.word.length, now: fixed(placeOf(now.weights[i]) + 1, 2).replace("−", "-") });
      });
    },
  };
}

/** Where a row is pulled to: within the word, and wholly on a letter when it is near one. */
function snapped(letter, count) {
  const at = Math.min(Math.max(letter, 0), count - 1), whole = Math.round(at);
  return Math.abs(at - whole) < 0.15 ? whole : Math.round(at * 20) / 20;
}

/** The next letter to one side. */
function nextLetter(at, way, count) {
  const near = Math.round(at * 1000) / 1000;
  return Math.min(Math.max(way > 0 ? Math.floor(near) + 1 : Math.ceil(near) - 1, 0), count - 1);
}

/** One row: its sound's name, and a cell for each letter. */
function makeRow(view, row) {
  const name = svg("text", { class: "sound", x: LEFT - 8, y: TOP + (row + 0.5) * ROW + 5 });
  const frame = svg("rect", { class: "frame", x: 1, y: TOP + row * ROW + 1, height: ROW - 2, rx: 4 });
  const cells = Array.from({ length: MOST_LETTERS }, () => ({
    box: svg("rect", { class: "cell", y: TOP + row * ROW + 2, height: ROW - 4, rx: 2 }),
    text: svg("text", { class: "number", y: TOP + row * ROW + NUMBER }),
  }));
  const node = svg("g", {}, frame, name);
  node.addEventListener("click", () => view.select(row));
  const shown = { row: true, count: 0, column: 0, shares: [], texts: [] };
  /** Puts the cells where they belong: only when the word has another length, since it costs the most. */
  function layOut(count, column) {
    Object.assign(shown, { count, column, texts: [] });
    assign(frame, { width: LEFT + column * count });
    cells.forEach(({ box, text }, j) => {
      if (j >= count) box.remove();
      else if (!box.isConnected) node.insertBefore(box, name);
      if (j >= count || column < ROOMY) text.remove();
      else if (!text.isConnected) node.insertBefore(text, name);
      if (j >= count) return;
      assign(box, { x: LEFT + j * column + 1, width: column - 2 });
      if (column >= ROOMY) assign(text, { x: LEFT + (j + 0.5) * column });
    });
  }
  return {
    node,
    draw(state, weights, { column, name: said }) {
      if (Boolean(weights) !== shown.row) node.style.display = weights ? "" : "none";
      shown.row = Boolean(weights);
      if (!weights) return;
      if (weights.length !== shown.count || column !== shown.column) layOut(weights.length, column);
      write(name, said);
      node.classList.toggle("selected", state.selected === row);
      const held = new Set(state.hand.filter(([sound]) => sound === row).map(([, letter]) => letter));
      weights.forEach((weight, j) => {
        const { box, text } = cells[j], share = `${(100 * weight).toFixed(1)}%`;
        if (shown.shares[j] !== share) box.style.setProperty("--share", share);
        box.classList.toggle("set", held.has(j));
        shown.shares[j] = share;
        const number = weight >= 0.005 ? fixed(weight) : "";
        if (shown.texts[j] !== number) text.textContent = number;
        shown.texts[j] = number;
      });
    },
  };
}
