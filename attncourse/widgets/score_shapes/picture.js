// The plane: a map of the score, a query and keys that move, and arrows.

import { assign, html, svg } from "../kit/elements.js";
import { addHandle, makeDrawing, nameBeside, place } from "../kit/handles.js";
import { hull } from "../kit/hull.js";
import { fixed, subscript } from "../kit/words.js";
import { contour } from "./field.js";
import { norm, scorer, through } from "./numbers.js";
import { keyName, rangeSaid } from "./words.js";

const SIZE = 400, MARGIN = 8, CELLS = 60;
const STEP = 0.05, LEAP = 0.25; // arrow keys, and with Shift
const LEVELS = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
const LONGEST = 1.5, LEAST = 0.02, EDGE = 0.15; // of an arrow in units of the plane, and where it begins
const READ = ["q", "score", "matrix", "network", "gain", "bias"]; // what the map depends on

export function plane(view) {
  const { limits, k } = view.state(), far = limits.coordinate, unit = (SIZE / 2 - MARGIN) / far;
  const x = (value) => SIZE / 2 + value * unit, y = (value) => SIZE / 2 - value * unit;
  const path = (className) => svg("path", { class: className });
  const line = path("lines"), regions = LEVELS.map(() => path("region")), field = svg("g", {}, ...regions, line);
  const drawing = makeDrawing({
    wide: SIZE, high: SIZE, label: "A query and keys on a map of the score; each point can be moved",
    toPlace: ([px, py]) => [(px - SIZE / 2) / unit, (SIZE / 2 - py) / unit], fromPlace: (at) => [x(at[0]), y(at[1])],
  }, field, svg("path", { class: "axis", d: `M${x(0)} 0V${SIZE}M0 ${y(0)}H${SIZE}` }));
  const move = (patch) => (to) => view.change(patch(to.map((c) => Math.round(Math.min(Math.max(c, -far), far) * 100) / 100)));
  const point = (id, className, name, mark, at, patch) => addHandle(drawing, {
    id, className, name, mark, at, move: move(patch), front: () => id === "q",
    nudge: (way, leap) => move(patch)(at().map((c, axis) => c + way[axis] * (leap ? LEAP : STEP))),
  });
  const keys = k.map((_, j) => point(`k${j}`, "k", `Key ${j + 1}`, svg("rect", { class: "mark", x: -8, y: -8, width: 16, height: 16, rx: 2 }),
    () => view.state().k[j], (to) => ({ k: view.state().k.map((old, n) => (n === j ? to : old)) })));
  const query = point("q", "q", "Query", svg("circle", { class: "mark", r: 6.5 }), () => view.state().q, (to) => ({ q: to }));
  const band = svg("polygon", { class: "band" }), asks = path("asks"), turned = path("asks turned"), ring = svg("circle", { class: "ring", r: 14 });
  const turnedName = svg("text", { class: "label q" }), places = svg("g", { class: "places" });
  const arrows = [...k, null].map((key) => { const head = path(`arrow ${key ? "k" : "q"}`), under = path("arrow under"); return [under, head]; });
  drawing.root.append(band, asks, turned, turnedName, places, ring, ...keys.map(({ node }) => node), query.node, ...arrows.flat());
  const range = html("span", {});
  let drawn = "";

  function drawField(now) {
    const made = scorer(now, now.score), at = (n) => (2 * n / CELLS - 1) * (far + MARGIN / unit);
    const heights = Array.from({ length: CELLS + 1 }, (_, row) => Array.from({ length: CELLS + 1 }, (__, column) => made.value([at(column), -at(row)], 0)));
    const low = Math.min(...heights.map((each) => Math.min(...each))), high = Math.max(...heights.map((each) => Math.max(...each)));
    const flat = high - low < 1e-9, side = (n) => (n * SIZE) / CELLS;
    const found = LEVELS.map((level) => (flat ? { region: "", border: "" } : contour(heights, low + level * (high - low), side, side)));
    regions.forEach((region, n) => assign(region, { d: found[n].region }));
    assign(line, { d: found.map(({ border }) => border).join("") });
    return [low, high];
  }

  let span = [0, 0];
  return {
    figure: html("figure", {}, html("figcaption", {}, html("b", {}, "Score"), " ", range), drawing.root),
    draw(now, result) {
      const seen = JSON.stringify(READ.map((name) => now[name]));
      if (seen !== drawn) span = drawField(now);
      drawn = seen;
      range.textContent = rangeSaid(span.map((value) => now.factor * value + now.added));
      const { q } = now, loss = now.arrows === "loss", at = (p) => `${x(p[0])} ${y(p[1])}`;
      assign(band, { points: hull(now.k).map((p) => `${x(p[0])},${y(p[1])}`).join(" ") });
      assign(asks, { d: `M${at([0, 0])}L${at(q)}` });
      const matrix = now.score === "multiplicative", asked = through(q, now.matrix);
      for (const node of [turned, turnedName]) node.classList.toggle("absent", !matrix);
      if (matrix) {
        const short = Math.min(1, (far - 0.4) / (Math.max(...asked.map(Math.abs)) || 1)), tip = asked.map((c) => c * short);
        assign(turned, { d: `M${at([0, 0])}L${at(tip)}` });
        const long = norm(tip), apart = Math.hypot(tip[0] - q[0], tip[1] - q[1]);
        turnedName.textContent = long > 0.2 && apart > 0.35 ? "qW" : "";
        assign(turnedName, { x: x(tip[0] * (1 + 0.26 / (long || 1))), y: y(tip[1] * (1 + 0.26 / (long || 1))) + 5 });
      }
      drawPlaces(now);
      now.k.forEach((key, j) => {
        nameBeside(drawing, keys[j], keyName(j), key[1] < -far + 0.5 ? [0, 1] : [0, -1], 0.9);
        place(drawing, keys[j], { size: 0.8 + 0.5 * result.weights[j], low: -far, high: far, now: key[0].toFixed(2), text: `x ${fixed(key[0])}, y ${fixed(key[1])}, weight ${fixed(result.weights[j])}` });
        drawArrow(arrows[j], key, loss ? result.steps[j] : result.slopes[j]);
      });
      nameBeside(drawing, query, "q", [-0.6, 0.8], 0.7);
      place(drawing, query, { low: -far, high: far, now: q[0].toFixed(2), text: `x ${fixed(q[0])}, y ${fixed(q[1])}` });
      drawArrow(arrows.at(-1), q, loss ? result.query_step : [0, 0]);
      ring.classList.toggle("absent", !loss);
      assign(ring, { cx: x(now.k[now.right][0]), cy: y(now.k[now.right][1]) });
    },
  };

  function drawPlaces(now) {
    places.classList.toggle("absent", now.score !== "location");
    if (places.childElementCount) return;
    now.places.forEach((p, j) => {
      const name = svg("text", { class: "label", x: x(p[0] * 1.2), y: y(p[1] * 1.2) + 5 });
      name.textContent = `p${subscript(j + 1)}`;
      places.append(svg("path", { d: `M${x(0)} ${y(0)}L${x(p[0])} ${y(p[1])}` }), name);
    });
  }

  /** An arrow from a point; none where it would be no longer than a dot. */
  function drawArrow(parts, from, way) {
    const length = norm(way), shown = Math.min(length, LONGEST), [dx, dy] = way.map((c) => c / (length || 1));
    const start = [from[0] + dx * EDGE, from[1] + dy * EDGE], tip = [start[0] + dx * shown, start[1] + dy * shown], head = Math.min(0.16, shown);
    const wing = (side) => `L${x(tip[0] - head * (dx + side * 0.6 * dy))} ${y(tip[1] - head * (dy - side * 0.6 * dx))}`;
    const d = shown < LEAST ? "" : `M${x(start[0])} ${y(start[1])}L${x(tip[0])} ${y(tip[1])}M${x(tip[0])} ${y(tip[1])}${wing(1)}M${x(tip[0])} ${y(tip[1])}${wing(-1)}`;
    for (const part of parts) assign(part, { d });
  }
}
