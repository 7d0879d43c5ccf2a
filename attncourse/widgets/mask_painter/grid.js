// The mask that is painted: by a stroke of mouse or finger, or with arrow keys and Space.

import { cellGrid } from "../kit/cells.js";
import { html, write } from "../kit/elements.js";
import { ownKey, way } from "./numbers.js";
import { keyName, queryName } from "./words.js";

export function maskGrid(view) {
  const { scores } = view.state(), rows = scores.length, columns = scores[0].length;
  // A pointer paints when it goes down; the click that follows must not paint again.
  let stroked = false;
  const cells = cellGrid(rows, columns, (i, j, event) => {
    if (!(stroked && event.detail)) view.paint([[i, j]], !view.state().mask[i][j]);
    stroked = false;
  }, (from, to) => view.paint([to], view.state().mask[from[0]][from[1]]));
  const sees = cells.map(() => html("td", { class: "count" }));
  const body = html("tbody", {}, ...cells.map((row, i) => html("tr", {},
    html("th", { scope: "row", class: "q" }, queryName(i)), ...row.map((cell) => html("td", {}, cell)), sees[i])));

  /** The row and column under a pointer; nothing outside. */
  function under(event) {
    const start = cells[0][0].getBoundingClientRect(), end = cells.at(-1).at(-1).getBoundingClientRect();
    const j = Math.floor(((event.clientX - start.left) / (end.right - start.left)) * columns);
    const i = Math.floor(((event.clientY - start.top) / (end.bottom - start.top)) * rows);
    return i >= 0 && i < rows && j >= 0 && j < columns ? [i, j] : null;
  }

  body.addEventListener("pointerdown", (down) => {
    const first = down.target.closest("button.cell") && under(down);
    if (!first || down.button !== 0 || body.dataset.stroke) return;
    const [i, j] = first, held = cells[i][j], brush = !view.state().mask[i][j];
    let last = first;
    const follow = (event) => {
      if (event.pointerId !== down.pointerId) return;
      const at = under(event);
      if (at && (!last || at[0] !== last[0] || at[1] !== last[1])) view.paint(way(last ?? at, at), brush);
      last = at;
    };
    const ends = ["pointerup", "pointercancel", "lostpointercapture"];
    const release = (event) => {
      if (event.pointerId !== down.pointerId) return;
      delete body.dataset.stroke;
      held.removeEventListener("pointermove", follow);
      for (const end of ends) held.removeEventListener(end, release);
    };
    down.preventDefault();
    stroked = true;
    body.dataset.stroke = brush;
    held.focus({ preventScroll: true });
    held.setPointerCapture(down.pointerId);
    held.addEventListener("pointermove", follow);
    for (const end of ends) held.addEventListener(end, release);
    view.paint([first], brush);
  });

  return {
    figure: html("figure", { class: "part cells mask" }, html("figcaption", {}, html("b", {}, "Mask"), " filled: may attend; dot: own position"),
      html("table", { role: "grid", "aria-label": "Mask, one row a query, one column a key" },
        html("thead", {}, html("tr", {}, html("td"), ...cells[0].map((_, j) => html("th", { scope: "col", class: "k" }, keyName(j))), html("th", { scope: "col" }, "sees"))),
        body), html("p", { class: "measured" }, "+ and −: painted against the rule")),
    draw(now, result) {
      cells.forEach((row, i) => {
        write(sees[i], result.seen[i]);
        row.forEach((cell, j) => {
          const seen = now.mask[i][j], wrong = seen !== result.right[i][j];
          write(cell, wrong ? (seen ? "+" : "−") : "");
          cell.style.setProperty("--share", seen ? "100%" : "0%");
          cell.classList.toggle("masked", !seen);
          cell.classList.toggle("wrong", wrong);
          cell.classList.toggle("own", j === ownKey(now, i));
          cell.setAttribute("aria-pressed", seen);
          cell.setAttribute("aria-label", `Query ${i + 1} may see key ${j + 1}${wrong ? ", against the rule" : ""}`);
        });
      });
    },
  };
}
