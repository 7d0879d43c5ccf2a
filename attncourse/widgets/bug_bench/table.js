// The assertions on this bug, and the table of all bugs and all assertions.

import { html, write } from "../kit/elements.js";
import { button } from "../kit/fields.js";
import { CAUGHT, MISSED, REFUSED } from "./assertions.js";
import { explained, MARKS, secret, summary, VERDICTS } from "./words.js";

const CLASSES = [[MISSED, "missed"], [CAUGHT, "caught"], [REFUSED, "refused"]];
const mark = (node, verdict) => { for (const [value, name] of CLASSES) node.classList.toggle(name, verdict === value); };

/** Every assertion with its verdict; the one that is pressed shows its line. */
export function assertionList(view) {
  const { limits } = view.state(), names = Object.keys(limits.assertions);
  const chips = names.map((name) => {
    const sign = html("span", { class: "sign", "aria-hidden": "true" }), said = html("span", { class: "unseen" });
    return { name, sign, said, node: button({ class: "chip", "aria-pressed": "false", onclick: () => view.change({ assertion: name }) }, sign, name, said) };
  });
  const group = (title, some) => html("div", { class: "group", role: "group", "aria-label": title }, html("p", {}, title), html("div", { class: "buttons" }, ...some.map(({ node }) => node)));
  const code = html("code"), verdict = html("b"), names_ = html("p", { class: "names" });
  return {
    node: html("div", { class: "part assertions" }, group("The usual assertions", chips.slice(0, limits.usual)), group("Further ones", chips.slice(limits.usual)),
      html("div", { class: "chosen" }, html("p", { class: "line" }, code), html("p", {}, verdict), names_)),
    draw(now, result) {
      const found = result.verdicts;
      chips.forEach(({ name, sign, said, node }, n) => {
        write(sign, MARKS[found[n]]);
        write(said, `, ${VERDICTS[found[n]]}`);
        mark(node, found[n]);
        node.setAttribute("aria-pressed", name === now.assertion);
      });
      const { line, names: used } = explained(now.assertion, limits), at = found[names.indexOf(now.assertion)];
      write(code, line);
      write(verdict, ["Passes for the right layer and for the bug: missed.", "Passes for the right layer, fails for the bug: caught.", "Fails for the right layer too: it asks for what does not hold here."][at]);
      write(names_, used ? `${used}.` : "");
    },
  };
}

/** A row for each bug, a column for each assertion; a bug's name is a button that takes it. */
export function verdictTable(view) {
  const { limits } = view.state(), names = Object.keys(limits.assertions);
  const columns = names.map((name, n) => html("th", { scope: "col", class: n < limits.usual ? "usual" : "" }, html("span", {}, name)));
  const rows = limits.bugs.map(({ name }, n) => {
    const cells = names.map(() => html("td")), hides = html("span", { class: "unseen" });
    const take = button({ class: "plain", onclick: () => view.change({ bug: name, stage: "" }) }, html("span", { class: "nr" }, `${n + 1} `), name, hides);
    return { cells, hides, take, node: html("tr", {}, html("th", { scope: "row" }, take), ...cells) };
  });
  const counts = names.map(() => html("td")), said = html("p", { class: "measured" });
  const table = html("table", {}, html("caption", { class: "unseen" }, "Bugs and assertions: × caught, · missed, – fails for the right layer too"),
    html("thead", {}, html("tr", {}, html("td"), ...columns)), html("tbody", {}, ...rows.map(({ node }) => node)),
    html("tfoot", {}, html("tr", {}, html("th", { scope: "row" }, "catches"), ...counts)));
  const node = html("figure", { class: "part verdicts" }, html("figcaption", {}, html("b", {}, "All bugs, all assertions"), " × caught · missed – fails for the right layer too; grey: hides here"), said, table);
  return {
    node,
    draw(now, result) {
      node.hidden = secret(now);
      // It waits until a gesture is over, since it runs all bugs.
      node.classList.toggle("waits", view.busy);
      if (node.hidden || view.busy) return;
      rows.forEach(({ cells, hides, take, node: row }, b) => {
        row.classList.toggle("quiet", result.quiet[b]);
        row.classList.toggle("now", limits.bugs[b].name === now.bug);
        take.setAttribute("aria-pressed", limits.bugs[b].name === now.bug);
        write(hides, result.quiet[b] ? ", hides here" : "");
        cells.forEach((cell, n) => {
          write(cell, MARKS[result.caught[n][b]]);
          mark(cell, result.caught[n][b]);
        });
      });
      columns.forEach((column, n) => column.classList.toggle("now", names[n] === now.assertion));
      counts.forEach((cell, n) => write(cell, result.caught[n].filter((v) => v === CAUGHT).length));
      write(said, summary(now, result));
    },
  };
}
