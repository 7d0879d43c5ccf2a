// Both sides with lines between: two columns of words, or a wave above what was heard in it.

import { cellGrid } from "../kit/cells.js";
import { assign, html, svg, write } from "../kit/elements.js";
import { fixed } from "../kit/words.js";
import { shownOf } from "./numbers.js";
import { share, sourceName, targetName } from "./words.js";

const THICK = 9; // pixels of all the weight
const HIGH = 100; // of the wave, and of the space for lines below it

export function sides(view) {
  const figure = html("figure", { class: "part sides" }), title = html("span", {}), rest = html("span", {}), caption = html("figcaption", {}, html("b", {}, title), rest);
  let shown = null, source = [], target = [], lines = [], wave = null;

  /** Words to press, one of which may be chosen. */
  function words(units, side, name, across) {
    const grid = across ? cellGrid(1, units.length, (_, n) => view.look(side, n))[0] : cellGrid(units.length, 1, (n) => view.look(side, n)).flat();
    const parts = grid.map((cell, n) => {
      const amount = html("small", {});
      cell.append(html("span", { class: "unit" }, units[n]), amount);
      cell.setAttribute("role", "radio");
      cell.addEventListener("focus", () => view.look(side, n));
      cell.addEventListener("pointerenter", (event) => { if (event.pointerType === "mouse") view.look(side, n); });
      return { cell, amount, before: "" };
    });
    return { parts, node: html("div", { class: `units ${side}`, role: "radiogroup", "aria-label": name }, ...grid) };
  }

  function layOut(one) {
    const held = figure.contains(figure.ownerDocument.activeElement);
    const heard = one.frame > 0, [from, to] = one.names, count = Math.max(one.n, one.target.length);
    const below = words(one.target, "target", `Which of the ${to} is chosen`, heard);
    const above = heard ? null : words(one.source, "source", `Which word of ${from} is chosen`, false);
    const space = svg("svg", { class: "space", preserveAspectRatio: "none", "aria-hidden": "true", viewBox: heard ? `0 0 ${one.n} ${HIGH}` : `0 0 100 ${count}` });
    lines = one.target.map((_, i) => Array.from({ length: one.n }, (__, j) => {
      const ends = heard ? { x1: j + 0.5, y1: 0, x2: ((i + 0.5) * one.n) / one.target.length, y2: HIGH } : { x1: 0, y1: j + 0.5, x2: 100, y2: i + 0.5 };
      return { ends, node: null, look: "" };
    }));
    wave = heard ? waveStrip(view, one) : null;
    source = above ? above.parts : [];
    target = below.parts;
    const block = html("div", { class: heard ? "heard" : "read", style: `--count: ${heard ? one.target.length : count}` }, ...(heard ? [wave.node, space, below.node] : [above.node, space, below.node]));
    figure.replaceChildren(caption, block, html("p", { class: "legend" }, one.note));
    rest.textContent = ` point at a ${heard ? "digit" : "word"}, or use the arrows`;
    Object.assign(shown, { space, heard });
    // Undo may change the example under the focus.
    if (held) target[0].cell.focus();
  }

  function drawLines(one, { weights, at }, side, least) {
    lines.forEach((row, i) => row.forEach((line, j) => {
      const w = weights[i][j], chosen = side === "target" ? i === at : j === at;
      const look = w > 0 && w >= least ? `line${chosen ? " chosen" : ""}` : "";
      if (look === line.look) return;
      line.look = look;
      if (!look) { line.node.remove(); return; }
      line.node ??= svg("line", { ...line.ends, "vector-effect": "non-scaling-stroke", "stroke-width": Math.max(0.5, THICK * w).toFixed(2) });
      assign(line.node, { class: look });
      if (!line.node.isConnected || chosen) shown.space.append(line.node); // what is chosen lies on top
    }));
  }

  function drawWords(parts, side, one, state, { at, row }) {
    const mine = state.side === side;
    parts.forEach(({ cell, amount }, n) => {
      const chosen = mine && n === at, w = mine ? null : row[n];
      cell.setAttribute("aria-checked", chosen);
      cell.tabIndex = n === (mine ? at : 0) ? 0 : -1;
      cell.style.setProperty("--share", w === null ? "0%" : `${(100 * w).toFixed(1)}%`);
      write(amount, w !== null && w >= 0.005 ? share(w) : "");
      const name = side === "target" ? targetName(one, n) : sourceName(one, n);
      const text = w === null ? name : `${name}: ${share(w)}`;
      if (cell.getAttribute("aria-label") !== text) cell.setAttribute("aria-label", text);
    });
  }

  return {
    figure,
    draw(state, result) {
      const one = shownOf(state);
      if (shown?.one !== one) {
        shown = { one };
        layOut(one);
      }
      const name = state.side === "target" ? targetName(one, result.at) : sourceName(one, result.at);
      write(title, state.side === "target" ? `What ${name} looks at:` : `What looks at ${name}:`);
      drawLines(one, result, state.side, state.least);
      drawWords(target, "target", one, state, result);
      if (shown.heard) wave.draw(state, result);
      else drawWords(source, "source", one, state, result);
    },
    /** Where the sound is; less than nothing where it is silent. */
    mark(seconds) { wave?.mark(seconds); },
  };
}

