// Data that is loaded when the reader asks: by a script of the site, or from the kernel. What came is
// checked, and kept for all widgets of the page that want the same.

import { html, unique } from "./elements.js";
import { button } from "./fields.js";
import { capital } from "./words.js";

const PATIENCE = 60000; // milliseconds: a kernel that does not answer is away

/** What the scripts hand over, and what is there already, by the file's name; one for the page. */
const shelf = () => (window.attncourseHeavy ??= Object.assign(
  (file, text) => shelf().arrived.set(file, text), { arrived: new Map(), stores: new Map() },
));

/** The bytes of a file and how far they have come, for everybody who asks for the same file. */
function storeOf(heavy) {
  const { stores } = shelf();
  if (!stores.has(heavy.file)) stores.set(heavy.file, { status: "waiting", why: "", tries: 0, bytes: null, listeners: new Set() });
  return stores.get(heavy.file);
}

/** Loads a file unless it is there or on its way. */
async function load(model) {
  const heavy = model.get("heavy"), store = storeOf(heavy);
  const tell = (change) => {
    Object.assign(store, change);
    for (const listener of [...store.listeners]) listener();
  };
  if (store.status === "loading" || store.status === "there") return;
  tell({ status: "loading", tries: store.tries + 1 });
  try {
    const bytes = await (model.send ? byMessage(model, heavy) : byScript(heavy, store.tries));
    if (bytes.length !== heavy.bytes || crc32(bytes) !== heavy.crc) throw new Error(DAMAGED);
    tell({ status: "there", bytes });
  } catch (error) {
    tell({ status: "failed", why: error.message });
  }
}

const DAMAGED = "it came damaged";

/** A classic script: the only file that a page opened by double click may load. */
function byScript(heavy, tries) {
  const root = document.documentElement.dataset.content_root ?? "";
  return new Promise((done, fail) => {
    // Another address after a failure, or a browser would show the same damaged file from its cache.
    const script = html("script", { src: `${root}${heavy.path}${tries > 1 ? `?${tries}` : ""}`,
      onload: () => {
        const text = shelf().arrived.get(heavy.file);
        shelf().arrived.delete(heavy.file);
        script.remove();
        try {
          done(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
        } catch {
          fail(new Error(DAMAGED));
        }
      },
      onerror: () => {
        script.remove();
        fail(new Error(`its file, ${heavy.path}, is not there`));
      } });
    document.head.append(script);
  });
}

/** A question to the kernel, which answers with the bytes. */
function byMessage(model, heavy) {
  return new Promise((done, fail) => {
    const end = () => { clearTimeout(late); model.off("msg:custom", hear); };
    const hear = (content, buffers) => {
      if (content?.heavy !== heavy.file) return;
      end();
      const given = buffers?.[0];
      // A copy, so that numbers of four bytes may be viewed in it.
      if (given) done(given.buffer ? new Uint8Array(given.buffer, given.byteOffset, given.byteLength).slice() : new Uint8Array(given).slice());
      else fail(new Error(DAMAGED));
    };
    const late = setTimeout(() => { end(); fail(new Error("the kernel does not answer; run the cell again")); }, PATIENCE);
    model.on("msg:custom", hear);
    model.send({ heavy: heavy.file });
  });
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/**
 * The offer to load a widget's data, as a part. `read` makes the data of the bytes, `offer` says what
 * loading is good for, `then` is called once when the reader's own press has brought it.
 */
export function heavyPart(view, model, { read, offer, then = () => {} }) {
  const heavy = model.get("heavy"), store = storeOf(heavy), id = unique();
  const size = `${Math.round((model.send ? heavy.bytes : heavy.script) / 1000)} KB`;
  let data = null, pressed = false;
  const said = html("p", { id });
  const ask = button({ class: "load", "aria-describedby": id, onclick: () => { pressed = true; load(model); } });
  const node = html("div", { class: "part heavy" }, said, ask);
  const texts = {
    waiting: [offer, `Load ${heavy.what} (${size})`],
    loading: [`${capital(heavy.what)} is on its way.`, "Loading …"],
    failed: [() => `${capital(heavy.what)} could not be loaded: ${store.why}.`, "Try again"],
    there: ["", ""],
  };
  const part = {
    node,
    /** What `read` made of the bytes; null until they are there. */
    get data() { return data; },
    draw() {
      const [text, name] = texts[store.status];
      said.textContent = typeof text === "function" ? text() : text;
      ask.textContent = name;
      ask.setAttribute("aria-disabled", store.status === "loading");
      node.hidden = data !== null;
    },
    /** The widget is gone. */
    leave() { store.listeners.delete(hear); },
  };
  function hear() {
    if (store.status === "there" && data === null) {
      try {
        data = read(store.bytes);
      } catch {
        Object.assign(store, { status: "failed", why: DAMAGED, bytes: null });
      }
    }
    const failure = texts.failed[0]();
    if (store.status === "failed") view.say(failure);
    // What a link had to say is still so; what failed before is not.
    else if (data && ["", failure].includes(view.said())) view.say(`${capital(heavy.what)} is loaded.`);
    view.draw();
    if (data && pressed) requestAnimationFrame(() => requestAnimationFrame(then));
  }
  store.listeners.add(hear);
  if (store.status === "there") data = read(store.bytes);
  return part;
}
