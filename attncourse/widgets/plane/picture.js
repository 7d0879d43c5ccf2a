// The two drawings: queries against keys, and values mixed into outputs.

import { assign, html, svg } from "../kit/elements.js";
import { addHandle, makeDrawing, nameBeside, place } from "../kit/handles.js";
import { hull } from "../kit/hull.js";
import { fixed, pair } from "../kit/words.js";

const WIDE = 400, HIGH = 300;
const STEP = 0.05, LEAP = 0.25; // arrow keys, and with Shift

/** Pixels per unit, so that every start vector fits with room to drag it further. */
function unitFor({ q, k, v }) {
  const all = [...q, ...k, ...v];
  const far = (axis) => [1.22, 1.33][axis] * Math.max(0.5, ...all.map((point) => Math.abs(point[axis])));
  return Math.min(WIDE / 2 / far(0), HIGH / 2 / far(1));
}

/** The scale of both drawings, and how far points go in them. */
export function scene(start) {
  const unit = unitFor(start);
  const bounds = [WIDE, HIGH].map((size) => {
    const far = Math.floor(((size / 2 - 8) / unit) * 100) / 100;
    return [-far, far];
  });
  return { unit, bounds };
}

/** One drawing with its grid; `view` carries what both drawings share. */
function frame(view, title, question, label) {
  const { unit } = view;
  const x = (value) => WIDE / 2 + value * unit, y = (value) => HIGH / 2 - value * unit;
  const lines = [];
  for (let n = 1; n * unit < WIDE / 2; n += 1) {
    for (const s of [-n, n]) {
      lines.push(`M${x(s)} 0V${HIGH}`);
      if (n * unit < HIGH / 2) lines.push(`M0 ${y(s)}H${WIDE}`);
    }
  }
  const note = svg("text", { class: "note", x: 10, y: HIGH - 12 });
  const drawing = makeDrawing({
    wide: WIDE, high: HIGH, label, height: view.state().height,
    toPlace: ([px, py]) => [(px - WIDE / 2) / unit, (HIGH / 2 - py) / unit],
    fromPlace: (at) => [x(at[0]), y(at[1])],
  }, svg("path", { class: "grid", d: lines.join("") }), svg("path", { class: "axis", d: `M${x(0)} 0V${HIGH}M0 ${y(0)}H${WIDE}` }), note);
  const figure = html("figure", {}, html("figcaption", {}, html("b", {}, title), ` ${question}`), drawing.root);
  return { ...drawing, figure, note, x, y };
}

/** A vector's point. */
function addPoint(view, drawing, kind, index, mark) {
  const at = () => view.state()[kind][index];
  const handle = addHandle(drawing, {
    id: `${kind}${index}`, className: kind, mark, at,
    name: view.names[{ q: "query", k: "key", v: "value" }[kind]](index),
    move: (to) => view.move(kind, index, to),
    // From the state, not the drawing, which may lag behind a fast key repeat.
    nudge: (way, leap) => view.move(kind, index, at().map((x, axis) => x + way[axis] * (leap ? LEAP : STEP))),
    // Of points that coincide, the selected query is the one that is seen.
    front: () => kind === "q" && index === view.state().selected,
    notice: (on) => view.heat(on ? handle : null, handle),
    focus: () => { if (kind === "q") view.change({ selected: index }); },
  });
  return Object.assign(handle, { kind, index });
}

/** Puts a point in its place, its name beyond it as seen from the origin. */
function putPoint(view, drawing, handle, at, name, size = 1) {
  const length = Math.hypot(at[0], at[1]);
  nameBeside(drawing, handle, name, length > 0 ? [at[0] / length, at[1] / length] : [0, 1], size);
  if (view.hot === null) drawing.note.textContent = "";
  if (view.hot === handle) drawing.note.textContent = `${name} = ${pair(at)}`;
  const [low, high] = view.bounds[0];
  place(drawing, handle, { size, low, high, now: at[0].toFixed(2), text: `x ${fixed(at[0])}, y ${fixed(at[1])}` });
}

const line = (drawing, a, b) => ({ x1: drawing.x(a[0]), y1: drawing.y(a[1]), x2: drawing.x(b[0]), y2: drawing.y(b[1]) });

