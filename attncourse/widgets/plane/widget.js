// Puts the parts together: one view on a model, which may have several.

const TRAITS = ["q", "k", "v", "mask", "temperature", "scale", "score_edits", "pins", "selected", "preset"];
const HINT = "Drag any point, or move it with the arrow keys.";
const FIXED = ["labels", "panels", "height", "limits", "start", "presets"];

function render({ model, el }) {
  const state = () => Object.fromEntries([...TRAITS, ...FIXED].map((name) => [name, model.get(name)]));
  const first = state(), { start } = first;
  const unit = unitFor(start);
  const bounds = [WIDE, HIGH].map((size) => {
    const far = Math.floor(((size / 2 - 8) / unit) * 100) / 100;
    return [-far, far];
  });
  let note = "", frameAsked = 0, spoken = 0;
  const setAt = (list, at, value) => list.map((old, n) => (n === at ? value : old));

  const view = {
    state, unit, bounds, names: naming(first), height: first.height, hot: null,
    sharing: model.link ? "Copy link" : "Copy code",
    heat(handle, only) {
      if (handle === null && view.hot !== only) return;
      view.hot = handle;
      ask();
    },
    change(patch, preset = patch.selected === undefined ? "" : model.get("preset")) {
      note = "";
      if (model.get("notice")) model.set("notice", "");
      for (const [name, value] of Object.entries({ ...patch, preset })) model.set(name, value);
      ask();
      view.unsaved = true;
    },
    move(kind, index, to) {
      const at = to.map((x, axis) => Math.round(Math.min(Math.max(x, bounds[axis][0]), bounds[axis][1]) * 100) / 100);
      view.change({ [kind]: setAt(model.get(kind), index, at) });
    },
    setCell(name, j, value) {
      const rows = model.get(name), i = model.get("selected");
      view.change({ [name]: setAt(rows, i, setAt(rows[i], j, value)) });
    },
    allow(i, j, yes) {
      const mask = setAt(model.get("mask"), i, setAt(model.get("mask")[i], j, yes));
      const pins = setAt(model.get("pins"), i, setAt(model.get("pins")[i], j, null));
      view.change({ mask, pins, selected: i }, "");
    },
    /** Pins a weight, or says why it cannot be, or not so high. */
    pin(j, value) {
      const now = state(), i = now.selected, row = now.pins[i];
      const others = row.map((_, n) => n).filter((n) => n !== j && now.mask[i][n] && row[n] === null);
      if (others.length === 0) {
        return say("One weight must stay free, to take what the pinned ones leave. Unpin another first.");
      }
      const room = roomFor(row, j);
      view.setCell("pins", j, Math.min(value, room));
      if (value > room) say(`The other pinned weights leave ${fixed(room)}, so this one can have no more.`);
    },
    togglePin(j) {
      const now = state(), i = now.selected;
      if (now.pins[i][j] !== null) view.setCell("pins", j, null);
      else view.pin(j, Math.round(compute(now).weights[i][j] * 1e4) / 1e4);
    },
    preset: (name) => view.change({ ...start, ...(first.presets[name] ?? {}) }, name),
    async share() {
      const text = model.link ? model.link() : asPython(state());
      const what = model.link ? "The link to this state" : "The Python call that makes this state";
      try {
        await navigator.clipboard.writeText(text);
        say(`${what} is copied.`);
      } catch {
        say(model.link ? `${what} is in the address bar.` : text);
      }
    },
    draw: ask,
  };
  const say = (text) => { note = text; ask(); };

  const sentence = html("p", { class: "sentence", "aria-hidden": "true" });
  const remark = html("p", { class: "remark", "aria-hidden": "true" });
  const live = html("div", { class: "unseen", "aria-live": "polite" });
  const sum = html("p", { class: "sum" });
  const parts = [], blocks = [];
  if (first.panels.includes("plane")) {
    const drawings = [comparison(view), mixture(view)];
    parts.push(...drawings);
    blocks.push(html("div", { class: "drawings" }, ...drawings.map((each) => each.figure)), sum);
  }
  const tables = [["row", rowPanel], ["weights", weightsPanel]].filter(([name]) => first.panels.includes(name)).map(([, build]) => build(view));
  parts.push(...tables);
  if (tables.length) blocks.push(html("div", { class: "tables" }, ...tables.map((each) => each.node)));
  if (first.panels.includes("presets") || first.panels.includes("settings")) {
    parts.push(controlsPanel(view, first.panels));
    blocks.push(parts.at(-1).node);
  }
  const root = html("div", { class: "ac-plane", role: "group", "aria-label": "Attention in the plane" },
    html("div", { class: "saying" }, sentence, remark), live, ...blocks);

  function draw() {
    frameAsked = 0;
    const now = state(), result = compute(now);
    for (const part of parts) part.draw(now, result);
    const i = now.selected, said = describe(now, result), extra = note || model.get("notice") || "";
    const hint = first.panels.includes("plane") ? HINT : "";
    if (sentence.textContent !== said) sentence.textContent = said;
    remark.textContent = extra || hint;
    drawSum(sum, view.names, i, result);
    // A screen reader hears the sentence once things have come to rest, not sixty times a second.
    clearTimeout(spoken);
    spoken = setTimeout(() => { live.textContent = extra ? `${said} ${extra}` : said; }, 400);
    if (view.unsaved) {
      view.unsaved = false;
      model.save_changes();
    }
  }
  function ask() { frameAsked ||= requestAnimationFrame(draw); }

  const events = [...TRAITS, "notice"].map((name) => `change:${name}`);
  for (const event of events) model.on(event, ask);
  el.append(root);
  draw();
  return () => {
    cancelAnimationFrame(frameAsked);
    clearTimeout(spoken);
    for (const event of events) model.off(event, ask);
  };
}

/** The output as a sum, with the weights that are shown everywhere else. */
function drawSum(node, names, i, { weights, output }) {
  const terms = weights[i].map((w, j) => `<span${w < 0.005 ? ' class="nil"' : ""}>${fixed(w)}·<b>v${subscript(j + 1)}</b></span>`);
  node.innerHTML = `${names.o(i)} = ${terms.join(" + ")} = <strong>${pair(output[i])}</strong>`;
}

export default { render };
