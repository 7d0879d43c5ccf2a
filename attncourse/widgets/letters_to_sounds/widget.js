// Puts the parts together: the offer of the model, the word, the sounds, the map, one row in numbers.

import { html } from "../kit/elements.js";
import { toolbar } from "../kit/fields.js";
import { heavyPart } from "../kit/heavy.js";
import { makeView, run } from "../kit/view.js";
import { soundMap } from "./map.js";
import { compute, pulledTo, read, withRow } from "./numbers.js";
import { rowPanel, soundLine, wordField } from "./panels.js";
import { describe, toPython } from "./words.js";
export { compute, fromLink, read, toLink } from "./numbers.js";
export { example, toPython } from "./words.js";

function render({ model, el }) {
  const view = makeView(model, { looks: ["selected"], python: toPython }), sample = model.get("sample");
  const loader = heavyPart(view, model, {
    read, offer: "You see one stored word. With the model in the page you can type any word, and change where it looks.",
    then: () => word.field.focus({ preventScroll: true }),
  });
  const same = (now) => now.word === sample.word && JSON.stringify(now.hand) === JSON.stringify(sample.hand);
  const numbers = (now) => (loader.data ? compute(now, loader.data) : same(now) ? sample.result : null);
  let shown = null;
  Object.assign(view, {
    /** The row that is looked at; a word may be shorter than the one before. None without numbers. */
    row: (result) => Math.min(view.state().selected, (result?.sounds.length ?? 0) - 1),
    select(row) { if (row !== view.state().selected) view.change({ selected: row }); },
    pinsOf: (row) => view.state().hand.filter(([sound]) => sound === row).map(([, letter, weight]) => [letter, weight]),
    /** Pulls a row to a place between the first letter and the last. */
    pull(row, place) { view.change({ hand: withRow(view.state().hand, row, pulledTo(place)), selected: row }); },
    /** Sets one weight of the chosen row. Others that are set make room; one letter stays free to take the rest. */
    pin(letter, weight) {
      const { word: { length }, hand } = view.state(), row = view.row(shown);
      if (length === 1) return "The only letter has all the weight.";
      let others = view.pinsOf(row).filter(([at]) => at !== letter);
      const total = others.reduce((sum, [, w]) => sum + w, 0), room = 1 - weight;
      if (total > room) others = others.map(([at, w]) => [at, Math.floor((1000 * w * room) / total) / 1000]);
      if (others.length === length - 1) others = others.sort((a, b) => a[1] - b[1]).slice(0, -1);
      view.change({ hand: withRow(hand, row, [...others, [letter, weight]]), selected: row });
      return "";
    },
    /** Gives a weight back to the model. */
    free(letter) {
      const row = view.row(shown);
      view.change({ hand: withRow(view.state().hand, row, view.pinsOf(row).filter(([at]) => at !== letter)) });
    },
  });
  const word = wordField(view), line = soundLine(view), map = soundMap(view), panel = rowPanel(view), bar = toolbar(view);
  const names = sample.sounds;
  const controls = html("div", { class: "part controls", role: "group", "aria-label": "Settings" }, bar.node);
  const stop = run({ model, el }, view, {
    className: "ac-letters_to_sounds", label: "Letters to sounds, live", compute: numbers,
    describe: (now, result) => describe({ ...now, selected: Math.max(0, view.row(result)) }, result, names),
    hint: () => (loader.data ? "Type a word; drag a dot to make a sound look elsewhere." : "Choose a sound to see where the model looked."),
    parts: [loader, word, bar, { draw(now, result) {
      shown = result;
      const at = { ...now, selected: view.row(result) };
      for (const part of [line, map, panel]) part.draw(at, result, names);
      el.firstChild.classList.toggle("asleep", !loader.data);
    } }],
    // What is pressed stands above what grows and shrinks.
    blocks: [word.node, controls, line.node,
      html("div", { class: "drawings" }, map.figure, html("div", { class: "beside" }, loader.node, ...panel.nodes))],
  });
  return () => { stop(); loader.leave(); };
}

export default { render };
