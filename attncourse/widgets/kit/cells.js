// A grid of cells that are pressed: one stop for the Tab key, arrow keys inside.

import { arrow, html, take } from "./elements.js";

/**
 * Rows of buttons; `press` is called with row, column and the click. `along` hears of a step with
 * Shift held: from which cell to which.
 */
export function cellGrid(rows, columns, press, along = () => {}) {
  const cells = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (__, j) =>
    html("button", { type: "button", class: "cell", tabindex: i + j ? -1 : 0, onclick: (event) => press(i, j, event) })));
  const within = (n, count) => Math.min(Math.max(n, 0), count - 1);
  cells.forEach((row, i) => row.forEach((cell, j) => {
    // The cell that had the focus last, by whatever way, is the stop.
    cell.addEventListener("focus", () => {
      for (const other of cells.flat()) other.tabIndex = other === cell ? 0 : -1;
    });
    cell.addEventListener("keydown", (event) => {
      const way = arrow(event);
      if (!way) return;
      take(event);
      const to = [within(i - way[1], rows), within(j + way[0], columns)];
      if (event.shiftKey) along([i, j], to);
      cells[to[0]][to[1]].focus();
    });
  }));
  return cells;
}
