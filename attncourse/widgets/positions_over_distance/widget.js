// Puts the parts together: the scheme, the drawings, what it is made of, what is new, the settings.

import { html } from "../kit/elements.js";
import { chooser, menu, numberField, setting, slider, toolbar } from "../kit/fields.js";
import { makeView, run } from "../kit/view.js";
import { fixed } from "../kit/words.js";
import { curve, everywhere, sequence } from "./charts.js";
import { compute } from "./numbers.js";
import { insides } from "./panels.js";
import { describe, matters, NAMES, news, toPython } from "./words.js";
export { fromLink, toLink } from "./parts.js";
export { compute } from "./numbers.js";
export { toPython } from "./words.js";

const SCALINGS = [["none", "as trained"], ["interpolation", "interpolated"], ["ntk", "NTK-aware"], ["yarn", "YaRN"]];

function render({ model, el }) {
  const view = makeView(model, { python: toPython });
  const top = sequence(view), line = curve(view), along = everywhere(view), inner = insides(view), below = controls(view);
  const method = chooser(view, { name: "Positions", choices: view.state().limits.methods.map((name) => [name, NAMES[name]]), take: (name) => view.change({ method: name }) });
  const fresh = html("p", { class: "news" });
  return run({ model, el }, view, {
    className: "ac-positions_over_distance", label: "Positions over the distance", compute, describe,
    hint: "Drag the key; move query and key together; drag the trained length.",
    parts: [top, line, along, inner, below, { draw(now, result) { method.show(now.method); fresh.textContent = news(now, result); } }],
    blocks: [html("div", { class: "scheme" }, method.node),
      html("div", { class: "drawings" }, html("div", { class: "part" }, top.figure, line.figure, along.figure), html("div", { class: "part" }, inner.node, fresh)),
      below.node],
  });
}

/** The settings that matter to the scheme, and the toolbar. */
function controls(view) {
  const { limits } = view.state(), bar = toolbar(view), rows = {};
  const whole = (name, title) => {
    const [low, high] = limits[name], shown = html("output", { class: "shown" });
    const node = slider(view, { name: title, low, high, step: 1, take: (n) => view.change({ [name]: n }) });
    rows[name] = { node: setting(title, node.node, shown), show(n) { node.show(n); shown.textContent = n; } };
  };
  const some = (name, title, choices, make = chooser) => {
    const node = make(view, { name: title, choices, take: (value) => view.change({ [name]: value }) });
    rows[name] = { node: setting(title, node.node), show: node.show };
  };
  const numbers = (list) => list.map((n) => [n, n]);
  some("scaling", "Angles", SCALINGS, menu);
  const [low, high] = limits.base, exact = numberField(view, { name: "Base", label: "Base as a number", low, high, step: 1, digits: 0, take: (base) => view.change({ base }) });
  const rough = slider(view, { name: "Base", low: Math.log10(low), high: Math.log10(high), step: 0.01, text: (t) => fixed(10 ** t, 0),
    take: (t) => view.change({ base: Math.min(Math.max(Number((10 ** t).toPrecision(2)), low), high) }) });
  rows.base = { node: setting("Base", rough.node, exact.node), show(base) { rough.show(Math.log10(base)); exact.show(base); } };
  some("between", "Between two clocks", [["nothing", "nothing"], ["matrix", "a drawn matrix"]]);
  whole("ago", "Looks back");
  some("d_k", "Width", numbers(limits.d_k));
  whole("n_heads", "Heads");
  some("n_buckets", "Buckets", numbers(limits.n_buckets));
  whole("max_distance", "Last bucket by");
  whole("furthest", "Clipped from");
  const loud = html("output", { class: "shown" }), strength = slider(view, { name: "Scores times", low: limits.strength[0], high: limits.strength[1], step: 0.25, text: (x) => fixed(x), take: (x) => view.change({ strength: x }) });
  rows.strength = { node: setting("Scores times", strength.node, loud), show(x) { strength.show(x); loud.textContent = fixed(x); } };
  return {
    node: html("div", { class: "part controls", role: "group", "aria-label": "Settings" }, ...Object.values(rows).map(({ node }) => node), bar.node),
    draw(now) {
      bar.draw(now);
      for (const [name, row] of Object.entries(rows)) {
        row.node.hidden = !matters(now, name);
        row.show(now[name]);
      }
    },
  };
}

export default { render };
