// Maps as drawings: small ones for every head, and the chosen one with its words.

import { assign, html, svg } from "../kit/elements.js";
import { headName, wordsOf } from "./words.js";

/** From which weight on a cell has which shade; a path for each, since a page has 72 maps. */
const SHADES = [0.03, 0.1, 0.25, 0.5, 0.75];
const drawn = new WeakMap();

/** What draws a map in each of the shades, made once for a map. */
function pathsOf(map, largest) {
  if (!drawn.has(map)) {
    const paths = SHADES.map(() => "");
    map.forEach((row, i) => row.forEach((w, j) => {
      const shade = SHADES.findLastIndex((from) => w / largest >= from);
      if (shade >= 0) paths[shade] += `M${j} ${i}h1v1h-1z`;
    }));
    drawn.set(map, paths);
  }
  return drawn.get(map);
}

/** A map without words, one unit a cell. */
export function smallMap() {
  const node = svg("g", {}, ...SHADES.map((_, n) => svg("path", { class: `shade-${n}` })));
  return {
    node,
    show(map, largest = 1) {
      pathsOf(map, largest).forEach((d, n) => { if (node.children[n].getAttribute("d") !== d) assign(node.children[n], { d }); });
    },
  };
}

const WIDE = 360, LEFT = 74, TOP = 60, RIGHT = 24, GAP = 20;

/** The map of the chosen head, and of what it is compared with: a row a query, a column a key. */
export function bigMaps(view) {
  const root = svg("svg", { role: "img" }), title = html("span", {});
  const layers = [0, 1].map(() => ({ small: smallMap(), frame: svg("rect", { class: "frame" }), row: svg("rect", { class: "row" }) }));
  const rest = svg("g");
  root.append(rest, ...layers.flatMap(({ small, frame, row }) => [small.node, frame, row]));
  let laid = "", place = { cell: 1, n: 1 };

  const at = (event) => {
    const box = root.getBoundingClientRect();
    const row = Math.floor((((event.clientY - box.top) * WIDE) / box.width - TOP) / place.cell);
    if (row >= 0 && row < place.n) view.look(row);
  };
  root.addEventListener("pointermove", at);
  root.addEventListener("pointerdown", at);

  function layOut(words, count) {
    const n = words.length, cell = Math.min(24, (WIDE - LEFT - RIGHT - (count - 1) * GAP) / (count * n));
    const size = Math.min(14, 0.95 * cell), starts = Array.from({ length: count }, (_, m) => LEFT + m * (cell * n + GAP));
    place = { cell, n, starts };
    assign(root, { viewBox: `0 0 ${WIDE} ${TOP + cell * n + 4}` });
    const short = (word) => (word.length > 9 ? `${word.slice(0, 8)}…` : word);
    rest.replaceChildren(
      ...words.map((word, i) => svg("text", { class: "query", x: LEFT - 5, y: TOP + cell * (i + 0.5) + size * 0.35, "font-size": size }, short(word))),
      ...starts.flatMap((x) => words.map((word, j) => svg("text", { class: "key", "font-size": size, transform: `translate(${x + cell * (j + 0.5) + size * 0.3} ${TOP - 5}) rotate(-62)` }, short(word)))));
    layers.forEach(({ small, frame, row }, m) => {
      for (const node of [small.node, frame, row]) node.style.display = m < count ? "" : "none";
      if (m >= count) return;
      assign(small.node, { transform: `translate(${starts[m]} ${TOP}) scale(${cell})` });
      assign(frame, { x: starts[m], y: TOP, width: cell * n, height: cell * n });
      assign(row, { x: starts[m], width: cell * n, height: cell });
    });
  }

  return {
    figure: html("figure", { class: "part maps" }, html("figcaption", {}, html("b", {}, title), " a row a query, a column a key"), root),
    draw(now, result) {
      const words = wordsOf(now), name = headName(now.layer, now.head);
      const beside = { head: [headName(now.other_layer, now.other_head), result.other], rollout: ["rollout", result.rollout] }[now.beside];
      const key = `${now.sentence} ${beside ? 2 : 1}`;
      if (key !== laid) layOut(words, beside ? 2 : 1);
      laid = key;
      layers[0].small.show(result.weights);
      if (beside) layers[1].small.show(beside[1]);
      const word = Math.min(now.word, words.length - 1);
      layers.forEach(({ row }) => assign(row, { y: TOP + place.cell * word }));
      const text = beside ? `${name} and ${beside[0]}:` : `Head ${name}:`;
      if (title.textContent !== text) {
        title.textContent = text;
        assign(root, { "aria-label": beside ? `The maps of head ${name} and of ${beside[0]}` : `The map of head ${name}` });
      }
    },
  };
}
