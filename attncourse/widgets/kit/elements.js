// Elements of a page and of a drawing.

const FOCUSABLE = ["input", "textarea", "button", "select", "output"];

/** An HTML element; an attribute that begins with "on" is a listener, null leaves one out. */
export function html(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  return finish(node, children);
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  assign(node, attributes);
  return finish(node, children);
}

function finish(node, children) {
  // JupyterLab would otherwise take the keys of a focused element for its own shortcuts.
  if (FOCUSABLE.includes(node.localName) || node.hasAttribute("tabindex")) node.setAttribute("data-lm-suppress-shortcuts", "true");
  node.append(...children);
  return node;
}

export function assign(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
}

/** Writes a text where it is another: to write the same again would lay the page out again. */
export function write(node, text) {
  if (node.textContent !== String(text)) node.textContent = text;
}

/** A text in a drawing. */
export const text = (className, x, y, content, anchor = "middle") => svg("text", { class: className, x, y, "text-anchor": anchor }, String(content));

const ICONS = {
  pin: "M5.5 1.5h5l-.7 5 2.2 2.5H8.7L8 15l-.7-6H4l2.2-2.5z",
  back: "M3 3v4h4M3.4 6.6A5 5 0 1 1 3 10",
  undo: "M6 3L2.5 6.5L6 10M3 6.5h6.5a3.5 3.5 0 0 1 0 7H6",
  redo: "M10 3L13.5 6.5L10 10M13 6.5H6.5a3.5 3.5 0 0 0 0 7H10",
};
export const icon = (name) => svg("svg", { viewBox: "0 0 16 16", "aria-hidden": "true", class: "icon" }, svg("path", { d: ICONS[name] }));

/** A name that no other element of the page has. */
export const unique = () => `ac-${Math.random().toString(36).slice(2)}`;

/** Which way an arrow key points, x to the right and y up; nothing for any other key. */
export const arrow = (event) => ({ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key]);

/** Takes a key for oneself: the page does not scroll, JupyterLab does not listen. */
export function take(event) {
  event.preventDefault();
  event.stopPropagation();
}
