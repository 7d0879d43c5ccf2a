// One head, large: how the last characters look, and the last one's row as bars that are painted.

import { arrow, assign, html, icon, svg, take, write } from "../kit/elements.js";
import { button, numberField, slider } from "../kit/fields.js";
import { capital, fixed, percent } from "../kit/words.js";
import { paint } from "./heads.js";
import { N_KEYS, N_QUERIES, pinsOf } from "./numbers.js";
import { headName, isOff, lookText, placed, sign } from "./words.js";

const WIDE = 360, LEFT = 20, TOP = 20, ROW = 12, COLUMN = (WIDE - LEFT - 2) / N_KEYS;
const ROWS = N_QUERIES - 1, BARS = TOP + ROWS * ROW + 8, HIGH = 70, BOTTOM = BARS + HIGH, WHOLE = BOTTOM + 20;
const columnAt = (back) => LEFT + (N_KEYS - 1 - back) * COLUMN;

export function headMap(view) {
  const columns = Array.from({ length: N_KEYS }, (_, back) => ({
    above: svg("text", { class: "letter", x: columnAt(back) + COLUMN / 2, y: TOP - 6 }),
    below: svg("text", { class: "letter", x: columnAt(back) + COLUMN / 2, y: BOTTOM + 14 }),
    ground: svg("rect", { class: "ground", x: columnAt(back) + 0.5, y: BARS, width: COLUMN - 1, height: HIGH }),
    bar: svg("rect", { class: "weight", x: columnAt(back) + 0.5, width: COLUMN - 1, y: BOTTOM, height: 0 }),
  }));
  const rows = Array.from({ length: N_QUERIES }, (_, query) => ({
    name: svg("text", { class: "query", y: query ? TOP + (ROWS - query + 1) * ROW - 2 : BARS + HIGH / 2 + 4 }),
  }));
  const chosen = svg("rect", { class: "chosen", y: BARS - 2, width: COLUMN + 1, height: HIGH + 4, rx: 2 });
  const painter = svg("g", { class: "painter", tabindex: 0, role: "slider", "aria-roledescription": "row of weights", "aria-label": "Weights of the last character", "aria-valuemin": 0, "aria-valuemax": 1 },
    svg("rect", { class: "reach", x: LEFT, y: BARS - 4, width: WIDE - LEFT, height: HIGH + 8 }),
    ...columns.flatMap(({ ground, bar }) => [ground, bar]), chosen);
  const root = svg("svg", { viewBox: `0 0 ${WIDE} ${WHOLE}`, role: "group", "aria-label": "How the chosen head looks: a row a query, a column a key" },
    ...rows.map(({ name }) => name), ...columns.flatMap(({ above, below }) => [above, below]), painter);
  paintable(view, root, painter);
  const name = html("b"), says = html("span");
  const canvas = html("canvas", { width: N_KEYS, height: ROWS, "aria-hidden": "true" }), context = canvas.getContext("2d");
  const part = (x, whole) => `${(100 * x) / whole}%`;
  Object.assign(canvas.style, { left: part(LEFT, WIDE), top: part(TOP, WHOLE), width: part(COLUMN * N_KEYS, WIDE), height: part(ROWS * ROW, WHOLE) });
  return {
    figure: html("figure", { class: "part map" }, html("figcaption", {}, name, " ", says), html("div", { class: "whole" }, canvas, root)),
    draw({ key }, result) {
      if (!result) return;
      const { state, map } = result, { text, layer, head } = state, [last] = map;
      root.parentNode.classList.toggle("off", isOff(state, layer, head));
      paint(context, map, text.length, 1);
      write(name, `${capital(headName(layer, head))}${isOff(state, layer, head) ? ", off" : ""}.`);
      write(says, `${lookText(text, last)}. A row a query, a column a key, its colour the root of the weight; the last row as bars.`);
      const held = new Map(pinsOf(state.hand, layer, head));
      columns.forEach(({ above, below, ground, bar }, back) => {
        const letter = back < text.length ? sign(text.at(-1 - back)) : "", high = HIGH * last[back];
        write(above, letter);
        write(below, letter);
        ground.style.display = letter ? "" : "none";
        assign(bar, { y: (BOTTOM - high).toFixed(1), height: high.toFixed(1) });
        bar.classList.toggle("set", held.has(back));
        ground.classList.toggle("set", held.has(back));
      });
      rows.forEach(({ name: label }, query) => {
        write(label, query < text.length ? sign(text.at(-1 - query)) : "");
        assign(label, { x: columnAt(Math.min(text.length, N_KEYS) - 1) - 7 });
      });
      const at = Math.min(key, text.length - 1);
      assign(chosen, { x: columnAt(at) - 0.5 });
      assign(painter, { "aria-valuenow": last[at].toFixed(2), "aria-valuetext": `${placed(text, at)}: ${fixed(last[at])}${held.has(at) ? ", set by hand" : ""}` });
    },
  };
}

