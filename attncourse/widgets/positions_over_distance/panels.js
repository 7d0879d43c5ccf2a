// What a scheme is made of: clocks, the slopes of heads, a table that distances or places share.

import { assign, html, svg } from "../kit/elements.js";
import { button } from "../kit/fields.js";
import { fixed, percent } from "../kit/words.js";
import { cellOf, CLOCKS, distanceOf, headOf, inUse } from "./numbers.js";
import { plainFrequencies } from "./parts.js";
import { pairName, slopeName, spanOf, turnsOf } from "./words.js";

const HUB = 24, RIM = 20, HAND = 15;

/** A point of a clock, whose hands start at the top and turn to the right. */
const hand = (angle, length) => `${(HUB + length * Math.sin(angle)).toFixed(2)} ${(HUB - length * Math.cos(angle)).toFixed(2)}`;

function arc(from, to) {
  if (to - from >= 2 * Math.PI) return `M${hand(0, RIM)}A${RIM} ${RIM} 0 1 1 ${hand(Math.PI, RIM)}A${RIM} ${RIM} 0 1 1 ${hand(0, RIM)}`;
  return `M${hand(from, RIM)}A${RIM} ${RIM} 0 ${to - from > Math.PI ? 1 : 0} 1 ${hand(to, RIM)}`;
}

/** One clock for each pair, which a press switches off and on. */
function clocks(view) {
  const most = view.state().limits.d_k.at(-1) / 2;
  const flip = (r) => {
    const { silent } = view.state();
    view.change({ silent: silent.includes(r) ? silent.filter((other) => other !== r) : [...silent, r].sort((a, b) => a - b) });
  };
  const all = Array.from({ length: most }, (_, r) => {
    const seen = svg("path", { class: "seen" }), query = svg("path", { class: "hand q" }), key = svg("path", { class: "hand k" });
    const turns = html("span", { class: "turns" }), badge = html("span", { class: "unmet" }, "new");
    const face = svg("svg", { viewBox: "0 0 48 48", "aria-hidden": "true" }, svg("circle", { class: "rim", cx: HUB, cy: HUB, r: RIM }), seen, key, query);
    return { seen, query, key, turns, badge, node: button({ class: "clock", onclick: () => flip(r) }, face, html("span", { class: "name" }, pairName(r)), turns, badge) };
  });
  const title = html("span", {});
  return {
    node: html("figure", { class: "part" }, html("figcaption", {}, html("b", {}, "Pairs as clocks"), title),
      html("div", { class: "clocks", role: "group", "aria-label": "Pairs; pressed: in use" }, ...all.map(({ node }) => node))),
    draw(state, { frequencies, turns, new: fresh }) {
      const { query, trained, ago, method } = state, key = query - distanceOf(state), plain = plainFrequencies(state), turned = method === "rotary";
      title.textContent = ` turns in ${trained} places; arc: met in training; press one to leave it out`;
      all.forEach((clock, r) => {
        clock.node.hidden = r >= frequencies.length;
        if (clock.node.hidden) return;
        // A rotary query begins where `ago` steps back are; a key's hand carries the arc with it.
        const phase = turned ? ago * plain[r] : 0, start = turned ? key * frequencies[r] - phase : 0;
        assign(clock.query, { d: `M${HUB} ${HUB}L${hand(query * frequencies[r] - phase, HAND)}` });
        assign(clock.key, { d: `M${HUB} ${HUB}L${hand(key * frequencies[r], HAND)}` });
        assign(clock.seen, { d: arc(start, start + trained * plain[r]) });
        const used = inUse(state, r), text = `${turnsOf(turns[r])}×`;
        if (clock.turns.textContent !== text) clock.turns.textContent = text;
        clock.node.setAttribute("aria-pressed", used);
        clock.node.setAttribute("aria-label", `Pair ${r}: ${turnsOf(turns[r])} turns in training${fresh[r] ? ", now at a new angle" : ""}`);
        clock.badge.classList.toggle("absent", !(fresh[r] && used));
      });
    },
  };
}

/** ALiBi's heads: slope, what the distance costs, and the weight that lies beyond. */
function heads(view) {
  const most = view.state().limits.n_heads[1];
  const rows = Array.from({ length: most }, (_, h) => {
    const cells = [0, 0, 0].map(() => html("td"));
    const press = button({ class: "pick", onclick: () => view.change({ head: h + 1 }) }, `head ${h + 1}`);
    return { cells, press, node: html("tr", {}, html("th", { scope: "row" }, press), ...cells) };
  });
  const columns = ["slope", "costs here", "weight beyond"].map((name) => html("th", { scope: "col" }, name));
  return {
    node: html("figure", { class: "part" }, html("figcaption", {}, html("b", {}, "Heads"), " press one to see its line"),
      html("table", { class: "heads" }, html("caption", { class: "unseen" }, "Heads of ALiBi"), html("thead", {}, html("tr", {}, html("td"), ...columns)),
        html("tbody", {}, ...rows.map(({ node }) => node)))),
    draw(state, { slopes, beyond }) {
      rows.forEach(({ node, cells, press }, h) => {
        node.hidden = h >= slopes.length;
        if (node.hidden) return;
        press.setAttribute("aria-pressed", h === headOf(state) - 1);
        [slopeName(slopes[h]), fixed(slopes[h] * distanceOf(state)), percent(beyond[h])].forEach((text, n) => { cells[n].textContent = text; });
      });
    },
  };
}

/** Entries that distances share: T5's buckets or Shaw's rows. */
function shared(view) {
  const { limits } = view.state(), cells = Array.from({ length: Math.max(limits.n_buckets.at(-1), limits.furthest[1] + 1) }, () => html("li"));
  const title = html("b", {});
  return {
    node: html("figure", { class: "part" }, html("figcaption", {}, title, " places back that share a number; hatched: never touched in training"),
      html("ol", { class: "entries" }, ...cells)),
    draw(state, { starts, touched }) {
      const here = cellOf(starts, distanceOf(state));
      title.textContent = state.method === "t5" ? "Buckets" : "Vectors";
      cells.forEach((cell, n) => {
        cell.hidden = n >= starts.length;
        if (cell.hidden) return;
        const text = spanOf(starts, n);
        if (cell.textContent !== text) cell.textContent = text;
        cell.classList.toggle("untouched", !touched[n]);
        cell.classList.toggle("now", n === here);
      });
    },
  };
}

/** The learned table: a row for each place that was trained. */
function table(view) {
  const rows = Array.from({ length: view.state().limits.length }, () => html("span"));
  return {
    node: html("figure", { class: "part" }, html("figcaption", {}, html("b", {}, "Rows of the table"), " hatched: there is none"),
      html("div", { class: "rows", "aria-hidden": "true" }, ...rows)),
    draw(state) {
      const key = state.query - distanceOf(state);
      rows.forEach((row, n) => { row.className = `${n < state.trained ? "" : "untouched"} ${n === state.query ? "q" : n === key ? "k" : ""}`; });
    },
  };
}

/** The part that a scheme is made of; the others are not there. */
export function insides(view) {
  const kinds = [[CLOCKS, clocks(view)], [["alibi"], heads(view)], [["t5", "shaw"], shared(view)], [["learned"], table(view)]];
  return {
    node: html("div", { class: "insides" }, ...kinds.map(([, part]) => part.node)),
    draw(state, result) {
      for (const [methods, part] of kinds) {
        part.node.hidden = !methods.includes(state.method);
        if (!part.node.hidden) part.draw(state, result);
      }
    },
  };
}
