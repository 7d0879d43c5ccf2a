// One view on a model, which may have several: its state, changes to it, the way back, the sentence.

import { html, take, unique } from "./elements.js";
import { historyOf } from "./history.js";

/**
 * What the parts of a widget share. `looks` and `settings` name its traits that are no state; `python`
 * writes the call that makes a state.
 */
export function makeView(model, { looks = [], settings = [], python }) {
  const start = model.get("start"), undone = [...Object.keys(start), "preset"], live = [...undone, ...looks];
  const read = (names) => Object.fromEntries(names.map((name) => [name, model.get(name)]));
  const write = (patch) => {
    for (const [name, value] of Object.entries(patch)) model.set(name, value);
    model.save_changes();
    view.draw();
  };
  const history = historyOf(model, () => read(live), write, Object.keys(start));
  const view = {
    live: [...live, "notice"], history, note: "", refused: null, unsaved: false, busy: false,
    remark: unique(), presets: Object.keys(model.get("presets")),
    sharing: model.link ? "Copy link" : "Copy code",
    /** Asks for a drawing; `run` puts a real one here. */
    draw() {},
    state: () => read([...live, ...settings, "start", "limits"]),
    change(patch) {
      view.quiet();
      view.busy = true;
      // To look at something else leaves a preset what it is; any other change ends it.
      const ends = Object.keys(patch).some((name) => name in start) ? { preset: "" } : {};
      for (const [name, value] of Object.entries({ ...ends, ...patch })) model.set(name, value);
      view.unsaved = true;
      view.draw();
    },
    say(text) { view.note = text; view.draw(); },
    /** What was said, also by a link that did not fit, is no longer so. */
    quiet() {
      view.note = "";
      view.accept(view.refused);
      if (model.get("notice")) model.set("notice", "");
    },
    said: () => view.note || model.get("notice") || "",
    /** Says why a field's text is not taken. */
    refuse(field, why) {
      view.accept(view.refused);
      view.refused = field;
      field.setAttribute("aria-invalid", "true");
      field.setAttribute("aria-describedby", view.remark);
      view.say(why);
    },
    accept(field) {
      field?.removeAttribute("aria-invalid");
      field?.removeAttribute("aria-describedby");
      if (field === view.refused) view.refused = null;
    },
    preset(name) { view.change({ ...start, ...(name ? model.get("presets")[name] : {}), preset: name }); },
    /** Back to the start, and the page's address no longer says otherwise. */
    reset() {
      view.preset("");
      model.unlink?.();
      view.say("Back at the start.");
    },
    undo() { view.step(history.undo, "Undone.", "There is nothing to undo."); },
    redo() { view.step(history.redo, "Redone.", "There is nothing to redo."); },
    step(go, done, nothing) {
      view.quiet();
      view.busy = false;
      view.say(go() ? done : nothing);
    },
    /** A gesture is over: what it changed is one step. */
    rest() {
      view.busy = false;
      history.record();
      view.draw();
    },
    async share() {
      const text = model.link ? model.link() : python(view.state());
      const what = model.link ? "The link to this state" : "The Python call that makes this state";
      try {
        await navigator.clipboard.writeText(text);
        view.say(`${what} is copied.`);
      } catch {
        view.say(model.link ? `${what} is in the address bar.` : text);
      }
    },
  };
  return view;
}

/**
 * Shows a widget: the sentence above, the blocks below, each part drawn when something changed.
 * `describe` gives the sentence on a state and its numbers, `hint` (a text, or what gives one) what to do
 * where nothing is said.
 */
export function run({ model, el }, view, { className, label, hint = "", compute, describe, parts, blocks }) {
  let frame = 0, spoken = 0;
  const sentence = html("p", { class: "sentence", "aria-hidden": "true" });
  const remark = html("p", { class: "remark", id: view.remark, "aria-hidden": "true" });
  const live = html("div", { class: "unseen", "aria-live": "polite" });
  const root = html("div", { class: `ac-kit ${className}`, role: "group", "aria-label": label },
    html("div", { class: "saying" }, sentence, remark), live, ...blocks);

  function draw() {
    frame = 0;
    // What neither a gesture nor the way back did came from elsewhere: a link, or Python.
    if (!view.busy) view.history.record();
    const now = view.state(), result = compute(now);
    for (const part of parts) part.draw(now, result);
    const text = describe(now, result), extra = view.said();
    if (sentence.textContent !== text) sentence.textContent = text;
    remark.textContent = extra || (typeof hint === "function" ? hint(now) : hint);
    // A screen reader hears the sentence once things have come to rest, not sixty times a second.
    clearTimeout(spoken);
    spoken = setTimeout(() => { live.textContent = extra ? `${text} ${extra}` : text; }, 400);
    if (view.unsaved) {
      view.unsaved = false;
      model.save_changes();
    }
  }
  view.draw = () => { frame ||= requestAnimationFrame(draw); };

  root.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || !(key === "z" || key === "y")) return;
    take(event);
    // A field that is being typed in shows the state again too.
    for (const field of root.querySelectorAll("input, textarea")) field.dataset.stale = "1";
    if (key === "y" || event.shiftKey) view.redo();
    else view.undo();
  });
  // A gesture ends with a change, a click, a released pointer or key, or by leaving. A letter typed
  // into a number or a text is none yet.
  for (const end of ["change", "click", "pointerup", "pointercancel", "focusout", "keyup"]) {
    root.addEventListener(end, (event) => {
      if (end !== "keyup" || !["number", "text", "textarea"].includes(event.target.type)) view.rest();
    });
  }
  const forget = () => { view.history.forget(); view.draw(); };
  const events = [...view.live.map((name) => [`change:${name}`, view.draw]), ["adopt", forget]];
  for (const [event, listener] of events) model.on(event, listener);
  el.append(root);
  draw();
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(spoken);
    for (const [event, listener] of events) model.off(event, listener);
  };
}
