// Puts the parts together: the mask, the weights beside it, the controls and the traps.

import { html, write } from "../kit/elements.js";
import { button, chooser, setting, slider, toolbar } from "../kit/fields.js";
import { makeView, run } from "../kit/view.js";
import { capital, fixed } from "../kit/words.js";
import { maskGrid } from "./grid.js";
import { compute, layOut, sameMask, SIZED } from "./numbers.js";
import { describe, hasMoved, keyName, moves, queryName, sizeName, toPython, traps } from "./words.js";
export { compute, fromLink, layOut, toLink, way } from "./numbers.js";
export { describe, toPython, traps } from "./words.js";

function render({ model, el }) {
  const view = makeView(model, { looks: ["against"], settings: ["scores"], python: toPython });
  Object.assign(view, {
    /** Sets cells, and leaves the mask the same object where nothing changes. */
    paint(cells, value) {
      const mask = model.get("mask").map((row) => [...row]);
      for (const [i, j] of cells) mask[i][j] = value;
      if (!sameMask(mask, model.get("mask"))) view.change({ mask });
    },
  });
  const grid = maskGrid(view), matrix = weights(view), below = controls(view), list = trapList();
  return run({ model, el }, view, {
    className: "ac-mask_painter", label: "A mask to paint", compute, describe,
    hint: "Paint by dragging, or with arrows and Space.",
    parts: [grid, matrix, below, list],
    // The list comes last: as it grows and shrinks, it moves nothing that a hand is on.
    blocks: [html("div", { class: "drawings" }, grid.figure, matrix.figure), below.node, list.node],
  });
}

/** The weights, outlined where they moved. */
function weights(view) {
  const { scores } = view.state(), said = html("p", { class: "measured" });
  const cells = scores.map((row) => row.map(() => html("td", {}, html("span", { class: "weight" }), html("span", { class: "unseen" }))));
  const sums = scores.map(() => html("td", { class: "count" }));
  const table = html("table", {}, html("caption", { class: "unseen" }, "Weights, one row a query, one column a key"),
    html("thead", {}, html("tr", {}, html("td"), ...scores[0].map((_, j) => html("th", { scope: "col", class: "k" }, keyName(j))), html("th", { scope: "col" }, "sum"))),
    html("tbody", {}, ...cells.map((row, i) => html("tr", {}, html("th", { scope: "row", class: "q" }, queryName(i)), ...row, sums[i]))));
  return {
    figure: html("figure", { class: "part cells weights" }, html("figcaption", {}, html("b", {}, "Weights"), " outlined: it grew; dashed: it shrank"), table, said),
    draw(now, result) {
      cells.forEach((row, i) => {
        const sum = result.weights[i].reduce((a, b) => a + b, 0);
        write(sums[i], fixed(sum));
        sums[i].classList.toggle("empty", result.empty[i]);
        row.forEach((cell, j) => {
          const [shown, spoken] = cell.children, by = result.moved[i][j], up = hasMoved(by) && by > 0, down = hasMoved(by) && by < 0;
          write(shown, now.mask[i][j] ? fixed(result.weights[i][j]) : "–");
          shown.style.setProperty("--share", `${100 * result.weights[i][j]}%`);
          shown.classList.toggle("masked", !now.mask[i][j]);
          shown.classList.toggle("up", up);
          shown.classList.toggle("down", down);
          write(spoken, up ? " grew" : down ? " shrank" : "");
        });
      });
      write(said, moves(now, result));
    },
  };
}

function controls(view) {
  const { limits, scores } = view.state(), bar = toolbar(view), [low, high] = limits.strength;
  const put = (mask, nothing) => {
    if (sameMask(mask, view.state().mask)) view.say(nothing);
    else view.change({ mask });
  };
  const off = (step, name) => button({ onclick: () => put(layOut(view.state(), { step }), `${name} changes nothing here.`) }, name);
  const flipped = () => view.state().mask.map((row) => row.map((x) => !x));
  const spoil = html("div", { class: "buttons", role: "group", "aria-label": "Break it" },
    button({ onclick: () => put(flipped()) }, "Invert"), off(1, "One too far"), off(-1, "One too short"),
    button({ onclick: () => put(scores.map((row) => row.map(() => false)), "All is hidden already.") }, "Hide all"));
  const strength = slider(view, { name: "Strength of the scores", low, high, step: 0.25, text: (x) => fixed(x), take: (x) => view.change({ strength: x }) });
  const strong = html("output", { class: "shown" });
  const size = slider(view, { name: "Size", low: 1, high: scores[0].length, step: 1, take: (n) => view.change({ size: n, mask: layOut(view.state(), { size: n }) }) });
  const sized = html("output", { class: "shown" }), sizing = setting("Size", size.node, sized);
  const against = chooser(view, { name: "Moved against", choices: [["nothing", "no mask"], ["rule", "the rule"]], take: (name) => view.change({ against: name }) });
  return {
    node: html("div", { class: "part controls", role: "group", "aria-label": "Settings" }, bar.node,
      setting("Break it", spoil), setting("Scores times", strength.node, strong), setting("Moved against", against.node), sizing),
    draw(now) {
      bar.draw(now);
      strength.show(now.strength);
      strong.textContent = fixed(now.strength);
      against.show(now.against);
      size.show(now.size);
      sized.textContent = now.size;
      sizing.firstChild.textContent = sizeName(now.rule);
      size.node.setAttribute("aria-label", sizeName(now.rule));
      sizing.classList.toggle("absent", !SIZED.includes(now.rule));
    },
  };
}

/** The traps by name, as long as the mask is in them. */
function trapList() {
  let shown = "";
  const list = html("ul"), none = html("p", { class: "none" }, "No trap.");
  return {
    node: html("div", { class: "part traps", role: "group", "aria-label": "Traps" }, none, list),
    draw(now, result) {
      const found = traps(now, result), text = JSON.stringify(found);
      if (text === shown) return;
      shown = text;
      none.classList.toggle("absent", found.length > 0);
      list.replaceChildren(...found.map(({ name, short, long }) => html("li", {}, html("b", {}, name), ` ${capital(short)}. ${long}`)));
    },
  };
}

export default { render };
