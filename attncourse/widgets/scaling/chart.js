// The chart: largest weight, entropy and gradient against the width, which is a point that moves.

import { assign, html, svg, text } from "../kit/elements.js";
import { addHandle, makeDrawing, place } from "../kit/handles.js";
import { summary } from "./words.js";

const WIDE = 400, HIGH = 300;
const LEFT = 34, RIGHT = 378, TOP = 14, BOTTOM = 258;
const LINES = [["largest", "largest weight"], ["entropy", "entropy (share)"], ["gradient", "gradient norm"]];

export function chart(view) {
  const { widths, draws } = view.state().limits, last = widths.length - 1;
  const x = (n) => LEFT + (n * (RIGHT - LEFT)) / last, y = (value) => BOTTOM - value * (BOTTOM - TOP);
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const drawing = makeDrawing({
    wide: WIDE, high: HIGH, label: "Largest weight, entropy and gradient against width; the width can be moved",
    toPlace: ([px, py]) => [((px - LEFT) * last) / (RIGHT - LEFT), (BOTTOM - py) / (BOTTOM - TOP)],
    fromPlace: ([n, value]) => [x(n), y(value)],
  },
  svg("path", { class: "grid", d: ticks.map((t) => `M${LEFT} ${y(t)}H${RIGHT}`).join("") }),
  svg("path", { class: "axis", d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` }),
  ...ticks.filter((t) => t % 0.5 === 0).map((t) => text("tick", LEFT - 6, y(t) + 5, t, "end")),
  ...widths.map((w, n) => [w, n]).filter(([, n]) => n % 2 === 0).map(([w, n]) => text("tick", x(n), BOTTOM + 18, w)),
  text("tick", (LEFT + RIGHT) / 2, HIGH - 6, "width d"));
  const here = svg("line", { class: "here", y1: TOP, y2: BOTTOM });
  const lines = LINES.map(([name]) => svg("polyline", { class: `line ${name}` }));
  let found = null;
  const at = () => {
    const n = widths.indexOf(view.state().width);
    return [n, found?.largest_by_width[n] ?? 0];
  };
  const go = (n) => {
    const width = widths[Math.min(Math.max(Math.round(n), 0), last)];
    if (width !== view.state().width) view.change({ width });
  };
  const handle = addHandle(drawing, {
    id: "width", className: "at", name: "Width in the chart", at, move: ([n]) => go(n),
    mark: svg("circle", { class: "mark", r: 7.5 }),
    nudge: ([dx, dy], leap) => go(at()[0] + (dx + dy) * (leap ? 3 : 1)),
  });
  drawing.root.append(here, ...lines, handle.node);
  const said = html("p", { class: "measured" });
  const legend = html("div", { class: "legend" }, ...LINES.map(([name, title]) => html("span", { class: `key ${name}` }, title)));
  return {
    figure: html("figure", {}, html("figcaption", {}, html("b", {}, "All widths"), ` means over ${draws} draws`), drawing.root, legend, said),
    draw(now, result) {
      found = result;
      said.textContent = summary(now, result);
      lines.forEach((line, n) => assign(line, { points: result[`${LINES[n][0]}_by_width`].map((value, d) => `${x(d)},${y(value)}`).join(" ") }));
      const [n] = at();
      assign(here, { x1: x(n), x2: x(n) });
      place(drawing, handle, { text: `width ${now.width}`, low: widths[0], high: widths[last], now: now.width });
    },
  };
}
