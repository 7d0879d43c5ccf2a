// All heads as small maps: a row a query, a column a key, the last characters of the text.

import { cellGrid } from "../kit/cells.js";
import { html } from "../kit/elements.js";
import { capital } from "../kit/words.js";
import { N_HEADS, N_LAYERS } from "./network.js";
import { N_KEYS, N_QUERIES } from "./numbers.js";
import { headName, isOff, isPainted, lookText } from "./words.js";

// On white and on black alike: a canvas knows no theme.
const COLOUR = [38, 132, 190], FAINTEST = 15;

export function headGrid(view) {
  const cells = cellGrid(N_LAYERS, N_HEADS, (layer, head) => view.select(layer, head));
  const canvases = cells.map((row) => row.map((cell) => {
    const canvas = html("canvas", { width: N_KEYS, height: N_QUERIES, "aria-hidden": "true" });
    cell.append(canvas);
    return canvas.getContext("2d");
  }));
  const table = html("table", {}, html("caption", { class: "unseen" }, "All heads, a row a layer; press one to look at it"),
    html("thead", {}, html("tr", {}, html("td"), ...Array.from({ length: N_HEADS }, (_, n) => html("th", { scope: "col" }, `head ${n + 1}`)))),
    html("tbody", {}, ...cells.map((row, n) => html("tr", {}, html("th", { scope: "row" }, String(n + 1)), ...row.map((cell) => html("td", {}, cell))))));
  const node = html("div", { class: "part cells heads" }, html("div", { class: "heading" }, "All heads", html("small", {}, "a row a layer; each map as the large one")), table);
  return {
    node,
    draw({ layer, head }, result) {
      node.hidden = !result?.mapOf;
      if (node.hidden) return;
      const { state, mapOf } = result;
      cells.forEach((row, l) => row.forEach((cell, h) => {
        const map = mapOf(l, h), off = isOff(state, l, h);
        cell.setAttribute("aria-pressed", l === layer && h === head);
        cell.setAttribute("aria-label", `${capital(headName(l, h))}${off ? ", off" : ""}${isPainted(state, l, h) ? ", set by hand" : ""}: ${lookText(state.text, map[0])}`);
        cell.classList.toggle("off", off);
        cell.classList.toggle("pinned", isPainted(state, l, h));
        paint(canvases[l][h], map, state.text.length);
      }));
    },
  };
}

/**
 * Draws a map from one query on: later queries below, later keys at the right. The colour goes with the root
 * of the weight, so that small ones are seen; what is hidden from a query, and what is no text, stays empty.
 */
export function paint(context, map, length, from = 0) {
  const high = map.length - from, image = context.createImageData(N_KEYS, high);
  for (let query = from; query < Math.min(map.length, length); query += 1) {
    for (let back = query; back < Math.min(N_KEYS, length); back += 1) {
      const at = 4 * ((map.length - 1 - query) * N_KEYS + N_KEYS - 1 - back);
      image.data.set(COLOUR, at);
      image.data[at + 3] = Math.round(FAINTEST + (255 - FAINTEST) * Math.sqrt(map[query][back]));
    }
  }
  context.putImageData(image, 0, 0);
}
