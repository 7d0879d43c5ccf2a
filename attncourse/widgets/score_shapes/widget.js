// Puts the parts together: the score, the plane, the numbers beside it, the controls.

import { html } from "../kit/elements.js";
import { makeView, run } from "../kit/view.js";
import { compute } from "./numbers.js";
import { controls, fiveTable, keyTable, scoreChooser } from "./panels.js";
import { plane } from "./picture.js";
import { CHOICES, describe, toPython } from "./words.js";
export { contour } from "./field.js";
export { compute, fromLink, learn, toLink } from "./numbers.js";
export { toPython } from "./words.js";

function render({ model, el }) {
  const view = makeView(model, { settings: ["places"], python: toPython });
  const which = scoreChooser(view, CHOICES), picture = plane(view), tables = [keyTable(view), fiveTable(view)], below = controls(view);
  return run({ model, el }, view, {
    className: "ac-score_shapes", label: "Score functions over a plane of keys", compute, describe,
    hint: "Choose a score; drag the query or a key.",
    parts: [which, picture, ...tables, below],
    blocks: [which.node, html("div", { class: "drawings" }, picture.figure, html("div", {}, ...tables.map(({ node }) => node))), below.node],
  });
}

export default { render };
