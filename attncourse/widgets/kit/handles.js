// Points of a drawing that are dragged, or moved with the arrow keys.

import { arrow, assign, svg, take } from "./elements.js";

const REACH = 24; // how near a finger must come to take hold, in units of the drawing

/**
 * A drawing that holds handles. `toPlace` takes a point of the drawing to what it stands for, and
 * `fromPlace` the other way.
 */
export function makeDrawing({ wide, high, label, height, toPlace, fromPlace }, ...background) {
  const root = svg("svg", { viewBox: `0 0 ${wide} ${high}`, role: "group", "aria-label": label }, ...background);
  if (height) root.style.maxHeight = `${height}px`;
  return { root, wide, high, toPlace, fromPlace, handles: [] };
}

/**
 * Adds a point. `at` gives where it stands by the state, `move` takes where it was dragged to, and
 * `nudge` a direction of the arrow keys and whether it is a leap. `front` decides between points that
 * coincide. `notice` hears whether it is pointed at or has the focus.
 */
export function addHandle(drawing, { id, className, name, mark, at, move, nudge, front = () => false, notice = () => {}, focus = () => {} }) {
  const label = svg("text", { class: "label" });
  const node = svg("g", {
    class: `handle ${className}`, tabindex: 0, role: "slider", "aria-roledescription": "movable point",
    "aria-label": name, "data-point": id,
  }, svg("circle", { class: "reach", r: REACH }), svg("circle", { class: "halo", r: 15 }), mark, label);
  const handle = { node, label, mark, at, move, front };
  drawing.handles.push(handle);
  node.addEventListener("pointerenter", () => notice(true));
  node.addEventListener("pointerleave", () => notice(false));
  node.addEventListener("focus", () => { focus(); notice(true); });
  node.addEventListener("blur", () => notice(false));
  node.addEventListener("keydown", (event) => {
    const way = arrow(event);
    if (!way) return;
    take(event);
    nudge(way, event.shiftKey);
  });
  // Browsers do not all honour touch-action inside an SVG; without this the page would scroll.
  node.addEventListener("touchstart", (event) => event.preventDefault(), { passive: false });
  node.addEventListener("pointerdown", (event) => {
    if (event.button === 0) takeHold(drawing, event);
  });
  return handle;
}

/** Drags the handle nearest to the pointer, since reaches of neighbours overlap. */
function takeHold(drawing, down) {
  const point = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.root.getScreenCTM().inverse());
    return [x, y];
  };
  const from = point(down);
  const where = (handle) => drawing.fromPlace(handle.at());
  const distance = (handle) => Math.hypot(...where(handle).map((x, axis) => x - from[axis]));
  const [held] = [...drawing.handles].sort((a, b) => distance(a) - distance(b) || b.front() - a.front());
  const grip = where(held).map((x, axis) => x - from[axis]);
  const { node } = held;
  down.preventDefault();
  node.focus({ preventScroll: true });
  node.setPointerCapture(down.pointerId);
  node.classList.add("held");
  const follow = (event) => {
    if (event.pointerId !== down.pointerId) return;
    held.move(drawing.toPlace(point(event).map((x, axis) => x + grip[axis])));
  };
  const ends = ["pointerup", "pointercancel", "lostpointercapture"];
  const release = (event) => {
    if (event.pointerId !== down.pointerId) return;
    node.classList.remove("held");
    node.removeEventListener("pointermove", follow);
    for (const end of ends) node.removeEventListener(end, release);
  };
  node.addEventListener("pointermove", follow);
  for (const end of ends) node.addEventListener(end, release);
}

/** Puts a handle where it belongs, and says there what it stands at. */
export function place(drawing, handle, { size = 1, text, low, high, now }) {
  const [x, y] = drawing.fromPlace(handle.at());
  assign(handle.mark, { transform: `scale(${size})` });
  assign(handle.node, { transform: `translate(${x} ${y})`, "aria-valuemin": low, "aria-valuemax": high, "aria-valuenow": now, "aria-valuetext": text });
}

/** Writes a handle's name beside it, towards `way`, and inside the drawing. */
export function nameBeside(drawing, handle, name, way, size = 1) {
  const [px, py] = drawing.fromPlace(handle.at());
  const half = name.length * 3.9, gap = 8 + 6 * size;
  const within = (x, low, high) => Math.min(Math.max(x, low), high);
  if (handle.label.textContent !== name) handle.label.textContent = name;
  assign(handle.label, {
    x: within(px + way[0] * (gap + half), half + 4, drawing.wide - half - 4) - px,
    y: within(py - way[1] * (gap + 8), 12, drawing.high - 10) - py + 5,
  });
}
