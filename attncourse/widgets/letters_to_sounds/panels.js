// What is typed, what is said, and one row in numbers.

import { html, icon, write } from "../kit/elements.js";
import { button, numberField, slider } from "../kit/fields.js";
import { fixed, percent } from "../kit/words.js";
import { END, MOST_LETTERS, MOST_ROWS } from "./network.js";
import { isWord } from "./numbers.js";
import { example, exampleWord, otherThan, soundName } from "./words.js";

const PATIENCE = 600; // milliseconds: who types over a word has none for a moment
const ALTERNATIVES = 4;

/** The field for a word. Capitals and accents are taken off; what is left must be letters from a to z. */
export function wordField(view) {
  let waiting = 0, wrong = false;
  const tell = () => {
    clearTimeout(waiting);
    if (wrong) view.refuse(field, `The word takes 1 to ${MOST_LETTERS} letters from a to z, so it stays “${view.state().word}”.`);
    wrong = false;
  };
  const field = html("input", {
    type: "text", "aria-label": "Word", autocapitalize: "none", autocomplete: "off", autocorrect: "off", spellcheck: "false", maxlength: 40,
    oninput: () => {
      const word = field.value.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase().trim();
      clearTimeout(waiting);
      wrong = !isWord(word);
      if (wrong) {
        field.setAttribute("aria-invalid", "true");
        waiting = setTimeout(tell, PATIENCE);
        return;
      }
      view.accept(field);
      if (word !== view.state().word) view.change({ word, hand: [], selected: 0 });
    },
    onblur: () => { tell(); view.accept(field); view.draw(); },
    onkeydown: (event) => {
      if (event.key !== "Enter") return;
      tell();
      field.dataset.stale = "1";
      view.draw();
    },
  });
  return {
    node: html("label", { class: "word" }, html("span", {}, "Word or name"), field), field,
    draw({ word }) {
      if (field.ownerDocument.activeElement === field && !field.dataset.stale) return;
      field.value = word;
      view.accept(field);
      delete field.dataset.stale;
    },
  };
}

/** The sounds one behind the other, each with a word that has it. Pressed is the one that is looked at. */
export function soundLine(view) {
  const parts = Array.from({ length: MOST_ROWS }, (_, row) => {
    const name = html("b"), as = html("small");
    return { name, as, node: button({ class: "sound", hidden: "", onclick: () => view.select(row) }, name, as), shown: null };
  });
  return {
    node: html("div", { class: "part sounds", role: "group", "aria-label": "Sounds" }, ...parts.map(({ node }) => node)),
    draw({ selected }, result, names) {
      const others = result ? otherThan(result.sounds, result.plain) : [];
      parts.forEach((part, row) => {
        const n = result?.sounds[row];
        part.node.hidden = n === undefined;
        if (n === undefined) return;
        part.node.setAttribute("aria-pressed", row === selected);
        part.node.classList.toggle("other", others[row]);
        if (part.shown === n) return;
        part.shown = n;
        write(part.name, soundName(names, n));
        part.as.replaceChildren(...asIn(soundName(names, n)));
      });
    },
  };
}

/** "as in" and a word whose letters that make the sound stand out. */
function asIn(name) {
  const parts = example(name);
  return parts ? ["as in ", parts[0], html("u", {}, parts[1]), parts[2]] : name === "end" ? ["of the word"] : [];
}

/** One row: a weight for each letter, to slide and to type, and what else might have been said. */
export function rowPanel(view) {
  const said = html("span"), which = html("small"), heading = html("div", { class: "heading" }, said, which), letters = Array.from({ length: MOST_LETTERS }, (_, j) => letterRow(view, j));
  const others = Array.from({ length: ALTERNATIVES }, () => {
    const cells = { name: html("th", { scope: "row" }), as: html("td", { class: "as" }), bar: html("td", { class: "wide" }, html("span", { class: "bar" })), share: html("td") };
    return { ...cells, node: html("tr", {}, ...Object.values(cells)) };
  });
  const rest = html("p", { class: "measured" });
  const list = (caption, ...rows) => html("table", {}, html("caption", { class: "unseen" }, caption),
    html("colgroup", {}, ...Array.from({ length: 4 }, () => html("col"))), html("tbody", {}, ...rows));
  const weights = html("div", { class: "part weights" }, heading, list("Weights of the chosen sound, one line a letter", ...letters.map(({ node }) => node)));
  const chances = html("div", { class: "part others" }, html("div", { class: "heading" }, "What it might have said"),
    list("The likeliest sounds at this step", ...others.map(({ node }) => node)), rest);
  return {
    nodes: [weights, chances],
    draw(now, result, names) {
      const row = view.row(result);
      write(said, row < 0 ? "" : soundName(names, result.sounds[row]));
      write(which, `row ${row + 1} of ${result?.sounds.length}, a weight for each letter`);
      letters.forEach((letter) => letter.draw(now, row < 0 ? [] : result.weights[row], row));
      weights.hidden = chances.hidden = row < 0;
      if (row < 0) return;
      const shares = result.probabilities[row], order = [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, ALTERNATIVES);
      others.forEach(({ name, as, bar, share }, n) => {
        const sound = soundName(names, order[n]);
        write(name, sound);
        write(as, exampleWord(sound) ?? (order[n] === END ? "of the word" : ""));
        bar.firstChild.style.setProperty("--share", `${100 * shares[order[n]]}%`);
        write(share, chance(shares[order[n]]));
      });
      write(rest, `All other sounds together: ${chance(Math.max(0, 1 - order.reduce((sum, n) => sum + shares[n], 0)))}.`);
    },
  };
}

const chance = (x) => (x < 0.0005 ? "< 0.1 %" : x < 0.0995 ? `${fixed(100 * x, 1)} %` : percent(x));

/** One letter of a row: slider, field, and the way back to the model's own weight. */
function letterRow(view, j) {
  const name = html("th", { scope: "row", class: "k" }), what = `Weight on letter ${j + 1}`;
  const share = slider(view, { name: what, low: 0, high: 1, step: 0.01, class: "share", text: percent, take: (w) => view.pin(j, w) });
  const exact = numberField(view, { name: what, label: `${what} as a number`, low: 0, high: 1, step: 0.05, take: (w) => view.pin(j, w) });
  const back = button({ class: "tiny", "aria-label": `${what}: give it back to the model`, title: "The model’s own weight", onclick: () => view.free(j) }, icon("back"));
  const node = html("tr", {}, name, html("td", { class: "wide" }, share.node), html("td", {}, exact.node), html("td", {}, back));
  return {
    node,
    draw({ word, hand }, weights, row) {
      node.hidden = !(j in weights);
      if (node.hidden) return;
      const isSet = hand.some(([sound, letter]) => sound === row && letter === j);
      write(name, word[j]);
      share.show(weights[j]);
      exact.show(weights[j]);
      exact.node.classList.toggle("edited", isSet);
      back.classList.toggle("absent", !isSet);
    },
  };
}
