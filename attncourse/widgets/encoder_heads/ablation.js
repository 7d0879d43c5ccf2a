// What happens when the chosen head is switched off.

import { html } from "../kit/elements.js";
import { fixed, percent } from "../kit/words.js";
import { headAt } from "./numbers.js";
import { bound, headName, nameOf } from "./words.js";

export function ablation(view) {
  let shown = "";
  const { sentences } = view.state().runs, title = html("b", {}), said = html("p", {}), moved = html("p", {});
  const rows = sentences.map(({ text }) => ({ text, cells: [0, 1, 2].map(() => html("td", {})) }));
  const lines = rows.map(({ text, cells }) => html("tr", {}, html("th", { scope: "row" }, text), ...cells));
  const table = html("table", {}, html("caption", { class: "unseen" }, "Cosine of the sentence’s vector with those of the others"),
    html("thead", {}, html("tr", {}, html("th", { scope: "col" }, "likeness to"), ...["whole", "without", "change"].map((name) => html("th", { scope: "col" }, name)))),
    html("tbody", {}, ...lines));
  return {
    node: html("figure", { class: "part ablation" }, html("figcaption", {}, title, " its output is zeros, everywhere"),
      html("div", { class: "tables" }, html("div", { class: "part" }, said, moved), table)),
    draw(now, result) {
      const key = [now.sentence, now.layer, now.head].join();
      if (key === shown) return;
      shown = key;
      const name = headName(now.layer, now.head), at = headAt(now, now.layer, now.head), { turns } = result;
      title.textContent = `Without head ${name}:`;
      said.textContent = `The sentence’s vector turns by ${fixed(turns[at], 1)}°. That is number ${1 + turns.filter((x) => x > turns[at]).length} of ${turns.length} heads; the most is ${fixed(Math.max(...turns), 1)}°, without head ${nameOf(now, turns.indexOf(Math.max(...turns)))}.`;
      const far = result.moved.map((share, h) => [share, h]).filter(([share]) => share > 0).sort((a, b) => b[0] - a[0]).slice(0, 3);
      moved.textContent = bound(far.length ? `Of the heads above it, these move the most of their weight: ${far.map(([share, h]) => `${nameOf(now, h)} (${percent(share)})`).join(", ")}; a mean over the sentences.`
        : "No head of a later layer moves its weights.");
      rows.forEach(({ cells }, n) => {
        lines[n].hidden = n === now.sentence;
        const [before, after] = [result.whole[n], result.without[n]];
        [fixed(before), fixed(after), `${after - before > 0.0005 ? "+" : ""}${fixed(after - before, 3)}`].forEach((text, c) => { cells[c].textContent = text; });
      });
      table.hidden = rows.length === 1;
    },
  };
}
