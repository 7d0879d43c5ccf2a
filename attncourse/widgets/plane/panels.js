// The numbers beside the drawings: one query's row, all weights, and the controls.

export function html(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null) node.setAttribute(name, value);
  }
  // JupyterLab would otherwise take the keys of a focused element for its own shortcuts.
  if (["input", "button", "select", "output"].includes(tag)) node.setAttribute("data-lm-suppress-shortcuts", "true");
  node.append(...children);
  return node;
}
const icon = (path) => svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: "icon" }, svg("path", { d: path }));
const PIN = "M5.5 1.5h5l-.7 5 2.2 2.5H8.7L8 15l-.7-6H4l2.2-2.5z";
const UNDO = "M3 3v4h4M3.4 6.6A5 5 0 1 1 3 10";

/** Shows a number unless the reader is typing in the field. */
function show(field, value, digits = 2) {
  if (field.ownerDocument.activeElement !== field || field.dataset.stale) {
    field.value = value.toFixed(digits);
    field.removeAttribute("aria-invalid");
    delete field.dataset.stale;
  }
}
/** A number field: takes what is valid while it is typed, and shows the state again when left. */
function numberField(attributes, low, high, take, view) {
  const field = html("input", {
    type: "number", inputmode: "decimal", ...attributes,
    oninput: () => {
      const value = field.valueAsNumber, ok = Number.isFinite(value) && value >= low && value <= high;
      if (!ok) field.setAttribute("aria-invalid", "true");
      else { field.removeAttribute("aria-invalid"); take(value); }
    },
    onblur: () => view.draw(),
    onkeydown: (event) => {
      if (event.key === "Enter") { field.dataset.stale = "1"; view.draw(); }
    },
  });
  return field;
}

