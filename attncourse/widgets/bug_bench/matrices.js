// A stage of the right layer beside that of the broken one, number by number.

import { html, write } from "../kit/elements.js";
import { subscript } from "../kit/words.js";
import { differingStage } from "./numbers.js";
import { secret, short, shownStage, stageName } from "./words.js";

const ROWS = { queries: ["q"], keys: ["k"], values: ["v"], scores: ["q", "k"], masked: ["q", "k"], weights: ["q", "k"], kept: ["q", "k"], mixed: ["q"], output: ["q"] };
const OWN = { queries: "q", keys: "k", values: "v", scores: "score", masked: "score", weights: "weight", kept: "weight", mixed: "out", output: "out" };

/** A table of numbers, made anew where its shape is another one. */
function matrix(title) {
  const name = html("b", {}, title), more = html("span"), caption = html("caption", { class: "unseen" });
  const head = html("thead"), body = html("tbody"), table = html("table", {}, caption, head, body);
  let cells = [], laid = "";
  function layOut(rows, columns, stage, heads) {
    const key = [rows, columns, stage, heads].join();
    if (key === laid) return;
    laid = key;
    const [down, across = ""] = ROWS[stage];
    cells = Array.from({ length: rows }, () => Array.from({ length: columns }, (_, j) => html("td", {},
      html("span", { class: j && j % (columns / heads) === 0 ? "number start" : "number" }), html("span", { class: "unseen" }))));
    head.replaceChildren(html("tr", {}, html("td"), ...cells[0].map((_, j) => html("th", { scope: "col", class: across }, across ? across + subscript(j + 1) : j + 1))));
    body.replaceChildren(...cells.map((row, i) => html("tr", {}, html("th", { scope: "row", class: down }, down + subscript(i + 1)), ...row)));
  }
  const node = html("figure", { class: "part cells" }, html("figcaption", {}, name, " ", more), table);
  return {
    node,
    show({ label, stage, values, marks, top, said, heads = 1 }) {
      layOut(values.length, values[0].length, stage, heads);
      write(name, label);
      write(more, said);
      write(caption, `${label}: ${stageName(stage)}`);
      table.className = values[0].length > 6 ? `${OWN[stage]} wide` : OWN[stage];
      const digits = values[0].length > 6 ? 1 : 2;
      cells.forEach((row, i) => row.forEach((cell, j) => {
        const [number, spoken] = cell.children, value = values[i][j], wrong = Boolean(marks?.[i][j]);
        write(number, short(value, digits));
        number.style.setProperty("--share", `${Number.isFinite(value) ? Math.min(100, (100 * Math.abs(value)) / top) : 0}%`);
        number.classList.toggle("wrong", wrong);
        number.classList.toggle("masked", value === -Infinity);
        write(spoken, wrong ? " differs" : "");
      }));
    },
  };
}

export function matrices() {
  const [right, wrong, guessed] = ["Right", "With the bug", "Your guess"].map(matrix);
  return {
    node: html("div", { class: "drawings" }, right.node, wrong.node, guessed.node),
    draw(now, result) {
      const stage = shownStage(now, result), whole = stage === "output", head = Math.min(now.head, now.n_heads - 1);
      const one = (stages) => (whole ? stages[stage] : stages[stage][head]);
      const a = one({ [stage]: result[`right_${stage}`] }), b = one({ [stage]: result[`wrong_${stage}`] });
      const marks = differingStage(a, b), count = marks.flat().filter(Boolean).length;
      const top = ["weights", "kept"].includes(stage) ? 1 : Math.max(1e-9, ...a.flat().filter(Number.isFinite).map(Math.abs));
      const where = now.n_heads > 1 && !whole ? `, head ${head + 1}` : "", heads = whole ? now.n_heads : 1;
      right.show({ label: "Right", stage, values: a, top, heads, said: `${stageName(stage)}${where}` });
      wrong.show({ label: "With the bug", stage, values: b, marks, top, heads, said: count ? `${count} of ${b.flat().length} differ, outlined` : "no number differs" });
      const tried = secret(now) && now.guess !== "";
      guessed.node.hidden = !tried;
      if (!tried) return;
      const c = result.guessed;
      guessed.show({ label: "Your guess", stage, values: c, marks: differingStage(b, c), top, heads, said: "outlined where the bug gives another number" });
    },
  };
}
