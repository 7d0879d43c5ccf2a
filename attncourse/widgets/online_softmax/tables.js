// The numbers: every key in slow memory, and what fast memory keeps tile after tile.

import { html } from "../kit/elements.js";
import { numberField } from "../kit/fields.js";
import { fixed } from "../kit/words.js";
import { tileNow } from "./numbers.js";
import { short, small, span, tiny } from "./words.js";

/** One line a key: score and value as numbers, and the share of the output so far. */
export function keyTable(view) {
  const { limits, scores } = view.state();
  const field = (row, single, j) => numberField(view, {
    name: `${single} ${j + 1}`, label: `${single === "score" ? "Score" : "Value"} ${j + 1}`, low: -limits[single], high: limits[single], step: 0.1,
    take: (x) => view.change({ [row]: view.state()[row].map((old, at) => (at === j ? x : old)) }),
  });
  const rows = scores.map((_, j) => {
    const parts = { scores: field("scores", "score", j), values: field("values", "value", j), bar: html("span", { class: "share" }), share: html("td") };
    const row = html("tr", {}, html("th", { scope: "row" }, j + 1), html("td", {}, parts.scores.node), html("td", {}, parts.values.node), html("td", { class: "wide" }, parts.bar), parts.share);
    return { ...parts, row };
  });
  return {
    node: html("div", { class: "part slow" }, html("div", { class: "heading" }, "Slow memory ", html("small", {}, "each key’s score and value")),
      html("table", {}, html("caption", { class: "unseen" }, "Scores, values and shares, one line a key"),
        html("thead", {}, html("tr", {}, ...["key", "score", "value"].map((name) => html("th", { scope: "col" }, name)), html("th", { scope: "col", colspan: 2 }, "share so far"))),
        html("tbody", {}, ...rows.map(({ row }) => row)))),
    draw(now, result) {
      const tile = tileNow(now, result);
      rows.forEach(({ row, bar, share, ...fields }, j) => {
        for (const name of ["scores", "values"]) fields[name].show(now[name][j]);
        row.className = j >= result.taken ? "ahead" : Math.floor(j / now.tile_len) === tile ? "now" : "";
        bar.style.setProperty("--share", `${100 * result.shares[j]}%`);
        share.textContent = j < result.taken ? fixed(result.shares[j], 3) : "–";
      });
    },
  };
}

/** The last step in numbers, and below it what was kept after each tile. */
export function stepTable(view) {
  const count = html("small", {});
  const lines = [["m", "maximum"], ["factor", "rescales what was kept"], ["d", "normaliser"], ["o", "weighted sum"], ["o / d", "output so far"]].map(([name, title]) => {
    const sum = html("td");
    return { sum, row: html("tr", {}, html("th", { scope: "row", title }, name), sum) };
  });
  const names = ["m", "factor", "d", "o", "o / d"];
  const rows = view.state().scores.map(() => {
    const head = html("th", { scope: "row" }), cells = names.map(() => html("td"));
    return { head, cells, row: html("tr", {}, head, ...cells) };
  });
  return {
    node: html("div", { class: "part fast-side" }, html("div", { class: "heading" }, "Fast memory ", count),
      html("table", { class: "sums" }, html("caption", { class: "unseen" }, "The last step in numbers"), html("tbody", {}, ...lines.map(({ row }) => row))),
      html("table", { class: "trace" }, html("caption", { class: "unseen" }, "What is kept after each tile"),
        html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "keys"), ...names.map((name) => html("th", { scope: "col" }, name)))),
        html("tbody", {}, ...rows.map(({ row }) => row)))),
    draw(now, result) {
      const tile = tileNow(now, result);
      count.textContent = `${result.held} numbers: a tile of ${now.tile_len} and ${now.tile_len}, then m, d and o`;
      sums(now, result, tile).forEach((parts, n) => lines[n].sum.replaceChildren(...parts));
      rows.forEach(({ head, cells, row }, t) => {
        row.hidden = t >= result.n_tiles;
        if (row.hidden) return;
        row.className = t > tile ? "ahead" : t === tile ? "now" : "";
        head.textContent = span(now, t);
        const { maximum, factor, normaliser, mixed, output } = result;
        [short(maximum[t]), small(factor[t]), short(normaliser[t]), short(mixed[t]), short(output[t])].forEach((text, n) => { cells[n].textContent = t > tile ? "·" : text; });
      });
    },
  };
}

/** The last step as it is computed: what was kept, rescaled, and what the tile brings. */
function sums(now, { maximum, factor, normaliser, mixed, output }, tile) {
  if (tile < 0) return [["−∞, for a start"], ["–"], ["0, for a start"], ["0, for a start"], ["–"]];
  const before = (list, first) => (tile > 0 ? list[tile - 1] : first);
  const top = Math.max(...now.scores.slice(tile * now.tile_len, (tile + 1) * now.tile_len));
  const share = [0, 1].includes(factor[tile]) ? factor[tile] : fixed(factor[tile], 3);
  const old = short(before(maximum, -Infinity)), next = short(maximum[tile]), sum = (list) => {
    const kept = before(list, 0), brought = list[tile] - factor[tile] * kept;
    return [`${share} · ${bracket(short(kept))} ${brought < 0 ? "−" : "+"} ${short(Math.abs(brought))} = ${short(list[tile])}`];
  };
  return [
    [`max(${old}, ${short(top)}) = ${next}`],
    ["e", html("sup", {}, `${old} − ${bracket(next)}`), tiny(factor[tile]) ? ` ${small(factor[tile])}` : ` = ${small(factor[tile])}`],
    sum(normaliser), sum(mixed),
    [`${short(mixed[tile])} / ${short(normaliser[tile])} = ${short(output[tile])}`],
  ];
}

const bracket = (text) => (text.startsWith("−") ? `(${text})` : text);