/** One line a key: may the query look, its score, its share of the softmax, its weight. */
export function rowPanel(view) {
  const state = view.state(), { names } = view, bound = state.limits.score;
  const chooser = html("div", { class: "chooser", role: "radiogroup", "aria-label": "Query shown" });
  const group = `ac-${Math.random().toString(36).slice(2)}`;
  const choices = state.q.map((_, i) => {
    const input = html("input", { type: "radio", name: group, onchange: () => view.change({ selected: i }) });
    chooser.append(html("label", {}, input, html("span", {}, names.queryCell(i))));
    return input;
  });
  const lines = state.k.map((_, j) => {
    const see = html("input", { type: "checkbox", "aria-label": `The query may look at ${names.key(j)}`, onchange: () => view.allow(view.state().selected, j, see.checked) });
    const score = numberField({ step: 0.1, "aria-label": `Score of ${names.key(j)}` }, -bound, bound, (x) => view.setCell("score_edits", j, x), view);
    const undo = html("button", { type: "button", class: "tiny", title: "Back to the computed score", "aria-label": `Back to the computed score of ${names.key(j)}`, onclick: () => view.setCell("score_edits", j, null) }, icon(UNDO));
    const exp = html("span", { class: "number" });
    const bar = html("input", { type: "range", min: 0, max: 1, step: 0.01, "aria-label": `Weight of ${names.key(j)}`, oninput: () => view.pin(j, bar.valueAsNumber) });
    const weight = numberField({ step: 0.05, min: 0, max: 1, "aria-label": `Weight of ${names.key(j)} as a number` }, 0, 1, (x) => view.pin(j, x), view);
    const pin = html("button", { type: "button", class: "tiny pin", "aria-pressed": "false", "aria-label": `Pin the weight of ${names.key(j)}`, onclick: () => view.togglePin(j) }, icon(PIN));
    const row = html("tr", {}, html("th", { scope: "row" }, names.keyCell(j)), html("td", {}, see), html("td", {}, html("span", { class: "field" }, score, undo)), html("td", { class: "exp" }, exp), html("td", { class: "wide" }, bar), html("td", {}, weight), html("td", {}, pin));
    return { row, see, score, undo, exp, bar, weight, pin };
  });
  const total = { exp: html("span", { class: "number" }), weight: html("span", { class: "number" }) };
  const head = (text, title, attributes = {}) => html("th", { scope: "col", title, ...attributes }, text);
  const table = html("table", {},
    html("caption", { class: "unseen" }, "The selected query's scores and weights, one line a key"),
    html("thead", {}, html("tr", {}, html("td"), head("sees", "May the query look at this key? (mask)"), head("score", "Scale times the dot product; type to set it by hand"), head("exp", "e to the power of (score − best score) ÷ temperature, for the keys whose weight is free", { class: "exp" }), head("weight", "exp ÷ the sum of exp; drag or type to pin it", { colspan: 2 }), html("td"))),
    html("tbody", {}, ...lines.map((each) => each.row)),
    html("tfoot", {}, html("tr", {}, html("th", { scope: "row" }, "sum"), html("td", { colspan: 2 }), html("td", { class: "exp" }, total.exp), html("td"), html("td", {}, total.weight), html("td"))));
  return {
    node: html("div", { class: "part one-query", role: "group", "aria-label": "One query's row" }, html("div", { class: "heading" }, html("span", {}, "Row of query"), chooser), table),
    draw(now, result) {
      const i = now.selected;
      choices.forEach((input, n) => { input.checked = n === i; });
      lines.forEach(({ row, see, score, undo, exp, bar, weight, pin }, j) => {
        const seen = now.mask[i][j], pinned = now.pins[i][j] !== null, w = result.weights[i][j];
        row.classList.toggle("masked", !seen);
        see.checked = seen;
        for (const field of [score, bar, weight, pin]) field.disabled = !seen;
        show(score, result.scores[i][j]);
        score.classList.toggle("edited", now.score_edits[i][j] !== null);
        undo.classList.toggle("absent", now.score_edits[i][j] === null);
        exp.textContent = seen && !pinned ? fixed(result.exps[i][j]) : "–";
        bar.value = w;
        bar.style.setProperty("--share", `${w * 100}%`);
        show(weight, w);
        weight.classList.toggle("edited", pinned);
        pin.setAttribute("aria-pressed", pinned);
        pin.title = pinned ? "Pinned: press to let it follow its score again" : "Hold this weight where it is";
      });
      total.exp.textContent = fixed(result.exps[i].reduce((a, b) => a + b, 0));
      total.weight.textContent = fixed(result.weights[i].reduce((a, b) => a + b, 0));
    },
  };
}

/** All weights as a heat map; a cell is a button that masks or unmasks. */
export function weightsPanel(view) {
  const { q, k } = view.state(), { names } = view;
  const cells = q.map((_, i) => k.map((__, j) => html("button", { type: "button", class: "cell", tabindex: i + j ? -1 : 0, onclick: () => view.allow(i, j, !view.state().mask[i][j]) })));
  const heads = q.map((_, i) => html("button", { type: "button", class: "head", "aria-label": `Show ${names.query(i)}`, onclick: () => view.change({ selected: i }) }, names.queryCell(i)));
  const go = (i, j) => {
    cells.flat().forEach((cell) => { cell.tabIndex = -1; });
    cells[i][j].tabIndex = 0;
    cells[i][j].focus();
  };
  cells.forEach((row, i) => row.forEach((cell, j) => cell.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (!way) return;
    event.preventDefault();
    event.stopPropagation();
    go(Math.min(Math.max(i + way[0], 0), q.length - 1), Math.min(Math.max(j + way[1], 0), k.length - 1));
  })));
  const rows = q.map((_, i) => html("tr", {}, html("th", { scope: "row" }, heads[i]), ...cells[i].map((cell) => html("td", {}, cell))));
  return {
    node: html("div", { class: "part all-weights", role: "group", "aria-label": "All weights" },
      html("div", { class: "heading" }, html("span", {}, "All weights"), html("small", {}, "press to mask")),
      html("table", {}, html("caption", { class: "unseen" }, "Weights, one row a query, one column a key"),
        html("thead", {}, html("tr", {}, html("td"), ...k.map((_, j) => html("th", { scope: "col" }, names.keyCell(j))))),
        html("tbody", {}, ...rows))),
    draw(now, result) {
      cells.forEach((row, i) => {
        rows[i].classList.toggle("chosen", i === now.selected);
        heads[i].setAttribute("aria-pressed", i === now.selected);
        row.forEach((cell, j) => {
          const w = result.weights[i][j], seen = now.mask[i][j];
          cell.textContent = seen ? fixed(w) : "–";
          cell.style.setProperty("--share", `${w * 100}%`);
          cell.classList.toggle("masked", !seen);
          cell.classList.toggle("pinned", seen && now.pins[i][j] !== null);
          cell.setAttribute("aria-pressed", !seen);
          cell.setAttribute("aria-label", `Mask ${names.query(i)}, ${names.key(j)}: ${seen ? `weight ${fixed(w)}` : "masked"}`);
        });
      });
    },
  };
}

