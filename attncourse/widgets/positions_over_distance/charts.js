// The sequence with query, key and trained length; score and weight over the distance; the same from every place.

import { assign, html, svg, text, unique } from "../kit/elements.js";
import { addHandle, makeDrawing, nameBeside, place } from "../kit/handles.js";
import { fixed, plain } from "../kit/words.js";
import { ABSOLUTE, distanceOf } from "./numbers.js";
import { check, whereWeight } from "./words.js";

const WIDE = 400, LEFT = 46, RIGHT = 380;
const RULER = { high: 136, query: 50, both: 76, key: 102, flag: 20, ticks: 130 };
const SCORE = { top: 10, bottom: 146 }, WEIGHT = { top: 166, bottom: 222 }, CURVE_HIGH = 262;
const ALONG = { high: 132, top: 12, bottom: 92 };
const LEAP = 8; // arrow keys with Shift

const clamp = (x, low, high) => Math.min(Math.max(Math.round(x), low), high);
const step = ([dx, dy], leap) => (dx + dy) * (leap ? LEAP : 1);

/** Where a number of places is across a drawing. */
function across(view) {
  const last = view.state().limits.length - 1;
  return { last, x: (n) => LEFT + (n * (RIGHT - LEFT)) / last, from: (px) => ((px - LEFT) * last) / (RIGHT - LEFT) };
}

