// What the reader writes, what the model writes behind it, and the buttons that let it.

import { html, write } from "../kit/elements.js";
import { button } from "../kit/fields.js";
import { listed } from "../kit/words.js";
import { isChanged, MOST_TEXT } from "./numbers.js";
import { differFrom, flat } from "./words.js";

const PATIENCE = 600; // milliseconds: who types over a text has none for a moment
const TAIL = 10; // characters of the text that are shown before what follows
const STANDS_FOR = { "‘": "'", "’": "'", "“": "\"", "”": "\"", "–": "—", "…": "...", "\t": " ", "\r": "" };

/** A text in the model's characters: accents are taken off, and what has no likeness is left out. */
export function cleaned(text, alphabet) {
  const plain = text.normalize("NFD").replace(/\p{M}/gu, "").replace(/[‘’“”–…\t\r]/g, (letter) => STANDS_FOR[letter]);
  const lost = [...new Set([...plain].filter((letter) => !alphabet.includes(letter)))];
  return { text: [...plain].filter((letter) => alphabet.includes(letter)).join("").slice(0, MOST_TEXT), lost };
}

/** The field for the text. */
export function textField(view, alphabet) {
  let waiting = 0, wrong = false;
  const tell = () => {
    clearTimeout(waiting);
    if (wrong) view.refuse(field, "The model needs one character at least to go on from, so the text stays as it was.");
    wrong = false;
  };
  const field = html("textarea", {
    rows: 3, maxlength: MOST_TEXT, "aria-label": "Your text", autocomplete: "off", autocapitalize: "sentences", spellcheck: "false",
    oninput: () => {
      const { text, lost } = cleaned(field.value, alphabet);
      clearTimeout(waiting);
      wrong = text === "";
      if (wrong) {
        field.setAttribute("aria-invalid", "true");
        waiting = setTimeout(tell, PATIENCE);
        return;
      }
      view.accept(field);
      if (text !== view.state().text) view.change({ text, hand: [] });
      if (lost.length) view.say(`The model has never seen ${listed(lost.slice(0, 5))}, so it reads the text without.`);
    },
    onblur: () => { tell(); view.accept(field); view.draw(); },
  });
  return {
    node: html("label", { class: "part text" }, html("span", {}, "Your text"), field), field,
    /** Whether it is written in, or only looked at. */
    open(is) { field.readOnly = !is; },
    draw({ text }) {
      if (field.ownerDocument.activeElement === field && !field.dataset.stale) return;
      delete field.dataset.stale;
      view.accept(field);
      if (field.value === text) return;
      field.value = text;
      field.scrollTop = field.scrollHeight;
    },
  };
}

/** What a line is: to the next line end, or as far as it is written. */
export function lineOf(text) {
  const end = text.indexOf("\n", 1);
  return end < 0 ? text : text.slice(0, end + 1);
}

/** The buttons that let the model write: a character, a line, or line after line until it is stopped. */
export function writeButtons(view, field, { still }) {
  const now = { result: null, frame: 0, todo: "", endless: false, text: "" };
  const ahead = () => (now.result?.state.text === view.state().text ? now.result.written.map((n) => now.result.alphabet[n]).join("") : "");
  function stop() {
    cancelAnimationFrame(now.frame);
    Object.assign(now, { frame: 0, todo: "", endless: false });
    view.rest();
  }
  function start(todo, endless = false) {
    if (now.frame) stop();
    Object.assign(now, { todo, endless, text: view.state().text });
    tick();
  }
  function tick() {
    now.frame = 0;
    const { text } = view.state();
    const isFull = text.length >= MOST_TEXT;
    if (isFull || text !== now.text) { // or the reader did something else
      stop();
      if (isFull) view.say(`The text is full: it takes ${MOST_TEXT} characters.`);
      return;
    }
    if (!now.todo && now.endless) now.todo = lineOf(ahead());
    if (now.todo) {
      const count = Math.min(still() ? now.todo.length : 1, MOST_TEXT - text.length);
      now.text = text + now.todo.slice(0, count);
      now.todo = now.todo.slice(count);
      field.dataset.stale = "1";
      view.change({ text: now.text, hand: [] });
    }
    if (now.todo || now.endless) now.frame = requestAnimationFrame(tick);
    else stop();
  }
  const one = button({ onclick: () => start(ahead().slice(0, 1)) }, "One character");
  const line = button({ onclick: () => start(lineOf(ahead())) }, "One line");
  const on = button({ onclick: () => (now.endless ? stop() : start("", true)) }, "Keep writing");
  const node = html("div", { class: "part buttons write", role: "group", "aria-label": "Let the model write" }, one, line, on);
  // All that is written at one press is one step: the gesture ends with the writing, not with the press.
  for (const end of ["click", "pointerup", "keyup"]) node.addEventListener(end, (event) => { if (now.frame) event.stopPropagation(); });
  return {
    node, stop,
    draw(_, result) {
      now.result = result;
      write(on, now.endless ? "Stop" : "Keep writing");
      on.setAttribute("aria-pressed", now.endless);
      for (const each of [one, line]) each.setAttribute("aria-disabled", !result?.written.length);
    },
  };
}

/** How the model goes on, and how it would without changes. */
export function goesOn() {
  const rows = ["The model goes on", "Untouched"].map((name) => {
    const tail = html("span", { class: "tail" }), same = html("span"), other = html("span", { class: "other" });
    return { tail, same, other, node: html("div", { class: "line" }, html("b", {}, name), html("p", {}, tail, same, other)) };
  });
  return {
    node: html("div", { class: "part goes" }, ...rows.map(({ node }) => node)),
    draw(_, result) {
      if (!result) {
        for (const row of rows) for (const part of ["tail", "same", "other"]) write(row[part], "");
        return;
      }
      const { state, alphabet, written, plain } = result, at = differFrom(written, plain);
      rows.forEach((row, n) => {
        const text = (n ? plain : written).map((each) => alphabet[each]).join("");
        write(row.tail, `${state.text.length > TAIL ? "…" : ""}${flat(state.text.slice(-TAIL))}`);
        write(row.same, flat(text.slice(0, at)));
        write(row.other, flat(text.slice(at)));
      });
      rows[1].node.classList.toggle("absent", !isChanged(state));
    },
  };
}
