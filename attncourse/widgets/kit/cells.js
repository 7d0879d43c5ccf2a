// A grid of cells that are pressed: one stop for the Tab key, arrow keys inside.

import { arrow, html, take } from "./elements.js";

/** Rows of buttons; `press` is called with row and column. */
export function cellGrid(rows, columns, press) {
  const cells = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (__, j) =>
    html("button", { type: "button", class: "cell", tabindex: i + j ? -1 : 0, onclick: () => press(i, j) })));
  const go = (i, j) => {
    for (const cell of cells.flat()) cell.tabIndex = -1;
    cells[i][j].tabIndex = 0;
    cells[i][j].focus();
  };
  const within = (n, count) => Math.min(Math.max(n, 0), count - 1);
  cells.forEach((row, i) => row.forEach((cell, j) => cell.addEventListener("keydown", (event) => {
    const way = arrow(event);
    if (!way) return;
    take(event);
    go(within(i - way[1], rows), within(j + way[0], columns));
  })));
  return cells;
}