/** A hatched part of a drawing, and the pattern that it needs: a rectangle cannot be hatched without. */
function hatched(attributes) {
  const id = unique(), size = { width: 8, height: 8 };
  const pattern = svg("pattern", { id, ...size, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, svg("rect", { class: "stripe", width: 4, height: 8 }));
  return { part: svg("rect", { fill: `url(#${id})`, ...attributes }), pattern };
}

/** What a reader moves; each way to move it uses these. */
function moves(view) {
  const now = () => view.state(), { last } = across(view), [least, most] = now().limits.trained;
  const put = (query, key) => {
    const to = clamp(query, 0, last), at = clamp(key, 0, to);
    if (to !== now().query || to - at !== distanceOf(now())) view.change({ query: to, back: to - at });
  };
  const key = () => now().query - distanceOf(now());
  return {
    key,
    query: (to) => put(to, key()),
    back: (far) => put(now().query, now().query - Math.max(far, 0)),
    /** Both by the same number of places, no further than both can. */
    both: (to) => { const far = distanceOf(now()), query = clamp(to, far, last); put(query, query - far); },
    trained(to) { const trained = clamp(to, least, most); if (trained !== now().trained) view.change({ trained }); },
  };
}

export function sequence(view) {
  const { last, x, from } = across(view), go = moves(view), now = () => view.state();
  const { part: beyond, pattern } = hatched({ y: 34, height: 84 }), line = svg("path", { class: "axis", d: `M${LEFT} ${RULER.both}H${RIGHT}` });
  const span = svg("path", { class: "span" }), pole = svg("path", { class: "pole" });
  const drawing = makeDrawing({
    wide: WIDE, high: RULER.high, label: "The sequence: query, key and trained length can be moved",
    toPlace: ([px, py]) => [from(px), py], fromPlace: ([n, py]) => [x(n), py],
  }, pattern, beyond, line, ...ticks([0, 32, 64, 96, last], x, RULER.ticks));
  const mid = () => now().query - distanceOf(now()) / 2;
  const handles = {
    trained: addHandle(drawing, { id: "trained", className: "flag", name: "Trained length", mark: svg("path", { class: "mark", d: "M-8-9H8V3L0 10L-8 3Z" }),
      at: () => [now().trained - 0.5, RULER.flag], move: ([n]) => go.trained(n + 0.5), nudge: (way, leap) => go.trained(now().trained + step(way, leap)) }),
    query: addHandle(drawing, { id: "query", className: "q", name: "Query", mark: svg("circle", { class: "mark", r: 8.5 }),
      at: () => [now().query, RULER.query], move: ([n]) => go.query(n), nudge: (way, leap) => go.query(now().query + step(way, leap)) }),
    both: addHandle(drawing, { id: "both", className: "pair", name: "Query and key together", mark: svg("rect", { class: "mark", x: -11, y: -6, width: 22, height: 12, rx: 6 }),
      at: () => [mid(), RULER.both], move: ([n]) => go.both(n + distanceOf(now()) / 2), nudge: (way, leap) => go.both(now().query + step(way, leap)) }),
    key: addHandle(drawing, { id: "key", className: "k", name: "Key", mark: svg("rect", { class: "mark", x: -8, y: -8, width: 16, height: 16, rx: 3 }),
      at: () => [go.key(), RULER.key], move: ([n]) => go.back(now().query - n), nudge: (way, leap) => go.back(distanceOf(now()) - step(way, leap)) }),
  };
  drawing.root.append(span, pole, ...Object.values(handles).map(({ node }) => node));
  return {
    figure: html("figure", {}, html("figcaption", {}, html("b", {}, "The sequence"), " drag query, key, both, or the trained length"), drawing.root),
    draw(state) {
      const end = x(state.trained - 0.5), key = go.key();
      assign(beyond, { x: end, width: Math.max(RIGHT + 4 - end, 0) });
      assign(pole, { d: `M${end} ${RULER.flag}V118` });
      assign(span, { d: `M${x(key)} ${RULER.key}V${RULER.both}H${x(state.query)}V${RULER.query}` });
      const shown = { trained: [`trained: ${state.trained}`, state.trained, ...state.limits.trained], query: [`place ${state.query}`, state.query, 0, last],
        both: [`query ${state.query}, key ${key}`, state.query, distanceOf(state), last], key: [`place ${key}, ${distanceOf(state)} back`, key, 0, state.query] };
      for (const [name, [said, value, low, high]] of Object.entries(shown)) place(drawing, handles[name], { text: said, now: value, low, high });
      const side = (n) => [n > last * 0.68 ? -1 : 1, 0];
      for (const [name, said, n] of [["trained", `trained: ${state.trained}`, state.trained], ["query", `query ${state.query}`, state.query], ["key", `key ${key}`, key]]) {
        nameBeside(drawing, handles[name], said, side(n));
        handles[name].label.setAttribute("y", 5);
      }
    },
  };
}

/** Score and weight of each key over how far it is back; the key's point can be moved. */
export function curve(view) {
  const { last, x, from } = across(view), go = moves(view);
  let result = null, y = () => SCORE.bottom;
  const { part: beyond, pattern } = hatched({ y: SCORE.top, height: WEIGHT.bottom - SCORE.top });
  const known = svg("rect", { class: "seen-part", y: SCORE.top, height: WEIGHT.bottom - SCORE.top });
  const scale = svg("g", {}), others = svg("path", { class: "others" }), line = svg("path", { class: "line score" }), bars = svg("path", { class: "bars" });
  const here = svg("path", { class: "here" }), empty = svg("text", { class: "note", x: (LEFT + RIGHT) / 2, y: 84, "text-anchor": "middle" });
  const share = svg("text", { class: "tick", x: LEFT - 6, y: WEIGHT.top + 10, "text-anchor": "end" });
  const drawing = makeDrawing({
    wide: WIDE, high: CURVE_HIGH, label: "Score and weight over the distance; the key can be moved",
    toPlace: ([px]) => [from(px), 0], fromPlace: ([n, score]) => [x(n), y(score)],
  }, pattern, known, beyond, svg("path", { class: "axis", d: `M${LEFT} ${WEIGHT.bottom}H${RIGHT}` }), scale, bars, share,
  ...ticks([0, 32, 64, 96, last], x, WEIGHT.bottom + 18), text("tick", (LEFT + RIGHT) / 2, CURVE_HIGH - 5, "places back"));
  const handle = addHandle(drawing, { id: "point", className: "k", name: "Distance of the key in the curve", mark: svg("rect", { class: "mark", x: -7, y: -7, width: 14, height: 14, rx: 3 }),
    at: () => [distanceOf(view.state()), Number.isFinite(result?.score) ? result.score : 0],
    move: ([n]) => go.back(n), nudge: (way, leap) => go.back(distanceOf(view.state()) + step(way, leap)) });
  drawing.root.append(others, line, here, empty, handle.node);
  const said = html("p", { class: "measured" });
  return {
    figure: html("figure", {}, html("figcaption", {}, html("b", {}, "Over the distance"), " line: score; bars: weight; hatched: never met in training"), drawing.root, said),
    draw(state, found) {
      result = found;
      const { scores, weights, slopes } = found, far = distanceOf(state), absolute = ABSOLUTE.includes(state.method);
      const axis = axisOf(scores);
      y = (score) => SCORE.bottom - ((score - axis.low) * (SCORE.bottom - SCORE.top)) / (axis.high - axis.low);
      if (found.peak < 0) scale.replaceChildren();
      else drawScale(scale, axis, y);
      const first = absolute ? (state.query < state.trained ? last + 1 : 0) : state.trained;
      const edge = Math.min(x(first - 0.5), RIGHT);
      assign(known, { x: LEFT, width: Math.max(edge - LEFT, 0) });
      assign(beyond, { x: Math.max(edge, LEFT), width: Math.min(RIGHT - edge, RIGHT - LEFT) });
      assign(line, { d: path(scores, x, y) });
      assign(others, { d: slopes.map((slope) => path(scores.map((_, d) => (-slope * d < axis.low ? NaN : -slope * d)), x, y)).join("") });
      const top = Math.max(...weights), height = (w) => (w / top) * (WEIGHT.bottom - WEIGHT.top), half = (x(1) - x(0)) * 0.45;
      assign(bars, { d: Number.isNaN(top) ? "" : weights.map((w, d) => `M${(x(d) - half).toFixed(1)} ${WEIGHT.bottom}v${-height(w).toFixed(2)}h${(2 * half).toFixed(1)}V${WEIGHT.bottom}z`).join("") });
      share.textContent = Number.isNaN(top) ? "" : fixed(top);
      assign(here, { d: `M${x(far)} ${SCORE.top}V${WEIGHT.bottom}` });
      empty.textContent = found.peak < 0 ? `no row for place ${state.query}` : "";
      handle.node.classList.toggle("absent", found.peak < 0);
      place(drawing, handle, { text: `${far} back, score ${fixed(found.peak < 0 ? 0 : found.score)}`, low: 0, high: state.query, now: far });
      said.textContent = whereWeight(state, found);
    },
  };
}

/** The same distance from every place: level, where the distance is all that counts. */
export function everywhere(view) {
  const { last, x, from } = across(view), go = moves(view);
  let result = null, y = () => ALONG.bottom;
  const { part: beyond, pattern } = hatched({ y: ALONG.top, height: ALONG.bottom - ALONG.top });
  const scale = svg("g", {}), line = svg("path", { class: "line score" });
  const drawing = makeDrawing({
    wide: WIDE, high: ALONG.high, label: "The score of this distance from every place; query and key can be moved together",
    toPlace: ([px]) => [from(px), 0], fromPlace: ([n, score]) => [x(n), y(score)],
  }, pattern, beyond, scale, ...ticks([0, 32, 64, 96, last], x, ALONG.bottom + 17), text("tick", (LEFT + RIGHT) / 2, ALONG.high - 5, "place of the query"));
  const handle = addHandle(drawing, { id: "along", className: "pair", name: "Query and key together in the second curve", mark: svg("circle", { class: "mark", r: 7.5 }),
    at: () => [view.state().query, Number.isFinite(result?.score) ? result.score : 0],
    move: ([n]) => go.both(n), nudge: (way, leap) => go.both(view.state().query + step(way, leap)) });
  drawing.root.append(line, handle.node);
  const caption = html("span", {}), said = html("p", { class: "measured" });
  return {
    figure: html("figure", { class: "part along" }, html("figcaption", {}, html("b", {}, "The same from every place"), caption), drawing.root, said),
    draw(state, found) {
      result = found;
      const axis = axisOf(found.along), far = distanceOf(state);
      y = (score) => ALONG.bottom - ((score - axis.low) * (ALONG.bottom - ALONG.top)) / (axis.high - axis.low);
      drawScale(scale, axis, y);
      const edge = ABSOLUTE.includes(state.method) ? x(state.trained - 0.5) : far < state.trained ? RIGHT : LEFT;
      assign(beyond, { x: edge, width: Math.max(RIGHT - edge, 0) });
      assign(line, { d: path(found.along, (n) => x(n + far), y) });
      caption.textContent = ` score of ${far} back`;
      handle.node.classList.toggle("absent", Number.isNaN(found.score));
      place(drawing, handle, { text: `query ${state.query}, score ${fixed(Number.isNaN(found.score) ? 0 : found.score)}`, low: far, high: last, now: state.query });
      said.textContent = check(state, found);
    },
  };
}

/** A line through the numbers that there are. */
function path(list, x, y) {
  let pen = "M";
  return list.map((value, n) => {
    if (Number.isNaN(value)) { pen = "M"; return ""; }
    const piece = `${pen}${x(n).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
    return piece;
  }).join("");
}

/** An axis of whole steps that has the numbers and zero. */
function axisOf(list) {
  const there = list.filter((value) => !Number.isNaN(value));
  const low = Math.min(0, ...there), high = Math.max(0, ...there), size = Math.max(high - low, 0.1);
  const unit = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50].find((u) => size / u <= 4) ?? 100;
  return { low: Math.floor(low / unit - 1e-9) * unit, high: Math.ceil(high / unit + 1e-9) * unit, unit };
}

function drawScale(group, { low, high, unit }, y) {
  const marks = [];
  for (let n = Math.round(low / unit); n <= Math.round(high / unit); n += 1) marks.push(Number((n * unit).toPrecision(6)));
  group.replaceChildren(svg("path", { class: "grid", d: marks.map((value) => `M${LEFT} ${y(value)}H${RIGHT}`).join("") }),
    svg("path", { class: "axis", d: `M${LEFT} ${y(0)}H${RIGHT}` }),
    ...marks.filter((value) => marks.length < 5 || Math.round(value / unit) % 2 === 0).map((value) => text("tick", LEFT - 6, y(value) + 5, plain(value), "end")));
}

const ticks = (list, x, y) => list.map((n) => text("tick", x(n), y, n));
