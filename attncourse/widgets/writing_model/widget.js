// Puts the parts together: the text, how it goes on, what may follow, the heads and one of them large.

import { html } from "../kit/elements.js";
import { toolbar } from "../kit/fields.js";
import { heavyPart } from "../kit/heavy.js";
import { makeView, run } from "../kit/view.js";
import { chanceControls, chanceTable } from "./chances.js";
import { headGrid } from "./heads.js";
import { headMap, headPanel } from "./map.js";
import { ahead, looked, N_KEYS, pinsOf, read, withHead, work } from "./numbers.js";
import { goesOn, textField, writeButtons } from "./text.js";
import { describe, isOff, toPython } from "./words.js";
export { compute, fromLink, read, toLink } from "./numbers.js";
export { cleaned, lineOf } from "./text.js";
export { toPython } from "./words.js";

const LINE = 48; // characters that are written ahead
const SLICE = 5; // milliseconds of a frame that the model may take; a character more is read at least
const LOOKS = ["layer", "head", "key"];

function render({ model, el }) {
  const view = makeView(model, { looks: LOOKS, python: toPython }), sample = model.get("sample");
  const loader = heavyPart(view, model, {
    read, offer: "You see one stored beginning. With the model in the page you can write your own, and switch its heads off.",
    then: () => text.field.focus({ preventScroll: true }),
  });
  const same = (now) => Object.entries(sample.state).every(([name, value]) => JSON.stringify(now[name]) === JSON.stringify(value));
  let shown = null;
  /** What the model finds, a slice a frame. Until a text is read, what was found before is shown. */
  function numbers(now) {
    const stored = same(now) ? { ...sample.result, state: now } : null;
    if (!loader.data) return stored;
    const until = performance.now() + SLICE, length = now.text.length;
    let steps = 0;
    const came = work(loader.data, now, LINE, () => (steps += 1) > 1 && performance.now() > until);
    const isDone = came === length + LINE - 1;
    el.firstChild?.classList.toggle("working", !isDone);
    if (!isDone) view.draw();
    if (came < length) return shown ?? stored;
    const name = JSON.stringify({ ...now, key: 0 });
    // What hangs on the text alone is found once, not with every character that is written ahead.
    shown = { ...(shown?.name === name ? shown : looked(loader.data, now)), ...ahead(loader.data, now, LINE), state: now, name };
    return shown;
  }
  const pins = () => { const { hand, layer, head } = view.state(); return pinsOf(hand, layer, head); };
  const setPins = (list, more = {}) => {
    const { hand, layer, head } = view.state();
    view.change({ hand: withHead(hand, layer, head, list), ...more });
  };
  Object.assign(view, {
    select(layer, head) { view.change({ layer, head }); },
    toggle() {
      const { off, layer, head } = view.state(), there = isOff({ off }, layer, head);
      view.change({ off: there ? off.filter(([l, h]) => l !== layer || h !== head) : [...off, [layer, head]].sort((a, b) => a[0] - b[0] || a[1] - b[1]) });
    },
    /** The weight that is looked at; a text may be shorter than the way back to it. */
    keyNow: () => Math.min(view.state().key, view.state().text.length - 1),
    choose(by) {
      const most = Math.min(N_KEYS, view.state().text.length) - 1;
      view.change({ key: Math.min(Math.max(view.keyNow() + by, 0), most) });
    },
    nudge(by) {
      const at = view.keyNow(), weight = (shown?.map[0][at] ?? 0) + by;
      return view.pin(at, Math.round(100 * Math.min(Math.max(weight, 0), 1)) / 100);
    },
    /** Sets one weight of the chosen head. Others that are set make room; one key stays free to take the rest. */
    pin(back, weight) {
      const count = view.state().text.length, key = Math.min(back, count - 1);
      if (count === 1) return "The only character has all the weight.";
      let others = pins().filter(([at]) => at !== key && at < count);
      const total = others.reduce((sum, [, w]) => sum + w, 0), room = 1 - weight;
      if (total > room) others = others.map(([at, w]) => [at, Math.floor((1000 * w * room) / total) / 1000]);
      if (others.length === count - 1) others = others.sort((a, b) => a[1] - b[1]).slice(1);
      setPins([...others, [key, weight]], { key });
      return "";
    },
    /** Gives a weight back to the model. */
    free(back) { setPins(pins().filter(([at]) => at !== back)); },
  });
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const text = textField(view, sample.alphabet), buttons = writeButtons(view, text.field, { still }), on = goesOn(), bar = toolbar(view);
  const table = chanceTable(), settings = chanceControls(view), grid = headGrid(view), map = headMap(view), panel = headPanel(view);
  const controls = html("div", { class: "part controls", role: "group", "aria-label": "Settings" }, bar.node);
  const parts = [loader, text, buttons, on, bar, settings, panel, onceEach(table, []), onceEach(grid, ["layer", "head"]), onceEach(map, LOOKS)];
  const stop = run({ model, el }, view, {
    className: "ac-writing_model", label: "A model that writes, live", compute: numbers,
    describe: (_, result) => describe(result),
    hint: () => (loader.data ? "Type; let it write; press a head, switch it off, or paint its bars." : ""),
    parts: [...parts, { draw(now, result) {
      el.firstChild?.classList.toggle("asleep", !loader.data);
      text.open(loader.data !== null);
      map.figure.hidden = panel.node.hidden = !result;
    } }],
    blocks: [text.node, buttons.node, loader.node, on.node, settings.node, controls,
      html("div", { class: "drawings" }, html("div", { class: "beside" }, table.node, grid.node), html("div", { class: "beside" }, map.figure, panel.node))],
  });
  return () => { buttons.stop(); stop(); loader.leave(); };
}

/** A part that is drawn when its numbers are others, or what it shows of what is looked at. */
function onceEach({ draw }, looks) {
  let last = null;
  return {
    draw(now, result) {
      const next = [result?.map, ...looks.map((name) => now[name])];
      if (last && next.every((each, n) => each === last[n])) return;
      last = next;
      draw(now, result);
    },
  };
}

export default { render };
