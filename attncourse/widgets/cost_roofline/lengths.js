// The costs of each part over the length, which is a point that moves.

import { assign, html, svg, text } from "../kit/elements.js";
import { chooser } from "../kit/fields.js";
import { addHandle, makeDrawing, place } from "../kit/handles.js";
import { PARTS, QUANTITIES } from "./numbers.js";
import { grouped, overtaken, power } from "./words.js";

const WIDE = 400, HIGH = 300, LEFT = 44, RIGHT = 390, TOP = 16, BOTTOM = 256;
const MOST = 9; // decades that are shown

export function lengthChart(view) {
  const { lengths } = view.state().limits, ends = [lengths[0], lengths.at(-1)].map(Math.log2);
  const x = (n) => LEFT + ((Math.log2(n) - ends[0]) * (RIGHT - LEFT)) / (ends[1] - ends[0]);
  let axis = [0, 1];
  const y = (value) => BOTTOM - (Math.min(Math.max((Math.log10(value) - axis[0]) / (axis[1] - axis[0]), 0), 1)) * (BOTTOM - TOP);
  const ticks = svg("g", {});
  const drawing = makeDrawing({
    wide: WIDE, high: HIGH, label: "Cost of each part against the length; the length can be moved",
    toPlace: ([px, py]) => [2 ** (ends[0] + ((px - LEFT) * (ends[1] - ends[0])) / (RIGHT - LEFT)), py],
    fromPlace: ([n, value]) => [x(n), y(value)],
  }, ticks, svg("path", { class: "axis", d: `M${LEFT} ${TOP}V${BOTTOM}H${RIGHT}` }),
  ...[16, 256, 4096, 65536, 2 ** 20].map((n) => text("tick", x(n), BOTTOM + 18, n === 2 ** 20 ? "1 M" : grouped(n))),
  text("tick", (LEFT + RIGHT) / 2, HIGH - 6, "tokens in the text"));
  const here = svg("line", { class: "here", y1: TOP, y2: BOTTOM }), over = svg("path", { class: "over", d: "M0-9L9 0L0 9L-9 0Z" });
  const lines = PARTS.map((_, n) => svg("polyline", { class: `line part-${n}` }));
  let found = null;
  const at = () => [view.state().length, found?.[view.state().shown][1] ?? 1];
  const go = (n) => {
    const length = Math.min(Math.max(Math.round(Number(n.toPrecision(3))), lengths[0]), lengths.at(-1));
    if (length !== view.state().length) view.change({ length });
  };
  const handle = addHandle(drawing, {
    id: "length", className: "at", name: "Length in the chart", at, move: ([n]) => go(n), mark: svg("circle", { class: "mark", r: 7.5 }),
    nudge: ([dx, dy], leap) => go(at()[0] * (leap ? 4 : 1.25) ** (dx + dy)),
  });
  drawing.root.append(here, ...lines, over, handle.node);
  const choice = chooser(view, { name: "Cost over the length", choices: QUANTITIES.map((name) => [name, name === "seconds" ? "least time, s" : name]), take: (shown) => view.change({ shown }) });
  const said = html("p", { class: "measured" });
  let drawn = "";
  return {
    figure: html("figure", {}, html("figcaption", {}, html("b", {}, "Over the length"), " ", choice.node), drawing.root, said),
    draw(now, result) {
      found = result;
      choice.show(now.shown);
      said.textContent = overtaken(now, result);
      const rows = result[`${now.shown}_by_length`], all = rows.flat();
      const high = Math.ceil(Math.log10(Math.max(...all)));
      axis = [Math.max(Math.floor(Math.log10(Math.min(...all))), high - MOST), high];
      if (drawn !== axis.join()) {
        drawn = axis.join();
        const step = axis[1] - axis[0] > 5 ? 2 : 1;
        const marks = Array.from({ length: axis[1] - axis[0] + 1 }, (_, n) => axis[0] + n).filter((p) => p % step === 0);
        ticks.replaceChildren(svg("path", { class: "grid", d: marks.map((p) => `M${LEFT} ${y(10 ** p)}H${RIGHT}`).join("") }),
          ...marks.map((p) => text("tick", LEFT - 5, y(10 ** p) + 5, power(p), "end")));
      }
      rows.forEach((row, n) => assign(lines[n], { points: row.map((value, l) => `${x(lengths[l])},${y(value)}`).join(" ") }));
      const [n] = at(), crossed = result.crossing[QUANTITIES.indexOf(now.shown)];
      assign(here, { x1: x(n), x2: x(n) });
      const seen = crossed !== null && crossed >= lengths[0];
      over.classList.toggle("absent", !seen);
      if (seen) {
        const along = Math.log2(crossed) - ends[0], l = Math.min(Math.floor(along), lengths.length - 2), part = along - l;
        assign(over, { transform: `translate(${x(crossed)} ${y(rows[1][l] ** (1 - part) * rows[1][l + 1] ** part)})` });
      }
      place(drawing, handle, { text: `${grouped(n)} tokens`, low: lengths[0], high: lengths.at(-1), now: n });
    },
  };
}
