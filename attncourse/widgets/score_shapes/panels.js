// The numbers beside the plane, and the controls.

import { html, unique } from "../kit/elements.js";
import { button, chooser, numberField, setting, slider, toolbar } from "../kit/fields.js";
import { fixed } from "../kit/words.js";
import { learn, norm, SCORES } from "./numbers.js";
import { keyName, lossSaid, scoreName } from "./words.js";

/** One line a key: is it the right one, its score, its weight, and how long its arrow is. */
export function keyTable(view) {
  const group = unique(), slope = html("th", { scope: "col" }), said = html("p", { class: "measured" });
  const go = (steps) => button({ onclick: () => step(view, steps) }, steps === 1 ? "One step" : `${steps} steps`);
  const rows = view.state().k.map((_, j) => {
    const right = html("input", { type: "radio", name: group, "aria-label": `Key ${j + 1} is the right one`, onchange: () => view.change({ right: j }) });
    const cells = { score: html("td"), bar: html("td", { class: "wide" }, html("span", { class: "weight" })), weight: html("td"), long: html("td") };
    return { right, ...cells, row: html("tr", {}, html("th", { scope: "row", class: "k" }, keyName(j)), html("td", { class: "pick" }, right), ...Object.values(cells)) };
  });
  return {
    node: html("div", { class: "part by-key" }, html("table", {},
      html("caption", { class: "unseen" }, "Score, weight and slope of each key by the score drawn"),
      html("thead", {}, html("tr", {}, html("td"), html("th", { scope: "col" }, "right"), html("th", { scope: "col" }, "score"), html("th", { scope: "col", colspan: 2 }, "weight"), slope)),
      html("tbody", {}, ...rows.map(({ row }) => row))), said,
      setting("Learn", html("div", { class: "buttons" }, go(1), go(10)))),
    draw(now, result) {
      const arrows = now.arrows === "loss" ? result.steps : result.slopes;
      slope.textContent = now.arrows === "loss" ? "step" : "slope";
      rows.forEach(({ right, score, bar, weight, long }, j) => {
        right.checked = j === now.right;
        score.textContent = fixed(result.scores[j]);
        bar.firstChild.style.setProperty("--share", `${100 * result.weights[j]}%`);
        weight.textContent = fixed(result.weights[j]);
        long.textContent = fixed(norm(arrows[j]));
      });
      said.textContent = lossSaid(now, result);
    },
  };
}

/** The weights by all five scores, each row's best in bold. */
export function fiveTable(view) {
  const { k } = view.state();
  const rows = SCORES.map((name) => {
    const cells = k.map(() => html("td", {}, html("span", { class: "shade" })));
    return { name, cells, row: html("tr", {}, html("th", { scope: "row" }, scoreName(name)), ...cells) };
  });
  return {
    node: html("div", { class: "part five" }, html("div", { class: "heading" }, html("span", {}, "All five"), html("small", {}, "weights; bold: the largest")),
      html("table", {}, html("caption", { class: "unseen" }, "Weights of the keys by each score"),
        html("thead", {}, html("tr", {}, html("td"), ...k.map((_, j) => html("th", { scope: "col", class: "k" }, keyName(j))))),
        html("tbody", {}, ...rows.map(({ row }) => row)))),
    draw(now, result) {
      rows.forEach(({ name, cells, row }, n) => {
        const weights = result.five_weights[n], best = Math.max(...weights), told = best - Math.min(...weights) > 0.005;
        row.classList.toggle("chosen", name === now.score);
        cells.forEach((cell, j) => {
          cell.firstChild.textContent = fixed(weights[j]);
          cell.firstChild.style.setProperty("--share", `${100 * weights[j]}%`);
          cell.firstChild.classList.toggle("best", told && best - weights[j] < 0.005);
        });
      });
    },
  };
}

/** Which score is drawn. */
export function scoreChooser(view, choices) {
  const chosen = chooser(view, { name: "Score", choices, take: (score) => view.change({ score }) });
  return { node: html("div", { class: "which" }, chosen.node), draw(now) { chosen.show(now.score); } };
}