/** Left: where the query points, and how far each key reaches along it. */
export function comparison(view) {
  const { q, k } = view.state();
  const drawing = frame(view, "Match", "which keys point the query’s way?", "Queries and keys; each point can be moved");
  const along = svg("line", { class: "along" }), reach = svg("line", { class: "shadow" });
  const drop = svg("line", { class: "drop" }), product = svg("text", { class: "note product" });
  const arrows = { k: k.map(() => svg("line", { class: "arrow k" })), q: q.map(() => svg("line", { class: "arrow q" })) };
  const keys = k.map((_, j) => addPoint(view, drawing, "k", j, svg("rect", { class: "mark", x: -6, y: -6, width: 12, height: 12, rx: 2 })));
  const queries = q.map((_, i) => addPoint(view, drawing, "q", i, svg("circle", { class: "mark", r: 7.5 })));
  drawing.root.append(along, reach, ...arrows.k, ...arrows.q, drop, ...keys.map((h) => h.node),
    ...queries.map((h) => h.node), product);
  return {
    figure: drawing.figure,
    draw(state, result) {
      const i = state.selected, query = state.q[i];
      state.k.forEach((key, j) => {
        const w = result.weights[i][j], hidden = !state.mask[i][j];
        assign(arrows.k[j], { ...line(drawing, [0, 0], key), "stroke-width": 1.5 + 4.5 * w, opacity: 0.45 + 0.55 * w });
        for (const node of [arrows.k[j], keys[j].node]) node.classList.toggle("hidden", hidden);
        putPoint(view, drawing, keys[j], key, view.names.k(j), 0.9 + 0.5 * w);
      });
      state.q.forEach((other, n) => {
        assign(arrows.q[n], line(drawing, [0, 0], other));
        for (const node of [arrows.q[n], queries[n].node]) node.classList.toggle("quiet", n !== i);
        // What lies under the selected query would only blur it.
        const under = n !== i && Math.hypot(other[0] - query[0], other[1] - query[1]) * view.unit < 10;
        queries[n].node.classList.toggle("under", under);
        putPoint(view, drawing, queries[n], other, view.names.q(n), n === i ? 1.15 : 0.7);
      });
      const hot = view.hot?.kind === "k" ? view.hot.index : null;
      const length2 = query[0] ** 2 + query[1] ** 2;
      const show = hot !== null && length2 > 0;
      for (const node of [along, reach, drop, product]) node.classList.toggle("absent", !show);
      if (show) {
        const key = state.k[hot], dot = query[0] * key[0] + query[1] * key[1];
        const foot = query.map((c) => (c * dot) / length2);
        const far = query.map((c) => (c * 8) / Math.sqrt(length2));
        assign(along, line(drawing, far.map((c) => -c), far));
        assign(reach, line(drawing, [0, 0], foot));
        assign(drop, line(drawing, key, foot));
        assign(product, { x: WIDE - 10, y: HIGH - 12 });
        product.textContent = `${view.names.q(i)} · ${view.names.k(hot)} = ${fixed(dot)}`;
      }
    },
  };
}

/** Right: the values, the region that mixtures of them can reach, and the outputs in it. */
export function mixture(view) {
  const { q, v } = view.state();
  const drawing = frame(view, "Mix", "the output lies between the values", "Values, movable, and the outputs mixed from them");
  const whole = svg("polygon", { class: "hull all" }), seen = svg("polygon", { class: "hull" });
  const strings = v.map(() => svg("line", { class: "string" }));
  const values = v.map((_, j) => addPoint(view, drawing, "v", j, svg("path", { class: "mark", d: "M0-8L8 0L0 8L-8 0Z" })));
  const outputs = q.map((_, i) => {
    const dot = svg("g", { class: "output", "data-output": i }, svg("circle", { r: 8 }), svg("text", { class: "label", y: -13 }));
    dot.lastChild.textContent = view.names.o(i);
    return dot;
  });
  drawing.root.append(whole, seen, ...strings, ...values.map((h) => h.node), ...outputs);
  const corners = (points) => hull(points).map((p) => `${drawing.x(p[0])},${drawing.y(p[1])}`).join(" ");
  return {
    figure: drawing.figure,
    draw(state, result) {
      const i = state.selected, out = result.output[i];
      assign(whole, { points: corners(state.v) });
      assign(seen, { points: corners(state.v.filter((_, j) => state.mask[i][j])) });
      state.v.forEach((value, j) => {
        const w = result.weights[i][j];
        assign(strings[j], { ...line(drawing, value, out), "stroke-width": 0.5 + 7 * w, opacity: w < 0.005 ? 0 : 0.35 + 0.5 * w });
        values[j].node.classList.toggle("hidden", !state.mask[i][j]);
        putPoint(view, drawing, values[j], value, view.names.v(j), 0.75 + 0.85 * Math.sqrt(w));
      });
      result.output.forEach((point, n) => {
        assign(outputs[n], { transform: `translate(${drawing.x(point[0])} ${drawing.y(point[1])})` });
        outputs[n].classList.toggle("quiet", n !== i);
        // A value's name stands beyond it; where the output sits on a value, its own goes inwards.
        const length = Math.hypot(...point), near = state.v.some((value) =>
          Math.hypot(value[0] - point[0], value[1] - point[1]) * view.unit < 24);
        const [x, y] = near && length > 0 ? [(-18 * point[0]) / length, (18 * point[1]) / length + 5] : [0, -13];
        assign(outputs[n].lastChild, { x, y });
      });
      // The selected output is drawn last, so that nothing covers it.
      if (drawing.root.lastChild !== outputs[i]) drawing.root.append(outputs[i]);
    },
  };
}
