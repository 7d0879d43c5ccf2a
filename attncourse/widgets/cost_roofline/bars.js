// Shares of the parts as bars, their numbers as a table, and the memory that is filled.

import { html } from "../kit/elements.js";
import { add } from "../kit/sums.js";
import { PARTS, QUANTITIES } from "./numbers.js";
import { WRITTEN, amount, bytes, duration, held, three } from "./words.js";

const TITLES = { operations: "Operations", bytes: "Bytes moved", seconds: "Least time" };

/** One bar a quantity, cut by parts. */
export function shareBars() {
  const rows = QUANTITIES.map((name) => {
    const pieces = PARTS.map((_, n) => html("span", { class: `piece part-${n}` })), total = html("output", {});
    return { name, pieces, total, row: html("div", { class: "quantity" }, html("span", {}, TITLES[name]), html("div", { class: "bar", "aria-hidden": "true" }, ...pieces), total) };
  });
  return {
    node: html("div", { class: "bars" }, ...rows.map(({ row }) => row)),
    draw(now, found) {
      for (const { name, pieces, total } of rows) {
        const sum = add(found[name]);
        pieces.forEach((piece, n) => { piece.style.width = `${(100 * found[name][n]) / sum}%`; });
        total.textContent = WRITTEN[name](sum);
      }
    },
  };
}

/** One line a part. */
export function partTable() {
  const rows = PARTS.map((part, n) => {
    const cells = Array.from({ length: 5 }, () => html("td"));
    return { cells, row: html("tr", {}, html("th", { scope: "row", class: `part-${n}` }, part), ...cells) };
  });
  return {
    node: html("table", { class: "costs" }, html("caption", { class: "unseen" }, "What each part costs in this step, at the least"),
      html("thead", {}, html("tr", {}, html("td"), ...["operations", "bytes", "per byte", "at least", "waits for"].map((name) => html("th", { scope: "col" }, name)))),
      html("tbody", {}, ...rows.map(({ row }) => row))),
    draw(now, found) {
      rows.forEach(({ cells }, n) => {
        const waits = found.intensity[n] < found.ridge ? "memory" : "arithmetic";
        [amount(found.operations[n]), bytes(found.bytes[n]), three(found.intensity[n]), duration(found.seconds[n]), waits]
          .forEach((content, c) => { cells[c].textContent = content; });
        cells[4].className = waits;
      });
    },
  };
}

/** Weights and cache in the device's memory; what it cannot hold stands beyond the line. */
export function memoryBar() {
  const [weights, cache, line] = ["weights", "cache", "full"].map((name) => html("span", { class: name }));
  const said = html("p", { class: "measured" });
  return {
    node: html("div", { class: "kept" }, html("div", { class: "road", "aria-hidden": "true" }, weights, cache, line),
      html("div", { class: "legend" }, html("span", { class: "key weights" }, "weights"), html("span", { class: "key cache" }, "cache or states"), html("span", {}, "line: the memory is full")), said),
    draw(now, found) {
      const whole = Math.max(found.filled, 1) * now.memory * 1e9;
      weights.style.width = `${(100 * found.weight_bytes) / whole}%`;
      cache.style.width = `${(100 * found.cache_bytes) / whole}%`;
      line.style.left = `${100 / Math.max(found.filled, 1)}%`;
      said.textContent = held(now, found);
    },
  };
}
