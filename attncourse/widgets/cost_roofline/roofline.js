// The roofline: where each part stands, and below it, on a lane, where it stands at other lengths.

import { assign, html, svg, text } from "../kit/elements.js";
import { addHandle, makeDrawing, place } from "../kit/handles.js";
import { PARTS } from "./numbers.js";
import { power, three } from "./words.js";

const WIDE = 400, HIGH = 356, LEFT = 44, RIGHT = 390, TOP = 16, BOTTOM = 222, LANE = 19;
const X = [-1, 6], Y = [10, 16]; // powers of ten
const within = (value, [low, high]) => Math.min(Math.max(value, low), high);
const x = (intensity) => LEFT + ((within(Math.log10(intensity), X) - X[0]) * (RIGHT - LEFT)) / (X[1] - X[0]);
const y = (rate) => BOTTOM - ((within(Math.log10(rate), Y) - Y[0]) * (BOTTOM - TOP)) / (Y[1] - Y[0]);
const laneAt = (n) => BOTTOM + 22 + LANE * n;

/** A mark for each part, told apart without colour too. */
const MARKS = ["M-6-6H6V6H-6Z", "M0-7A7 7 0 1 1 0 7A7 7 0 1 1 0-7Z", "M0-8L7.5 6H-7.5Z", "M0-8L7 0L0 8L-7 0Z"];
export const mark = (n) => svg("path", { class: `spot part-${n}`, d: MARKS[n] });
export const legend = () => html("div", { class: "legend" }, ...PARTS.map((part, n) => html("span", {},
  svg("svg", { class: "sample", viewBox: "-9 -9 18 18", "aria-hidden": "true" }, mark(n)), ` ${part}`)));

export function roofline(view) {
  const powers = ([low, high], step) => Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, n) => low + n * step);
  const drawing = makeDrawing({
    wide: WIDE, high: HIGH, label: "Roofline: rate against operations a byte; the ridge can be moved",
    toPlace: ([px, py]) => [10 ** (X[0] + ((px - LEFT) * (X[1] - X[0])) / (RIGHT - LEFT)), 10 ** (Y[0] + ((BOTTOM - py) * (Y[1] - Y[0])) / (BOTTOM - TOP))],
    fromPlace: ([intensity, rate]) => [x(intensity), y(rate)],
  },
  svg("path", { class: "grid", d: powers(Y, 1).map((p) => `M${LEFT} ${y(10 ** p)}H${RIGHT}`).join("") + powers(X, 1).map((p) => `M${x(10 ** p)} ${TOP}V${laneAt(4) - 6}`).join("") }),
  ...powers(Y, 2).map((p) => text("tick", LEFT - 5, y(10 ** p) + 5, power(p), "end")),
  ...powers(X, 1).map((p) => text("tick", x(10 ** p) + (p === X[1] ? 6 : 0), laneAt(4) + 12, p < 0 ? "0.1" : power(p), p === X[1] ? "end" : "middle")),
  text("tick", (LEFT + RIGHT) / 2, HIGH - 5, "operations for each byte moved"));
  const divide = svg("line", { class: "divide", y1: TOP, y2: laneAt(4) - 6 }), roof = svg("path", { class: "roof" });
  const sides = [text("side", 0, BOTTOM - 10, "memory sets the pace", "end"), text("side", 0, BOTTOM - 10, "arithmetic", "start")];
  const stems = PARTS.map((_, n) => svg("line", { class: `stem part-${n}` }));
  const lanes = PARTS.map((_, n) => svg("path", { class: `lane part-${n}` }));
  const spots = PARTS.map((_, n) => [mark(n), mark(n)]);
  const [peaks, bands] = ["peak", "bandwidth"].map((name) => view.state().limits.bounds[name]);
  const digits = (value, [low, high]) => within(Number(value.toPrecision(3)), [low, high]);
  const at = () => { const { peak, bandwidth } = view.state(); return [(peak * 1000) / bandwidth, peak * 1e12]; };
  const move = ([intensity, rate]) => {
    const peak = digits(rate / 1e12, peaks);
    view.change({ peak, bandwidth: digits((peak * 1000) / intensity, bands) });
  };
  const ridge = addHandle(drawing, {
    id: "ridge", className: "ridge", name: "Ridge: speed of arithmetic and of memory", at, move, mark: svg("circle", { class: "mark", r: 7 }),
    // Up: more operations a second. To the left: more bytes a second.
    nudge([dx, dy], leap) {
      const step = leap ? 2 : 1.1, { peak, bandwidth } = view.state();
      view.change({ peak: digits(peak * step ** dy, peaks), bandwidth: digits(bandwidth * step ** (-dx), bands) });
    },
  });
  drawing.root.append(divide, ...sides, roof, ...stems, ...lanes, ...spots.flat(), ridge.node);
  return {
    figure: html("figure", {}, html("figcaption", {}, html("b", {}, "Roofline"), " operations a second, at most; below, each part from 16 to 4 million tokens"), drawing.root, legend()),
    draw(now, found) {
      const bandwidth = now.bandwidth * 1e9, start = Math.max(0.1, 10 ** Y[0] / bandwidth);
      assign(roof, { d: `M${x(start)} ${y(bandwidth * start)}L${x(found.ridge)} ${y(now.peak * 1e12)}H${RIGHT}` });
      const middle = x(found.ridge);
      assign(divide, { x1: middle, x2: middle });
      sides.forEach((side, n) => {
        assign(side, { x: middle + (n ? 6 : -6) });
        side.classList.toggle("absent", n ? middle > RIGHT - 75 : middle < LEFT + 150);
      });
      PARTS.forEach((_, n) => {
        const here = x(found.intensity[n]), down = laneAt(n), up = y(found.rate[n]);
        const trail = found.operations_by_length[n].map((done, l) => x(done / found.bytes_by_length[n][l]));
        assign(lanes[n], { d: `M${Math.min(...trail)} ${down}H${Math.max(...trail)}${trail.map((px) => `M${px} ${down - 4}V${down + 4}`).join("")}` });
        assign(stems[n], { x1: here, x2: here, y1: up, y2: down });
        assign(spots[n][0], { transform: `translate(${here} ${up})` });
        assign(spots[n][1], { transform: `translate(${here} ${down}) scale(0.8)` });
      });
      place(drawing, ridge, { text: `${three(now.peak)} · 10¹² operations a second at ${three(found.ridge)} operations a byte`, low: peaks[0], high: peaks[1], now: now.peak });
    },
  };
}
