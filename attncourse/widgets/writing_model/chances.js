// What may follow: a bar for each of the likeliest characters, as it is drawn and as the model has it.

import { html, write } from "../kit/elements.js";
import { button, numberField, setting, slider } from "../kit/fields.js";
import { fixed } from "../kit/words.js";
import { MOST_SEED } from "./numbers.js";
import { chance, likeliest, named } from "./words.js";

const SHOWN = 10;

/** The likeliest characters. A mark in a bar says how likely the model has it, untouched and at temperature 1. */
export function chanceTable() {
  const rows = Array.from({ length: SHOWN + 1 }, () => {
    const name = html("th", { scope: "row" }), bar = html("span", { class: "bar" }), drawn = html("td"), own = html("td", { class: "own" });
    return { name, bar, drawn, own, node: html("tr", {}, name, html("td", { class: "wide" }, bar), drawn, own) };
  });
  const table = html("table", {}, html("caption", { class: "unseen" }, "The likeliest next characters"),
    html("colgroup", {}, ...rows.slice(0, 4).map(() => html("col"))),
    html("thead", {}, html("tr", {}, html("td"), html("td"), html("th", { scope: "col" }, "drawn"), html("th", { scope: "col" }, "untouched"))),
    html("tbody", {}, ...rows.map(({ node }) => node)));
  const node = html("div", { class: "part chances" }, html("div", { class: "heading" }, "The next character"), table);
  return {
    node,
    draw(_, result) {
      node.hidden = !result;
      if (!result) return;
      const { chances, untouched, alphabet, written } = result, order = likeliest(chances, untouched).slice(0, SHOWN);
      const rest = (shares) => Math.max(0, 1 - order.reduce((sum, n) => sum + shares[n], 0));
      rows.forEach(({ name, bar, drawn, own, node: row }, n) => {
        const at = order[n], [p, q] = n < SHOWN ? [chances[at], untouched[at]] : [rest(chances), rest(untouched)];
        write(name, n < SHOWN ? named(alphabet[at]) : "all others");
        bar.style.setProperty("--share", `${(100 * p).toFixed(2)}%`);
        bar.style.setProperty("--own", `${(100 * q).toFixed(2)}%`);
        write(drawn, chance(p));
        write(own, chance(q));
        row.classList.toggle("next", n < SHOWN && at === written[0]);
      });
    },
  };
}

/** Temperature, top-p and the dice. */
export function chanceControls(view) {
  const both = (name, low, high, trait) => {
    const take = (value) => view.change({ [trait]: value });
    const parts = [slider(view, { name, low, high, step: 0.05, text: fixed, take }),
      numberField(view, { name, label: `${name} as a number`, low, high, step: 0.05, take })];
    return { node: setting(name, ...parts.map(({ node }) => node)), show: (value) => parts.forEach((part) => part.show(value)) };
  };
  const heat = both("Temperature", 0.1, 2, "temperature"), share = both("Top-p", 0.05, 1, "top_p");
  const seed = numberField(view, { name: "Dice", low: 0, high: MOST_SEED, step: 1, whole: true, take: (value) => view.change({ seed: value }) });
  const other = button({ onclick: () => view.change({ seed: (view.state().seed + 1) % (MOST_SEED + 1) }) }, "Throw again");
  return {
    node: html("div", { class: "part settings", role: "group", "aria-label": "How it draws" }, heat.node, share.node, setting("Dice", seed.node, other)),
    draw({ temperature, top_p, seed: now }) {
      heat.show(temperature);
      share.show(top_p);
      seed.show(now);
    },
  };
}
