// The weights as a map: a row for each thing written, a column for each word or frame.

import { assign, html, svg } from "../kit/elements.js";
import { fixed } from "../kit/words.js";
import { shownOf } from "./numbers.js";

const WIDE = 360, TOP = 90, RIGHT = 30, TALLEST = 26, LONGEST = 11;

export function map(view) {
  const root = svg("svg", { role: "img" }), text = html("span", {});
  let shown = null, place = null;
  const chosen = svg("rect", { class: "chosen" });

  const at = (event) => {
    const box = root.getBoundingClientRect(), scale = WIDE / box.width;
    const row = Math.floor(((event.clientY - box.top) * scale - place.top) / place.high), column = Math.floor(((event.clientX - box.left) * scale - place.left) / place.cell);
    if (row >= 0 && row < place.rows) view.look("target", row);
    else if (row < 0 && column >= 0 && column < place.n) view.look("source", column);
  };
  root.addEventListener("pointermove", at);
  root.addEventListener("pointerdown", at);

  function layOut(one, weights) {
    const { n, target, frame, gold } = one, rows = target.length, letters = Math.max(...target.map((word) => Math.min(LONGEST, word.length)));
    const top = frame ? 8 : TOP, right = frame ? 6 : RIGHT, left = 22 + 7.5 * letters;
    const cell = frame ? (WIDE - left - right) / n : Math.min(TALLEST, (WIDE - left - right) / n), high = frame ? TALLEST : cell;
    const size = Math.min(14, Math.max(12, 0.9 * high)), x = (j) => left + j * cell, y = (i) => top + i * high, bottom = y(rows);
    place = { cell, high, left, top, n, rows };
    assign(root, { viewBox: `0 0 ${WIDE} ${(bottom + (frame ? 24 : 4)).toFixed(1)}`, "aria-label": `Weights, a row for each of ${rows} that were written, a column for each of ${n} ${frame ? "frames" : "words"}` });
    const short = (word) => (word.length > LONGEST ? `${word.slice(0, LONGEST - 1)}…` : word);
    const box = (className, j, i) => svg("rect", { class: className, x: x(j).toFixed(2), y: y(i).toFixed(2), width: cell.toFixed(2), height: high.toFixed(2) });
    const cells = weights.flatMap((row, i) => row.flatMap((w, j) => {
      if (w < 0.01) return [];
      const rect = box("cell", j, i);
      assign(rect, { "fill-opacity": w.toFixed(3) });
      return [rect];
    }));
    // What gold names lies side by side, as a rule: one outline for each run.
    const outlined = gold.flatMap((row, i) => runs(row).map(([from, to]) => svg("rect", { class: "gold", x: (x(from) + 1).toFixed(2), y: (y(i) + 1).toFixed(2), width: ((to - from + 1) * cell - 2).toFixed(2), height: (high - 2).toFixed(2) })));
    const names = target.map((word, i) => svg("text", { class: "target", x: left - 6, y: y(i) + high / 2 + size * 0.35, "font-size": size }, short(word)));
    const seconds = frame ? Array.from({ length: Math.floor(n * frame * 2) + 1 }, (_, t) => svg("text", { class: "tick", "text-anchor": "middle", x: Math.min(x(t / 2 / frame), WIDE - 12), y: bottom + 18, "font-size": 13 }, t % 2 ? "" : fixed(t / 2, 0) + (t ? "" : " s"))) : [];
    const heads = frame ? seconds : one.source.map((word, j) => svg("text", { class: "source", "font-size": size, transform: `translate(${(x(j) + cell / 2 + size * 0.3).toFixed(2)} ${top - 5}) rotate(-62)` }, short(word)));
    root.replaceChildren(...cells, svg("rect", { class: "frame", x: left, y: top, width: cell * n, height: bottom - top }), ...outlined, ...names, ...heads, chosen);
    text.textContent = gold.length ? ` outlined: ${frame ? "when each digit was said" : "what a small dictionary says"}` : " a row for each thing written";
  }

  return {
    figure: html("figure", { class: "part map" }, html("figcaption", {}, html("b", {}, "All weights:"), text), root),
    draw(state, result) {
      const one = shownOf(state);
      if (shown !== one) layOut(one, result.weights);
      shown = one;
      const { cell, high, left, top, n, rows } = place, { at: unit } = result;
      assign(chosen, state.side === "target" ? { x: left, y: top + unit * high, width: cell * n, height: high }
        : { x: left + unit * cell, y: top, width: cell, height: high * rows });
    },
  };
}

/** Neighbours in a list of whole numbers, as pairs of first and last. */
function runs(list) {
  const found = [];
  for (const j of [...list].sort((a, b) => a - b)) {
    if (found.length && found.at(-1)[1] === j - 1) found.at(-1)[1] = j;
    else found.push([j, j]);
  }
  return found;
}
