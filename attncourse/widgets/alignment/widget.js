// Puts the parts together: the example, both sides with their lines, the map, the sound.

import { html } from "../kit/elements.js";
import { menu, setting, slider, toolbar } from "../kit/fields.js";
import { makeView, run } from "../kit/view.js";
import { map } from "./map.js";
import { compute, shownOf } from "./numbers.js";
import { sides } from "./lines.js";
import { player } from "./sound.js";
import { describe, share, toPython } from "./words.js";
export { compute, fromLink, toLink } from "./numbers.js";
export { describe, toPython } from "./words.js";

function render({ model, el }) {
  const view = makeView(model, { looks: ["side", "unit"], settings: ["examples"], python: toPython });
  /** Looks at a word or a frame; to look is no step. */
  view.look = (side, unit) => {
    if (model.get("side") === side && model.get("unit") === unit) return;
    view.change({ side, unit });
    view.rest();
  };
  const bar = toolbar(view), top = choice(view), both = sides(view), all = map(view), sound = player(view, (seconds) => both.mark(seconds));
  const end = run({ model, el }, view, {
    className: "ac-alignment", label: "What is looked at", compute, describe,
    hint: (now) => (shownOf(now).frame ? "Point at a digit or at the sound, and play it." : "Point at a word on either side."),
    parts: [bar, top, both, all, sound],
    blocks: [bar.node, top.node, sound.node, html("div", { class: "drawings" }, both.figure, all.figure)],
  });
  return () => {
    sound.stop();
    end();
  };
}

/** Which example, and how thick a line must be to be drawn. */
function choice(view) {
  const { examples, limits } = view.state();
  const example = menu(view, { name: "Example", choices: examples.each.map(({ title }, n) => [n, title]), take: (n) => view.change({ example: Number(n), side: "target", unit: 0 }) });
  const least = slider(view, { name: "Lines from", low: 0, high: limits.least, step: 0.01, text: share, take: (x) => view.change({ least: x }) }), shown = html("output", { class: "shown" });
  return {
    node: html("div", { class: "part controls choice", role: "group", "aria-label": "Example and lines" }, setting("Example", example.node), setting("Lines from", least.node, shown)),
    draw(now) {
      example.show(now.example);
      least.show(now.least);
      shown.textContent = share(now.least);
    },
  };
}

export default { render };
