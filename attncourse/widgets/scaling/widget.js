// Puts the parts together: one draw, the chart, the controls.

import { html } from "../kit/elements.js";
import { button, chooser, numberField, setting, slider, toolbar } from "../kit/fields.js";
import { makeView, run } from "../kit/view.js";
import { fixed, subscript } from "../kit/words.js";
import { chart } from "./chart.js";
import { compute } from "./numbers.js";
import { describe, toPython } from "./words.js";
export { compute, fromLink, toLink } from "./numbers.js";
export { toPython } from "./words.js";

function render({ model, el }) {
  const view = makeView(model, { settings: ["n_keys", "seed", "products"], python: toPython });
  const drawn = oneDraw(view), curves = chart(view), below = controls(view);
  return run({ model, el }, view, {
    className: "ac-scaling", label: "Width and temperature against saturation", compute, describe,
    hint: "Move the width in the chart or with its slider; then change the scale.",
    parts: [drawn, curves, below],
    blocks: [html("div", { class: "drawings" }, drawn.figure, curves.figure), below.node],
  });
}

/** The keys of one draw: score, and weight as a bar. */
function oneDraw(view) {
  const title = html("span", {}), measured = html("p", { class: "measured" });
  const rows = Array.from({ length: view.state().n_keys }, (_, j) => {
    const cells = { score: html("td"), bar: html("td", { class: "wide" }, html("span", { class: "weight" })), weight: html("td") };
    return { ...cells, row: html("tr", {}, html("th", { scope: "row", class: "k" }, `k${subscript(j + 1)}`), ...Object.values(cells)) };
  });
  const table = html("table", {},
    html("caption", { class: "unseen" }, "Scores and weights of one draw, one line a key"),
    html("thead", {}, html("tr", {}, html("td"), html("th", { scope: "col" }, "score"), html("th", { scope: "col", colspan: 2 }, "weight"))),
    html("tbody", {}, ...rows.map(({ row }) => row)));
  return {
    figure: html("figure", { class: "part" }, html("figcaption", {}, html("b", {}, "One draw"), " ", title), table, measured),
    draw(now, result) {
      title.textContent = `number ${now.draw + 1}: a random query and ${now.n_keys} random keys`;
      rows.forEach(({ score, bar, weight }, j) => {
        score.textContent = fixed(result.scores[j]);
        bar.firstChild.style.setProperty("--share", `${100 * result.weights[j]}%`);
        weight.textContent = fixed(result.weights[j]);
      });
      measured.textContent = `entropy ${fixed(result.entropy)} of the highest, gradient norm ${fixed(result.gradient)}`;
    },
  };
}

function controls(view) {
  const { limits } = view.state(), { widths, draws } = limits, [low, high] = limits.temperature;
  const bar = toolbar(view);
  const width = slider(view, { name: "Width", low: 0, high: widths.length - 1, step: 1, text: (n) => widths[n], take: (n) => view.change({ width: widths[n] }) });
  const shown = html("output", { class: "shown" });
  const warmth = slider(view, { name: "Temperature", low: -2, high: 2, step: 0.01, text: (t) => fixed(10 ** t), take: (t) => view.change({ temperature: Number((10 ** t).toPrecision(3)) }) });
  const exact = numberField(view, { name: "Temperature", label: "Temperature as a number", low, high, step: 0.1, take: (temperature) => view.change({ temperature }) });
  const scale = chooser(view, { name: "Dot products divided by", choices: [["root", "√d"], ["none", "nothing"], ["width", "d"]], take: (name) => view.change({ scale: name }) });
  const draw = numberField(view, { name: "Draw", whole: true, low: 1, high: draws, step: 1, take: (n) => view.change({ draw: n - 1 }) });
  const another = button({ onclick: () => view.change({ draw: (view.state().draw + 1) % draws }) }, "Next draw");
  return {
    node: html("div", { class: "part controls", role: "group", "aria-label": "Settings" }, bar.node,
      setting("Width", width.node, shown), setting("Divided by", scale.node),
      setting("Temperature", warmth.node, exact.node), setting("Draw", draw.node, another)),
    draw(now) {
      bar.draw(now);
      width.show(widths.indexOf(now.width));
      shown.textContent = now.width;
      scale.show(now.scale);
      warmth.show(Math.log10(now.temperature));
      exact.show(now.temperature);
      draw.show(now.draw + 1);
    },
  };
}

export default { render };
