// Every head as a small map, in the order of the layers or of a number.

import { cellGrid } from "../kit/cells.js";
import { assign, html, svg } from "../kit/elements.js";
import { menu, setting } from "../kit/fields.js";
import { capital } from "../kit/words.js";
import { headAt, mapsOf } from "./numbers.js";
import { smallMap } from "./maps.js";
import { nameOf, ORDERS, orderText, rank, wordsOf } from "./words.js";

export function overview(view) {
  const { runs, limits } = view.state(), { n_layers: layers, n_heads: heads } = runs;
  let ranked = [], shown = "";
  // With Shift it is the head that the chosen one is compared with.
  const cells = cellGrid(layers, heads, (i, j, event) => {
    const at = ranked[i * heads + j], layer = Math.floor(at / heads), head = at % heads;
    view.change(event.shiftKey ? { other_layer: layer, other_head: head, beside: "head" } : { layer, head });
  });
  // A drawing stays with its head, and goes to the place that the head has in the order.
  const drawings = cells.flat().map(() => { const small = smallMap(); return { small, node: svg("svg", { "aria-hidden": "true" }, small.node) }; });
  const tiles = cells.flat().map((cell) => {
    const name = html("span", { class: "name", "aria-hidden": "true" });
    cell.append(name);
    return { cell, name };
  });
  const sides = Array.from({ length: layers }, (_, layer) => html("th", { scope: "row" }, layer + 1));
  const by = menu(view, { name: "Order the heads by", choices: limits.orders.map((order) => [order, capital(orderText(order, wordsOf(view.state())))]), take: (order) => view.change({ order }) });
  const said = html("p", { class: "measured" });
  return {
    figure: html("figure", { class: "part cells overview" },
      html("figcaption", {}, html("b", {}, `All ${layers * heads} heads`), " framed: chosen; dashed: compared with"),
      setting("Order by", by.node),
      html("table", { role: "grid", "aria-label": "All heads; in their own order a row is a layer" },
        html("tbody", {}, ...cells.map((row, i) => html("tr", {}, sides[i], ...row.map((cell) => html("td", {}, cell)))))), said),
    draw(now, result) {
      // Which word asks changes nothing here, and a pointer goes over many.
      const { sentence, layer, head, other_layer: otherLayer, other_head: otherHead, beside, order } = now;
      const key = [sentence, layer, head, otherLayer, otherHead, beside, order].join();
      if (key === shown) return;
      shown = key;
      const maps = mapsOf(now), own = now.order === "place", numbers = own ? null : result[now.order];
      const top = own ? 1 : Math.max(...numbers, 1e-9), n = maps[0].length;
      ({ ranked } = result);
      by.show(now.order);
      // In their own order the layer, in another the rank of a row's first.
      sides.forEach((side, row) => { side.textContent = own ? row + 1 : row * heads + 1; });
      drawings.forEach(({ small, node }, at) => {
        assign(node, { viewBox: `0 0 ${n} ${n}` });
        small.show(maps[at]);
      });
      tiles.forEach(({ cell, name }, place) => {
        const at = ranked[place], text = nameOf(now, at);
        if (drawings[at].node.parentNode !== cell) cell.prepend(drawings[at].node);
        if (name.textContent !== text) name.textContent = text;
        cell.style.setProperty("--bar", own ? "0%" : `${(100 * numbers[at]) / top}%`);
        const chosen = at === headAt(now, now.layer, now.head);
        cell.setAttribute("aria-pressed", chosen);
        cell.classList.toggle("compared", now.beside === "head" && at === headAt(now, now.other_layer, now.other_head));
        cell.setAttribute("aria-label", `Head ${text}${own ? "" : `: ${ORDERS[now.order].write(numbers[at])}`}`);
      });
      said.textContent = rank(now, result);
    },
  };
}
