// Puts the parts together: one view on a model, which may have several.

import { html } from "../kit/elements.js";
import { makeView, run } from "../kit/view.js";
import { fixed, pair, subscript } from "../kit/words.js";
import { compute, roomFor } from "./numbers.js";
import { controlsPanel, rowPanel, weightsPanel } from "./panels.js";
import { comparison, mixture, scene } from "./picture.js";
import { describe, naming, toPython } from "./words.js";
export { hull } from "../kit/hull.js";
export { compute, fromLink, toLink } from "./numbers.js";
export { toPython } from "./words.js";

const HINT = "Drag any point, or move it with the arrow keys.";

function render({ model, el }) {
  const view = makeView(model, { looks: ["selected"], settings: ["labels", "panels", "height"], python: toPython });
  const first = view.state();
  const setAt = (list, at, value) => list.map((old, n) => (n === at ? value : old));

  Object.assign(view, scene(first.start), {
    names: naming(first), hot: null,
    heat(handle, only) {
      if (handle === null && view.hot !== only) return;
      view.hot = handle;
      view.draw();
    },
    move(kind, index, to) {
      const at = to.map((x, axis) => Math.round(Math.min(Math.max(x, view.bounds[axis][0]), view.bounds[axis][1]) * 100) / 100);
      view.change({ [kind]: setAt(model.get(kind), index, at) });
    },
    setCell(name, j, value) {
      const rows = model.get(name), i = model.get("selected");
      view.change({ [name]: setAt(rows, i, setAt(rows[i], j, value)) });
    },
    allow(i, j, yes) {
      const mask = setAt(model.get("mask"), i, setAt(model.get("mask")[i], j, yes));
      const pins = setAt(model.get("pins"), i, setAt(model.get("pins")[i], j, null));
      view.change({ mask, pins, selected: i });
    },
    /** Pins a weight, or returns why it cannot be, or not so high. */
    pin(j, value) {
      const now = view.state(), i = now.selected, row = now.pins[i];
      const others = row.map((_, n) => n).filter((n) => n !== j && now.mask[i][n] && row[n] === null);
      if (others.length === 0) {
        return "One weight must stay free, to take what the pinned ones leave. Unpin another first.";
      }
      const room = roomFor(row, j);
      view.setCell("pins", j, Math.min(value, room));
      return value > room ? `The other pinned weights leave ${fixed(room)}, so this one can have no more.` : "";
    },
    togglePin(j) {
      const now = view.state(), i = now.selected;
      if (now.pins[i][j] !== null) view.setCell("pins", j, null);
      else {
        const why = view.pin(j, Math.round(compute(now).weights[i][j] * 1e4) / 1e4);
        if (why) view.say(why);
      }
    },
  });

  const parts = [], blocks = [];
  if (first.panels.includes("plane")) {
    const drawings = [comparison(view), mixture(view)], sum = html("p", { class: "sum" });
    parts.push(...drawings, { draw: (now, result) => drawSum(sum, view.names, now.selected, result) });
    blocks.push(html("div", { class: "drawings" }, ...drawings.map((each) => each.figure)), sum);
  }
  const tables = [["row", rowPanel], ["weights", weightsPanel]].filter(([name]) => first.panels.includes(name)).map(([, build]) => build(view));
  parts.push(...tables);
  if (tables.length) blocks.push(html("div", { class: "tables" }, ...tables.map((each) => each.node)));
  if (first.panels.includes("presets") || first.panels.includes("settings")) {
    parts.push(controlsPanel(view, first.panels));
    blocks.push(parts.at(-1).node);
  }
  return run({ model, el }, view, {
    className: "ac-plane", label: "Attention in the plane", compute, describe, parts, blocks,
    hint: first.panels.includes("plane") ? HINT : "",
  });
}

/** The output as a sum, with the weights that are shown everywhere else. */
function drawSum(node, names, i, { weights, output }) {
  const terms = weights[i].map((w, j) => `<span${w < 0.005 ? ' class="nil"' : ""}>${fixed(w)}·<b>v${subscript(j + 1)}</b></span>`);
  node.innerHTML = `${names.o(i)} = ${terms.join(" + ")} = <strong>${pair(output[i])}</strong>`;
}

export default { render };