/** Presets, reset and link; temperature and scale; or one of the two groups. */
export function controlsPanel(view, groups) {
  const { limits } = view.state(), [low, high] = limits.temperature;
  const slider = html("input", { type: "range", min: -1, max: 1, step: 0.01, "aria-label": "Temperature", oninput: () => view.change({ temperature: Number((10 ** slider.valueAsNumber).toPrecision(3)) }) });
  const exact = numberField({ step: 0.1, "aria-label": "Temperature as a number" }, low, high, (x) => view.change({ temperature: x }), view);
  const rootD = `1/√d = ${(1 / Math.sqrt(view.state().q[0].length)).toFixed(2)}`;
  const factor = numberField({ step: 0.1, "aria-label": "Scale as a number" }, -limits.scale, limits.scale, (x) => view.change({ scale: x }), view);
  let custom = false; // the reader asked for a number of their own, which may equal a named one
  const scale = html("select", { "aria-label": "Scale", onchange: () => {
    custom = scale.value === "custom";
    view.change({ scale: { root: null, one: 1 }[scale.value] ?? (scale.value === "custom" ? view.state().scale ?? 2 : null) });
    if (custom) factor.focus();
  } }, ...[["root", rootD], ["one", "1"], ["custom", "custom"]].map(([value, text]) => html("option", { value }, text)));
  const presets = Object.keys(view.state().presets).map((name) => html("button", { type: "button", "data-preset": name, "aria-pressed": "false", onclick: () => { custom = false; view.preset(name); } }, name[0].toUpperCase() + name.slice(1)));
  const reset = html("button", { type: "button", class: "plain", onclick: () => { custom = false; view.preset(""); } }, "Reset");
  const share = html("button", { type: "button", class: "plain", onclick: () => view.share() }, view.sharing);
  return {
    node: html("div", { class: "part controls", role: "group", "aria-label": "Settings" },
      ...(groups.includes("presets") ? [html("div", { class: "buttons" }, ...presets, reset, share)] : []),
      ...(groups.includes("settings") ? [
        html("div", { class: "setting" }, html("span", {}, "Temperature"), slider, exact),
        html("div", { class: "setting" }, html("span", {}, "Scale"), scale, factor)] : [])),
    draw(now) {
      slider.value = Math.log10(now.temperature);
      slider.setAttribute("aria-valuetext", fixed(now.temperature));
      show(exact, now.temperature);
      const named = custom ? "custom" : now.scale === null ? "root" : now.scale === 1 ? "one" : "custom";
      scale.value = named;
      factor.classList.toggle("absent", named !== "custom");
      show(factor, now.scale ?? 1 / Math.sqrt(now.q[0].length));
      presets.forEach((button) => button.setAttribute("aria-pressed", button.dataset.preset === now.preset));
    },
  };
}
