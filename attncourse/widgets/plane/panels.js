// The numbers beside the drawings: one query's row, all weights, and the controls.

import { cellGrid } from "../kit/cells.js";
import { html, icon } from "../kit/elements.js";
import { button, chooser, menu, numberField, setting, slider, toolbar } from "../kit/fields.js";
import { fixed } from "../kit/words.js";

/** One line a key: may the query look, its score, its share of the softmax, its weight. */
export function rowPanel(view) {
  const state = view.state(), { names } = view, bound = state.limits.score;
  const chosen = chooser(view, { name: "Query shown", choices: state.q.map((_, i) => [i, names.queryCell(i)]), take: (i) => view.change({ selected: i }) });
  const lines = state.k.map((_, j) => {
    const see = html("input", { type: "checkbox", "aria-label": `The query may look at ${names.key(j)}`, onchange: () => view.allow(view.state().selected, j, see.checked) });
    const score = numberField(view, { name: `Score of ${names.key(j)}`, low: -bound, high: bound, step: 0.1, take: (x) => view.setCell("score_edits", j, x) });
    const back = button({ class: "tiny", title: "Back to the computed score", "aria-label": `Back to the computed score of ${names.key(j)}`, onclick: () => view.setCell("score_edits", j, null) }, icon("back"));
    const exp = html("span", { class: "number" });
    const bar = slider(view, { name: `Weight of ${names.key(j)}`, low: 0, high: 1, step: 0.01, class: "share", take: (x) => view.pin(j, x) });
    const weight = numberField(view, { name: `Weight of ${names.key(j)}`, label: `Weight of ${names.key(j)} as a number`, low: 0, high: 1, step: 0.05, min: 0, max: 1, take: (x) => view.pin(j, x) });
    const pin = button({ class: "tiny pin", "aria-pressed": "false", "aria-label": `Pin the weight of ${names.key(j)}`, onclick: () => view.togglePin(j) }, icon("pin"));
    const row = html("tr", {}, html("th", { scope: "row" }, names.keyCell(j)), html("td", {}, see), html("td", {}, html("span", { class: "field" }, score.node, back)), html("td", { class: "exp" }, exp), html("td", { class: "wide" }, bar.node), html("td", {}, weight.node), html("td", {}, pin));
    return { row, see, score, back, exp, bar, weight, pin };
  });
  const total = { exp: html("span", { class: "number" }), weight: html("span", { class: "number" }) };
  const head = (text, title, attributes = {}) => html("th", { scope: "col", title, ...attributes }, text);
  const table = html("table", {},
    html("caption", { class: "unseen" }, "The selected query's scores and weights, one line a key"),
    html("thead", {}, html("tr", {}, html("td"), head("sees", "May the query look at this key? (mask)"), head("score", "Scale times the dot product; type to set it by hand"), head("exp", "e to the power of (score − best score) ÷ temperature, for the keys whose weight is free", { class: "exp" }), head("weight", "exp ÷ the sum of exp; drag or type to pin it", { colspan: 2 }), html("td"))),
    html("tbody", {}, ...lines.map((each) => each.row)),
    html("tfoot", {}, html("tr", {}, html("th", { scope: "row" }, "sum"), html("td", { colspan: 2 }), html("td", { class: "exp" }, total.exp), html("td"), html("td", {}, total.weight), html("td"))));
  return {
    node: html("div", { class: "part one-query", role: "group", "aria-label": "One query's row" }, html("div", { class: "heading" }, html("span", {}, "Row of query"), chosen.node), table),
    draw(now, result) {
      const i = now.selected;
      chosen.show(i);
      lines.forEach(({ row, see, score, back, exp, bar, weight, pin }, j) => {
        const seen = now.mask[i][j], pinned = now.pins[i][j] !== null, w = result.weights[i][j];
        row.classList.toggle("masked", !seen);
        see.checked = seen;
        for (const field of [score.node, bar.node, weight.node, pin]) field.disabled = !seen;
        score.show(result.scores[i][j]);
        score.node.classList.toggle("edited", now.score_edits[i][j] !== null);
        back.classList.toggle("absent", now.score_edits[i][j] === null);
        exp.textContent = seen && !pinned ? fixed(result.exps[i][j]) : "–";
        bar.show(w);
        weight.show(w);
        weight.node.classList.toggle("edited", pinned);
        pin.setAttribute("aria-pressed", pinned);
        pin.title = pinned ? "Pinned: press to let it follow its score again" : "Hold this weight where it is";
      });
      total.exp.textContent = fixed(result.exps[i].reduce((a, b) => a + b, 0));
      total.weight.textContent = fixed(result.weights[i].reduce((a, b) => a + b, 0));
    },
  };
}

