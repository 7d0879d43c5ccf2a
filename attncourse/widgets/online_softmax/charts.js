// The two drawings, one column a key: scores as bars under the running maximum, values and the output.

import { assign, html, svg, text } from "../kit/elements.js";
import { addHandle, makeDrawing, place } from "../kit/handles.js";
import { fixed, plain } from "../kit/words.js";
import { axisFor, keysOf, tileNow } from "./numbers.js";
import { short } from "./words.js";

const WIDE = 400, HIGH = 270;
const LEFT = 50, RIGHT = 392, TOP = 22, BOTTOM = 240;
const LEAST = { scores: 5, values: 8 }; // how long an axis is at least
const STEP = 0.1, LEAP = 1; // arrow keys, and with Shift

/** A drawing with a handle for each key of `row`, the tiles behind them and an axis that follows. */
function columns(view, { row, single, label, mark, className }) {
  const n = view.state().scores.length, bound = view.state().limits[single];
  const width = (RIGHT - LEFT) / n, x = (j) => LEFT + (j + 0.5) * width;
  let axis = axisFor(view.state()[row], LEAST[row], bound);
  const y = (value) => BOTTOM - ((value - axis.low) * (BOTTOM - TOP)) / (axis.high - axis.low);
  const bands = view.state()[row].map(() => svg("rect", { y: TOP }));
  const fast = svg("rect", { class: "fast", y: TOP - 4, height: BOTTOM - TOP + 8, rx: 6 });
  const ticks = svg("g", {}), ground = svg("path", { class: "axis" });
  const drawing = makeDrawing({
    wide: WIDE, high: HIGH, label,
    toPlace: ([px, py]) => [(px - LEFT) / width, axis.low + ((BOTTOM - py) * (axis.high - axis.low)) / (BOTTOM - TOP)],
    fromPlace: ([j, value]) => [x(j), y(value)],
  }, ...bands, ticks, ground);
  const move = (j, value, low = axis.low, high = axis.high) => {
    const to = Math.round(Math.min(Math.max(value, low, -bound), high, bound) * 100) / 100;
    view.change({ [row]: view.state()[row].map((old, at) => (at === j ? to : old)) });
  };
  const handles = view.state()[row].map((_, j) => addHandle(drawing, {
    id: `${row}${j}`, className, name: `${single === "score" ? "Score" : "Value"} ${j + 1} in the picture`, mark: mark(width),
    at: () => [j, view.state()[row][j]],
    move: ([, value]) => move(j, value),
    nudge: ([dx, dy], leap) => move(j, view.state()[row][j] + (dx + dy) * (leap ? LEAP : STEP), -bound, bound),
  }));
  const names = handles.map((_, j) => text("tick", x(j), BOTTOM + 20, j + 1));
  const shown = () => Math.min(Math.max(0, axis.low), axis.high);
  return {
    drawing, x, y, width, handles, fast, names, base: () => y(shown()),
    /** Puts axis, tiles and handles where the state has them. */
    draw(now, result) {
      const list = now[row], tile = tileNow(now, result);
      // While a point is held its axis stays, unless it was moved out of it by keys.
      if (!view.busy || list.some((value) => value < axis.low || value > axis.high)) axis = axisFor(list, LEAST[row], bound);
      const marks = [];
      for (let value = axis.low; value <= axis.high; value += axis.unit) marks.push(value);
      ticks.replaceChildren(svg("path", { class: "grid", d: marks.map((value) => `M${LEFT} ${y(value)}H${RIGHT}`).join("") }),
        ...marks.map((value) => text("tick", LEFT - 6, y(value) + 5, plain(value), "end")));
      assign(ground, { d: `M${LEFT} ${y(shown())}H${RIGHT}` });
      bands.forEach((band, j) => {
        const [first, end] = keysOf(now, Math.floor(j / now.tile_len));
        const left = x(j) - width / 2 + (j === first ? 2.5 : 0), right = x(j) + width / 2 - (j === end - 1 ? 2.5 : 0);
        assign(band, { x: left, width: right - left, height: BOTTOM - TOP, class: `band ${j < result.taken ? "read" : "ahead"}` });
        names[j].classList.toggle("ahead", j >= result.taken);
      });
      const [first, end] = tile < 0 ? [0, 0] : keysOf(now, tile);
      fast.classList.toggle("absent", tile < 0);
      if (tile >= 0) assign(fast, { x: LEFT + first * width, width: (end - first) * width });
      handles.forEach((handle, j) => {
        handle.node.classList.toggle("quiet", j >= result.taken);
        place(drawing, handle, { text: fixed(list[j]), low: -bound, high: bound, now: list[j].toFixed(2) });
      });
    },
  };
}

