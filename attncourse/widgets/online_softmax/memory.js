// What moves between slow and fast memory: two ways on one scale, and their counts.

import { html } from "../kit/elements.js";
import { keysOf, ordinaryParts, tileNow } from "./numbers.js";
import { condition, elsewhere, span } from "./words.js";

const WAYS = [["tiled", "Tile by tile"], ["ordinary", "Ordinary"]];

export function memoryPanel(view) {
  const n = view.state().scores.length, parts = ordinaryParts(n);
  const whole = parts.reduce((sum, { read, written }) => sum + read + written, 0);
  const lanes = {
    tiled: Array.from({ length: n + 1 }, (_, tile) => piece(tile < n ? "" : "write")),
    // A part first reads and then writes here; that a program does both in turns changes no count.
    ordinary: parts.flatMap(({ name, read, written }) => [piece("", name, read), ...(written ? [piece("write", "", written)] : [])]),
  };
  const lane = ([way, title], note) => html("div", { class: "lane" }, html("div", {}, html("b", {}, title), ` ${note}`), html("div", { class: `road ${way}`, "aria-hidden": "true" }, ...lanes[way]));
  const said = html("p", {}), when = html("p", {});
  const cells = (names) => names.map(() => html("td", {}));
  const rows = [["Tile by tile, so far"], ["Tile by tile, in all"], ["Ordinary, in all"]].map(([title]) => ({ title, cells: cells(["read", "written", "moved"]) }));
  const table = html("table", {}, html("caption", { class: "unseen" }, "Numbers moved between slow and fast memory"),
    html("thead", {}, html("tr", {}, html("td"), ...["read", "written", "moved"].map((name) => html("th", { scope: "col" }, name)))),
    html("tbody", {}, ...rows.map((row) => html("tr", {}, html("th", { scope: "row" }, row.title), ...row.cells))));
  return {
    node: html("figure", { class: "part memory" },
      html("figcaption", {}, html("b", {}, "Moved between slow and fast memory"), " filled: after as many moves as tile by tile until now"),
      lane(WAYS[0], "each tile once, one output written"), lane(WAYS[1], "three passes for the weights, then the mixing"),
      html("div", { class: "legend" }, html("span", { class: "key read" }, "read"), html("span", { class: "key write" }, "written")),
      html("div", { class: "counts" }, table, html("div", { class: "measured" }, said, when))),
    draw(now, result) {
      const moved = result.read + result.written, { n_tiles: tiles } = result;
      const tile = tileNow(now, result);
      lanes.tiled.forEach((node, t) => {
        node.hidden = t >= tiles && t < n;
        if (node.hidden) return;
        const [first, end] = keysOf(now, t);
        node.size = t < n ? 2 * (end - first) : 1;
        const name = t < n ? span(now, t) : "", room = node.size / whole / (name.length || 1);
        node.firstChild.textContent = room > 0.009 ? name : "";
        node.firstChild.className = room > 0.027 ? "" : "long";
        node.classList.toggle("now", t === tile);
      });
      for (const [way] of WAYS) fill(lanes[way], moved, whole);
      [[result.read, result.written], [2 * n, 1], [result.ordinary_read, result.ordinary_written]].forEach(([read, written], r) =>
        [read, written, read + written].forEach((count, c) => { rows[r].cells[c].textContent = count; }));
      said.textContent = elsewhere(now, result);
      when.textContent = condition(now);
    },
  };
}

function piece(className, name = "", size = 0) {
  const node = html("span", { class: `piece ${className}` }, html("span", {}, name));
  return Object.assign(node, { size });
}

/** Fills the first `moved` of a lane's moves; its pieces are as wide as they move numbers. */
function fill(pieces, moved, whole) {
  let left = moved;
  for (const node of pieces) {
    if (node.hidden) continue;
    node.style.width = `${(100 * node.size) / whole}%`;
    node.style.setProperty("--done", `${100 * Math.min(Math.max(left / node.size, 0), 1)}%`);
    left -= node.size;
  }
}
