// Puts the parts together: the text, two charts, the bars, the numbers, the model, the device.

import { html } from "../kit/elements.js";
import { toolbar } from "../kit/fields.js";
import { makeView, run } from "../kit/view.js";
import { memoryBar, partTable, shareBars } from "./bars.js";
import { deviceControls, modelControls, textControls } from "./controls.js";
import { lengthChart } from "./lengths.js";
import { compute } from "./numbers.js";
import { roofline } from "./roofline.js";
import { describe, toPython } from "./words.js";
export { compute, fromLink, toLink } from "./numbers.js";
export { toPython } from "./words.js";

function render({ model, el }) {
  const view = makeView(model, { looks: ["shown"], python: toPython });
  const asked = textControls(view), charts = [roofline(view), lengthChart(view)];
  const bars = shareBars(), numbers = partTable(), memory = memoryBar();
  const sizes = modelControls(view), device = deviceControls(view), bar = toolbar(view);
  return run({ model, el }, view, {
    className: "ac-cost_roofline", label: "Operations, bytes, cache and time on a roofline", compute, describe,
    hint: "Move the length, the batch and the heads of keys; then let the model read. These are lower bounds, not measurements.",
    parts: [asked, ...charts, bars, numbers, memory, sizes, device, bar],
    blocks: [html("div", { class: "part" }, bar.node), asked.node, html("div", { class: "drawings" }, ...charts.map(({ figure }) => figure)),
      html("div", { class: "tables" }, html("div", { class: "part" }, html("div", { class: "heading" }, "One step ", html("small", {}, "part by part; G is 10⁹, T is 10¹²")), bars.node, numbers.node),
        html("div", { class: "part" }, html("div", { class: "heading" }, "What is kept ", html("small", {}, "in the device’s memory")), memory.node)),
      html("div", { class: "part controls own" }, sizes.node, device.node)],
  });
}

export default { render };
