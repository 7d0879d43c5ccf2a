// Puts the parts together: the drawings, the steps, the numbers, the memory, the controls.

import { html } from "../kit/elements.js";
import { button, setting, slider, toolbar } from "../kit/fields.js";
import { makeView, run } from "../kit/view.js";
import { scoreChart, valueChart } from "./charts.js";
import { memoryPanel } from "./memory.js";
import { compute } from "./numbers.js";
import { keyTable, stepTable } from "./tables.js";
import { comparison, describe, toPython } from "./words.js";
export { compute, fromLink, toLink } from "./numbers.js";
export { toPython } from "./words.js";

function render({ model, el }) {
  const view = makeView(model, { python: toPython });
  const charts = [scoreChart(view), valueChart(view)], walk = steps(view), tables = [keyTable(view), stepTable(view)];
  const memory = memoryPanel(view), bar = toolbar(view);
  const compared = html("p", { class: "compared" });
  return run({ model, el }, view, {
    className: "ac-online_softmax", label: "Online softmax, tile by tile", compute, describe,
    hint: "Take in the next tile; drag a score or a value.",
    parts: [...charts, walk, ...tables, memory, bar, { draw(now, result) { compared.textContent = comparison(now, result); } }],
    blocks: [walk.node, html("div", { class: "drawings" }, ...charts.map((chart) => chart.figure)), compared,
      html("div", { class: "tables" }, ...tables.map((table) => table.node)), memory.node,
      html("div", { class: "part controls", role: "group", "aria-label": "Settings" }, bar.node)],
  });
}

/** One tile on, one back, anywhere; and how long a tile is. */
function steps(view) {
  const n = view.state().scores.length;
  const now = () => { const state = view.state(); return Math.min(state.step, tilesOf(state)); };
  const go = (step) => { if (step >= 0 && step <= tilesOf(view.state())) view.change({ step }); };
  const back = button({ onclick: () => go(now() - 1) }, "Back"), next = button({ class: "next", onclick: () => go(now() + 1) }, "Next tile");
  const step = slider(view, { name: "Tiles read", low: 0, high: n, step: 1, text: (t) => `${t} of ${tilesOf(view.state())}`, take: (t) => view.change({ step: t }) });
  const size = slider(view, { name: "Tile size", low: 1, high: n, step: 1, text: (size_) => `${size_} keys`, take: (tileLen) => view.change({ tile_len: tileLen }) });
  const [at, long] = [0, 0].map(() => html("output", { class: "shown" }));
  return {
    node: html("div", { class: "part controls steps", role: "group", "aria-label": "Steps" }, html("div", { class: "buttons" }, back, next),
      setting("Tiles read", step.node, at), setting("Tile size", size.node, long)),
    draw(state, { n_tiles: tiles }) {
      step.node.max = tiles;
      step.show(now());
      at.textContent = `${now()} of ${tiles}`;
      size.show(state.tile_len);
      long.textContent = state.tile_len;
      back.setAttribute("aria-disabled", now() === 0);
      next.setAttribute("aria-disabled", now() === tiles);
    },
  };
}

const tilesOf = ({ scores, tile_len: tileLen }) => Math.ceil(scores.length / tileLen);

export default { render };