/** The scores: bars, and the running maximum over those that are read. */
export function scoreChart(view) {
  const chart = columns(view, {
    row: "scores", single: "score", className: "k", label: "Scores, one bar a key; each can be moved",
    mark: (width) => svg("rect", { class: "mark", x: -Math.min(width * 0.36, 14), y: -5, width: 2 * Math.min(width * 0.36, 14), height: 10, rx: 4 }),
  });
  const bars = chart.handles.map(() => svg("rect", { class: "bar", width: chart.width * 0.52 }));
  const line = svg("line", { class: "maximum" });
  chart.drawing.root.append(...bars, ...chart.names, chart.fast, line, ...chart.handles.map(({ node }) => node));
  const legend = html("div", { class: "legend" }, html("span", { class: "key maximum" }), html("span", { class: "key fast" }, "in fast memory now"));
  return {
    figure: html("figure", {}, html("figcaption", {}, html("b", {}, "Scores"), " one query’s, in slow memory, cut into tiles"), chart.drawing.root, legend),
    draw(now, result) {
      chart.draw(now, result);
      const tile = tileNow(now, result), base = chart.base();
      bars.forEach((bar, j) => {
        const top = chart.y(now.scores[j]);
        assign(bar, { x: chart.x(j) - chart.width * 0.26, y: Math.min(top, base), height: Math.abs(base - top) });
        bar.classList.toggle("ahead", j >= result.taken);
      });
      line.classList.toggle("absent", tile < 0);
      const top = tile < 0 ? base : chart.y(result.maximum[tile]);
      assign(line, { x1: LEFT, x2: chart.x(Math.max(result.taken - 1, 0)) + chart.width / 2, y1: top, y2: top });
      legend.firstChild.textContent = `running maximum m = ${tile < 0 ? "−∞" : short(result.maximum[tile])}`;
    },
  };
}

/** The values: points on stems as wide as their share, and the output so far. */
export function valueChart(view) {
  const chart = columns(view, {
    row: "values", single: "value", className: "v", label: "Values, one point a key; each can be moved",
    mark: () => svg("path", { class: "mark", d: "M0-8L8 0L0 8L-8 0Z" }),
  });
  const stems = chart.handles.map(() => svg("line", { class: "stem" }));
  const end = svg("line", { class: "whole" }), line = svg("line", { class: "so-far" });
  chart.drawing.root.append(...stems, ...chart.names, chart.fast, end, line, ...chart.handles.map(({ node }) => node));
  const legend = html("div", { class: "legend" }, html("span", { class: "key so-far" }), html("span", { class: "key whole" }));
  return {
    figure: html("figure", {}, html("figcaption", {}, html("b", {}, "Values"), " stems as wide as their share of the output so far"), chart.drawing.root, legend),
    draw(now, result) {
      chart.draw(now, result);
      const tile = tileNow(now, result);
      stems.forEach((stem, j) => {
        assign(stem, { x1: chart.x(j), x2: chart.x(j), y1: chart.base(), y2: chart.y(now.values[j]), "stroke-width": 1 + result.shares[j] * chart.width * 0.7 });
        stem.classList.toggle("ahead", j >= result.taken);
      });
      line.classList.toggle("absent", tile < 0);
      const [whole, soFar] = [result.ordinary, tile < 0 ? 0 : result.output[tile]].map(chart.y);
      assign(end, { x1: LEFT, x2: RIGHT, y1: whole, y2: whole });
      assign(line, { x1: LEFT, x2: chart.x(Math.max(result.taken - 1, 0)) + chart.width / 2, y1: soFar, y2: soFar });
      legend.firstChild.textContent = `output so far ${tile < 0 ? "–" : short(result.output[tile])}`;
      legend.lastChild.textContent = `ordinary softmax ${short(result.ordinary)}`;
    },
  };
}
