// The sentence: point at a word, and every word shows how much of the attention it gets.

import { cellGrid } from "../kit/cells.js";
import { html, write } from "../kit/elements.js";
import { percent } from "../kit/words.js";
import { wordOf } from "./numbers.js";
import { degrees, headName, wordsOf } from "./words.js";

/** A row of numbers below the words: how it is called, its numbers, the largest there can be. */
function below(now, result) {
  if (now.beside === "head") return [[`head ${headName(now.other_layer, now.other_head)}`, result.below, 1, percent]];
  if (now.beside === "off") return [[`how far each last vector turns without head ${headName(now.layer, now.head)}`, result.below, 30, degrees]];
  if (now.beside === "rollout") return [["rollout", result.below, 1, percent], ["how far its vector turns when that word is masked", result.masked, 90, degrees]];
  return [];
}

export function reading(view) {
  const title = html("span", {}), legend = html("p", { class: "legend" }), line = html("div", { class: "words", role: "radiogroup", "aria-label": "Which word asks" });
  let words = [], shown = null;

  function layOut(now) {
    const held = line.contains(line.ownerDocument.activeElement);
    const [cells] = cellGrid(1, wordsOf(now).length, (_, j) => view.look(j));
    words = cells.map((cell, j) => {
      const amounts = [0, 1, 2].map((n) => html("span", { class: `amount line-${n}` }));
      cell.append(html("span", {}, wordsOf(now)[j]));
      cell.setAttribute("role", "radio");
      cell.addEventListener("focus", () => view.look(j));
      cell.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") view.look(j); });
      return { cell, amounts, node: html("div", { class: "word" }, cell, ...amounts) };
    });
    line.replaceChildren(...words.map(({ node }) => node));
    if (held) cells[wordOf(now)].focus();
  }

  return {
    figure: html("figure", { class: "part reading" }, html("figcaption", {}, html("b", {}, title), " point at a word, or use the arrows"), line, legend),
    draw(now, result) {
      if (shown !== `${now.sentence}`) layOut(now);
      shown = `${now.sentence}`;
      const word = wordOf(now), lines = [[`head ${headName(now.layer, now.head)}`, result.above, 1, percent], ...below(now, result)];
      write(title, `What “${wordsOf(now)[word]}” attends to:`);
      words.forEach(({ cell, amounts }, j) => {
        cell.style.setProperty("--share", `${100 * result.above[j]}%`);
        cell.setAttribute("aria-checked", j === word);
        cell.tabIndex = j === word ? 0 : -1;
        cell.setAttribute("aria-label", `${wordsOf(now)[j]}: ${lines.map(([name, row, , text]) => `${name} ${text(row[j])}`).join(", ")}`);
        amounts.forEach((amount, n) => {
          amount.hidden = n >= lines.length;
          if (amount.hidden) return;
          const [, row, largest, text] = lines[n];
          write(amount, text(row[j]));
          amount.style.setProperty("--bar", `${Math.min(100, (100 * row[j]) / largest)}%`);
          amount.classList.toggle("turned", text === degrees);
        });
      });
      write(legend, lines.length > 1 ? `Top to bottom: ${lines.map(([name]) => name).join("; ")}.` : `The numbers: weights in head ${headName(now.layer, now.head)}.`);
    },
  };
}