/** A slider and a field for one number. `scale` takes it to the slider, `unscale` back. */
function dial(view, { name, trait, low, high, by = 0.05, scale = (x) => x, unscale = (x) => Number(x.toFixed(2)) }) {
  const bar = slider(view, { name, low: scale(low), high: scale(high), step: by, text: (x) => fixed(unscale(x)), take: (x) => view.change({ [trait]: Math.min(Math.max(unscale(x), low), high) }) });
  const exact = numberField(view, { name, label: `${name} as a number`, low, high, step: 0.1, take: (x) => view.change({ [trait]: x }) });
  return {
    node: setting(name, bar.node, exact.node),
    draw(now) { bar.show(scale(now[trait])); exact.show(now[trait]); },
  };
}

const LOG = { scale: Math.log10, unscale: (x) => Number((10 ** x).toPrecision(3)), by: 0.01 };

export function controls(view) {
  const { limits } = view.state(), bar = toolbar(view), far = limits.entry;
  const factor = dial(view, { name: "Factor β", trait: "factor", low: limits.factor[0], high: limits.factor[1], ...LOG });
  const added = dial(view, { name: "Added to all", trait: "added", low: -limits.added, high: limits.added });
  const gain = dial(view, { name: "Gain g", trait: "gain", low: limits.gain[0], high: limits.gain[1], ...LOG });
  const bias = dial(view, { name: "Bias b", trait: "bias", low: limits.bias[0], high: limits.bias[1] });
  const arrows = chooser(view, { name: "Arrows", choices: [["score", "slope of the score"], ["loss", "step down the loss"]], take: (name) => view.change({ arrows: name }) });
  const mirror = button({ onclick: () => { const { q, k } = view.state(), turn = (at) => at.map((c) => (c === 0 ? 0 : -c)); view.change({ q: turn(q), k: k.map(turn) }); } }, "Mirror query and keys");
  const entries = [0, 1].map((i) => [0, 1].map((j) => numberField(view, { name: `W, row ${i + 1}, column ${j + 1}`, low: -far, high: far, step: 0.1,
    take: (value) => view.change({ matrix: view.state().matrix.map((row, r) => row.map((old, c) => (r === i && c === j ? value : old))) }) })));
  const matrix = setting("W", html("div", { class: "matrix", role: "group", "aria-label": "The matrix W" }, ...entries.flat().map(({ node }) => node)));
  const network = chooser(view, { name: "Units", choices: Object.keys(limits.networks).map((name) => [name, `${name} (${limits.networks[name].out.length})`]), take: (name) => view.change({ network: name }) });
  const layer = [setting("Units", network.node), gain.node, bias.node];
  return {
    node: html("div", { class: "part controls", role: "group", "aria-label": "Settings" }, bar.node, matrix, ...layer, factor.node, added.node,
      setting("Arrows", arrows.node), mirror),
    draw(now) {
      for (const each of [bar, factor, added, gain, bias]) each.draw(now);
      arrows.show(now.arrows);
      network.show(now.network);
      entries.forEach((row, i) => row.forEach((entry, j) => entry.show(now.matrix[i][j])));
      matrix.hidden = now.score !== "multiplicative";
      for (const node of layer) node.hidden = now.score !== "additive";
    },
  };
}

/** Steps down the loss; says so where nothing moved. */
function step(view, steps) {
  const now = view.state(), next = learn(now, steps), round = (at) => at.map((c) => Math.round(c * 1e4) / 1e4);
  const patch = { q: round(next.q), k: next.k.map(round), arrows: "loss" };
  const moved = Math.max(...[patch.q, ...patch.k].map((at, n) => { const old = n ? now.k[n - 1] : now.q; return Math.hypot(at[0] - old[0], at[1] - old[1]); }));
  view.change(patch);
  if (moved < 0.005) view.say(`${steps === 1 ? "One step" : `${steps} steps`} moved nothing: there is no arrow to follow.`);
}