/** All weights as a heat map; a cell is a button that masks or unmasks. */
export function weightsPanel(view) {
  const { q, k } = view.state(), { names } = view;
  const cells = cellGrid(q.length, k.length, (i, j) => view.allow(i, j, !view.state().mask[i][j]));
  const heads = q.map((_, i) => button({ class: "head", "aria-label": `Show ${names.query(i)}`, onclick: () => view.change({ selected: i }) }, names.queryCell(i)));
  const rows = q.map((_, i) => html("tr", {}, html("th", { scope: "row" }, heads[i]), ...cells[i].map((cell) => html("td", {}, cell))));
  return {
    node: html("div", { class: "part cells all-weights", role: "group", "aria-label": "All weights" },
      html("div", { class: "heading" }, html("span", {}, "All weights"), html("small", {}, "press to mask")),
      html("table", {}, html("caption", { class: "unseen" }, "Weights, one row a query, one column a key"),
        html("thead", {}, html("tr", {}, html("td"), ...k.map((_, j) => html("th", { scope: "col" }, names.keyCell(j))))),
        html("tbody", {}, ...rows))),
    draw(now, result) {
      cells.forEach((row, i) => {
        rows[i].classList.toggle("chosen", i === now.selected);
        heads[i].setAttribute("aria-pressed", i === now.selected);
        row.forEach((cell, j) => {
          const w = result.weights[i][j], seen = now.mask[i][j];
          cell.textContent = seen ? fixed(w) : "–";
          cell.style.setProperty("--share", `${w * 100}%`);
          cell.classList.toggle("masked", !seen);
          cell.classList.toggle("pinned", seen && now.pins[i][j] !== null);
          cell.setAttribute("aria-pressed", !seen);
          cell.setAttribute("aria-label", `Mask ${names.query(i)}, ${names.key(j)}: ${seen ? `weight ${fixed(w)}` : "masked"}`);
        });
      });
    },
  };
}

/** The toolbar; temperature and scale; or one of the two groups. */
export function controlsPanel(view, groups) {
  const { limits, q } = view.state(), [low, high] = limits.temperature;
  const bar = toolbar(view);
  const warmth = slider(view, { name: "Temperature", low: -1, high: 1, step: 0.01, text: (x) => fixed(10 ** x), take: (x) => view.change({ temperature: Number((10 ** x).toPrecision(3)) }) });
  const exact = numberField(view, { name: "Temperature", label: "Temperature as a number", low, high, step: 0.1, take: (x) => view.change({ temperature: x }) });
  const root = 1 / Math.sqrt(q[0].length);
  const factor = numberField(view, { name: "Scale", label: "Scale as a number", low: -limits.scale, high: limits.scale, step: 0.1, take: (x) => view.change({ scale: x }) });
  // Two scales have names. A reader may ask for a number of their own and begin at a named one.
  const named = { null: "root", 1: "one" };
  let asked;
  const scale = menu(view, { name: "Scale", choices: [["root", `1/√d = ${root.toFixed(2)}`], ["one", "1"], ["custom", "custom"]], take: (choice) => {
    const now = view.state().scale;
    asked = choice === "custom" ? now ?? 2 : undefined;
    view.change({ scale: { root: null, one: 1, custom: asked }[choice] });
    // Not before it is drawn: what is hidden takes no focus.
    if (choice === "custom") requestAnimationFrame(() => factor.node.focus());
  } });
  return {
    node: html("div", { class: "part controls", role: "group", "aria-label": "Settings" },
      ...(groups.includes("presets") ? [bar.node] : []),
      ...(groups.includes("settings") ? [setting("Temperature", warmth.node, exact.node), setting("Scale", scale.node, factor.node)] : [])),
    draw(now) {
      bar.draw(now);
      warmth.show(Math.log10(now.temperature));
      exact.show(now.temperature);
      const typing = factor.node.ownerDocument.activeElement === factor.node;
      if (!typing && now.scale !== asked) asked = undefined;
      const own = typing || asked !== undefined || !(now.scale in named);
      scale.show(own ? "custom" : named[now.scale]);
      factor.node.classList.toggle("absent", !own);
      factor.show(now.scale ?? root);
    },
  };
}