/** Lets pointer and keys set weights: where the pointer is, as high as it is. */
function paintable(view, root, painter) {
  function follow(event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(root.getScreenCTM().inverse());
    const back = Math.min(Math.max(N_KEYS - 1 - Math.floor((x - LEFT) / COLUMN), 0), N_KEYS - 1);
    view.pin(back, Math.round(100 * Math.min(Math.max((BOTTOM - y) / HIGH, 0), 1)) / 100);
  }
  painter.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  painter.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.preventDefault();
    painter.focus({ preventScroll: true });
    painter.setPointerCapture(event.pointerId);
    follow(event);
    const move = (other) => { if (other.pointerId === event.pointerId) follow(other); };
    painter.addEventListener("pointermove", move);
    const end = () => painter.removeEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) painter.addEventListener(name, end, { once: true });
  });
  painter.addEventListener("keydown", (event) => {
    const way = arrow(event);
    if (!way) return;
    take(event);
    if (way[0]) view.choose(-way[0]);
    else view.nudge(way[1] * (event.shiftKey ? 0.2 : 0.05));
  });
}

/** The chosen head: switched off and on, the chosen weight in numbers, and the ways back. */
export function headPanel(view) {
  const off = button({ onclick: () => view.toggle() }, "Switch this head off");
  const all = button({ class: "plain", onclick: () => view.change({ off: [] }) }, "All heads on");
  const clear = button({ class: "plain", onclick: () => view.change({ hand: [] }) }, "All weights back");
  const which = html("span", { class: "k" }), what = "Chosen weight";
  const share = slider(view, { name: what, low: 0, high: 1, step: 0.01, class: "share", text: percent, take: (w) => view.pin(view.keyNow(), w) });
  const exact = numberField(view, { name: what, label: `${what} as a number`, low: 0, high: 1, step: 0.05, take: (w) => view.pin(view.keyNow(), w) });
  const back = button({ class: "tiny", "aria-label": "Chosen weight: give it back to the model", title: "The model’s own weight", onclick: () => view.free(view.keyNow()) }, icon("back"));
  return {
    node: html("div", { class: "part head" }, html("div", { class: "weight-row" }, which, share.node, exact.node, back),
      html("div", { class: "buttons" }, off, all, clear)),
    draw({ key }, result) {
      if (!result) return;
      const { state, map: [last] } = result, { layer, head } = state, at = Math.min(key, state.text.length - 1);
      const isSet = pinsOf(state.hand, layer, head).some(([each]) => each === at);
      write(off, isOff(state, layer, head) ? "Switch this head on" : "Switch this head off");
      all.classList.toggle("absent", !state.off.length);
      clear.classList.toggle("absent", !state.hand.length);
      write(which, placed(state.text, at));
      share.show(last[at]);
      exact.show(last[at]);
      exact.node.classList.toggle("edited", isSet);
      back.classList.toggle("absent", !isSet);
    },
  };
}
