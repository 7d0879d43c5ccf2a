// What a reader types, slides, ticks, chooses and presses. Each part shows the state when it is drawn.

import { html, icon, unique } from "./elements.js";
import { capital, fixed, plain } from "./words.js";

const PATIENCE = 600; // milliseconds: who types "0.5" first types a "0" that may not be allowed

/**
 * A number field. It takes what is allowed while it is typed, says why it does not take the rest, and
 * shows the state again when left. `name` is how a sentence calls it, `label` how a screen reader
 * does where another control has that name already, `whole` that only whole numbers will do. `take`
 * returns why it could not take a number as it is, if it could not.
 */
export function numberField(view, { name, label = name, low, high, step, whole = false, digits = whole ? 0 : 2, take, ...more }) {
  let waiting = 0, shown = 0, wrong = false;
  const tell = () => {
    clearTimeout(waiting);
    if (wrong) view.refuse(field, `${capital(name)} takes a ${whole ? "whole number" : "number"} from ${plain(low)} to ${plain(high)}, so it stays ${fixed(shown, digits)}.`);
    wrong = false;
  };
  const field = html("input", {
    type: "number", inputmode: "decimal", step, "aria-label": label, ...more,
    oninput: () => {
      const value = field.valueAsNumber;
      clearTimeout(waiting);
      wrong = !(value >= low && value <= high) || (whole && !Number.isInteger(value)); // no number is NaN
      if (wrong) {
        field.setAttribute("aria-invalid", "true");
        waiting = setTimeout(tell, PATIENCE);
        return;
      }
      view.accept(field);
      const why = take(value);
      if (why) view.refuse(field, why);
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
    node: field,
    /** Shows a number unless the reader is typing in the field. */
    show(value) {
      shown = value;
      if (field.ownerDocument.activeElement === field && !field.dataset.stale) return;
      field.value = value.toFixed(digits);
      view.accept(field);
      delete field.dataset.stale;
    },
  };
}

/** A slider; `text` says what it stands at where its number alone would not. `take` as in a field. */
export function slider(view, { name, low, high, step, text, take, ...more }) {
  const node = html("input", { type: "range", min: low, max: high, step, "aria-label": name, ...more,
    oninput: () => {
      const why = take(node.valueAsNumber);
      if (why) view.say(why);
    } });
  return {
    node,
    show(value) {
      node.value = value;
      node.style.setProperty("--share", `${(100 * (value - low)) / (high - low)}%`);
      if (text) node.setAttribute("aria-valuetext", text(value));
    },
  };
}

/** One of a few, all of them seen. `choices` are pairs of value and text. */
export function chooser(view, { name, choices, take }) {
  const group = unique();
  const inputs = choices.map(([value]) => html("input", { type: "radio", name: group, onchange: () => take(value) }));
  return {
    node: html("div", { class: "chooser", role: "radiogroup", "aria-label": name },
      ...choices.map(([, text], n) => html("label", {}, inputs[n], html("span", {}, text)))),
    show(value) { inputs.forEach((input, n) => { input.checked = choices[n][0] === value; }); },
  };
}

/** One of a few in a list that opens. */
export function menu(view, { name, choices, take }) {
  const node = html("select", { "aria-label": name, onchange: () => take(node.value) },
    ...choices.map(([value, text]) => html("option", { value }, text)));
  return { node, show(value) { node.value = value; } };
}

export const button = (attributes, ...content) => html("button", { type: "button", ...attributes }, ...content);

/** A name with the controls that set it. */
export const setting = (name, ...controls) => html("div", { class: "setting" }, html("span", {}, name), ...controls);

/** Presets, undo and redo, Reset and the link: every widget has them. */
export function toolbar(view) {
  const presets = view.presets.map((name) => button({ "data-preset": name, "aria-pressed": "false",
    onclick: () => view.preset(name) }, capital(name)));
  const step = (name, keys, go) => button({ class: "plain step", "aria-label": name, title: `${name} (${keys})`, onclick: go }, icon(name.toLowerCase()));
  const undo = step("Undo", "Ctrl+Z", () => view.undo());
  const redo = step("Redo", "Ctrl+Shift+Z", () => view.redo());
  return {
    node: html("div", { class: "buttons" }, ...presets, undo, redo,
      button({ class: "plain", onclick: () => view.reset() }, "Reset"),
      button({ class: "plain", onclick: () => view.share() }, view.sharing)),
    draw(now) {
      presets.forEach((each) => each.setAttribute("aria-pressed", each.dataset.preset === now.preset));
      // Not `disabled`: the button would lose the focus with the last step.
      undo.setAttribute("aria-disabled", !view.history.canUndo);
      redo.setAttribute("aria-disabled", !view.history.canRedo);
    },
  };
}