/** The wave, frame by frame, shaded by weight; a frame is chosen by pointer, or by the slider of time. */
function waveStrip(view, one) {
  const { n, frame } = one, shade = Array.from({ length: n }, (_, j) => svg("rect", { class: "shade", x: j, y: 0, width: 1, height: HIGH }));
  const bars = Array.from({ length: n }, (_, j) => svg("rect", { class: "bar", x: j + 0.12, width: 0.76 }));
  const stretch = svg("rect", { class: "stretch", y: 1.5, height: HIGH - 3, "vector-effect": "non-scaling-stroke" });
  const gold = svg("rect", { class: "gold", y: HIGH - 9, height: 6 });
  const hand = svg("line", { class: "hand", y1: 0, y2: HIGH, "vector-effect": "non-scaling-stroke" });
  const root = svg("svg", { class: "wave", preserveAspectRatio: "none", viewBox: `0 0 ${n} ${HIGH}`, role: "img", "aria-label": `Loudness over ${fixed(n * frame, 1)} seconds, shaded by weight` }, ...shade, ...bars, gold, stretch, hand);
  const look = (event) => {
    const box = root.getBoundingClientRect();
    view.look("source", Math.min(n - 1, Math.max(0, Math.floor(((event.clientX - box.left) * n) / box.width))));
  };
  root.addEventListener("pointerdown", look);
  root.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse" || event.buttons) look(event); });
  hand.style.display = "none";
  const before = [];
  let loud = null;
  return {
    node: root,
    draw({ side }, result) {
      if (loud !== result.loud) {
        loud = result.loud;
        const top = Math.max(...loud, 1e-9);
        bars.forEach((bar, j) => { const high = Math.max(2, (0.9 * HIGH * loud[j]) / top); assign(bar, { y: (HIGH - high) / 2, height: high }); });
      }
      shade.forEach((rect, j) => {
        const strength = side === "target" ? Math.min(1, result.row[j] * 2.5) : Number(j === result.at);
        if (before[j] !== strength) rect.style.fillOpacity = strength.toFixed(3);
        before[j] = strength;
      });
      const [from, to] = side === "target" ? result.stretch[result.at] : [result.at, result.at];
      assign(stretch, { x: from, width: to - from + 1 });
      // When the chosen digit was said.
      const said = (side === "target" && one.gold[result.at]) || [];
      assign(gold, said.length ? { x: said[0], width: said.at(-1) - said[0] + 1 } : { width: 0 });
    },
    mark(seconds) {
      hand.style.display = seconds >= 0 ? "" : "none";
      if (seconds >= 0) assign(hand, { x1: (seconds / frame).toFixed(3), x2: (seconds / frame).toFixed(3) });
    },
  };
}
