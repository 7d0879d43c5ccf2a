// Predictions: the reader commits to an answer, then it opens. Answers stay in this browser.
// Without this script a prediction is a question with a folded answer, and it can be opened so here too.
(() => {
  const PREFIX = "attncourse/predict/";
  const parts = [];

  // ---- what is kept: nothing but here, and only for this visit where the browser refuses ----

  const visit = new Map();
  let refused = false;
  const store = {
    read(key) {
      try {
        return JSON.parse(localStorage.getItem(PREFIX + key) ?? "null");
      } catch {
        return null;
      }
    },
    write(key, state) {
      try {
        localStorage.setItem(PREFIX + key, JSON.stringify(state));
      } catch {
        refused = true;
        visit.set(key, state);
      }
    },
    forget(key) {
      visit.delete(key);
      try {
        localStorage.removeItem(PREFIX + key);
      } catch {
        // A browser that keeps nothing has nothing to forget.
      }
    },
    keys() {
      let kept = [];
      try {
        kept = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
      } catch {
        // Nothing is kept there.
      }
      return [...new Set([...visit.keys(), ...kept.map((key) => key.slice(PREFIX.length))])];
    },
  };

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // ---- numbers as people write them ----

  const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
  const numberOf = (text, unit) => {
    let plain = text.trim().replace(/[−–]/g, "-").replace(/\s/g, "");
    if (unit && plain.endsWith(unit.replace(/\s/g, ""))) plain = plain.slice(0, -unit.replace(/\s/g, "").length);
    plain = plain.replace(/[%％]$/, "");
    // 1,024 has a separator of thousands, 0,5 a decimal comma.
    plain = /^[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?$/.test(plain) ? plain.replace(/,/g, "") : plain.replace(",", ".");
    const [above, below] = plain.split("/");
    if (![above, below ?? "1"].every((piece) => NUMBER.test(piece))) return NaN;
    const value = Number(above) / Number(below ?? "1");
    return Number.isFinite(value) ? value : NaN;
  };
  const short = (value) => String(Number(value.toPrecision(3)));
  const distance = (mine, { value, plus, factor, shown }, unit) => {
    const said = `You said ${short(mine)}${unit === "%" ? "%" : ""}; it is ${shown}.`;
    if (mine === value) return [true, `${said} Exactly.`];
    if (plus !== undefined) {
      const off = Math.abs(mine - value);
      const close = off <= Number(plus) * (1 + 1e-9);
      return [close, `${said} ${close ? "Close enough:" : "That is"} ${short(off)} too ${mine < value ? "low" : "high"}.`];
    }
    if (mine * value <= 0) return [false, `${said} No factor leads from one to the other.`];
    const ratio = Math.max(mine / value, value / mine);
    const close = ratio <= Number(factor) * (1 + 1e-9);
    const way = Math.abs(mine) < Math.abs(value) ? "small" : "large";
    return [close, `${said} ${close ? "Close enough:" : "That is"} ${short(ratio)} times too ${way}.`];
  };

  // ---- what the reader answers with: each kind builds its field, reads it and fills it ----

  const tag = (words) => make("span", { className: "att-predict-tag" }, words);

  const choice = (field, { part, fold, id }) => {
    const list = field.querySelector(":scope > ol");
    const right = Number(part.dataset.right);
    const items = [...list.children];
    const whys = [...fold.querySelector(":scope > ol").children];
    const radios = items.map((item, k) => {
      const radio = make("input", { type: "radio", name: id, value: String(k) });
      const words = make("span", {}, ...(item.querySelector(":scope > p") ?? item).childNodes);
      item.replaceChildren(make("label", {}, radio, words));
      return radio;
    });
    return {
      first: radios[0],
      hint: "Choose one of the answers first.",
      read: () => radios.findIndex((radio) => radio.checked),
      missing: (answer) => answer < 0,
      good: (answer) => Number.isInteger(answer) && answer >= 0 && answer < radios.length,
      fill: (answer) => radios.forEach((radio, k) => (radio.checked = k === answer)),
      lock: (on) => radios.forEach((radio) => (radio.disabled = on)),
      judge(answer) {
        const mark = (k, words, name) => {
          items[k].querySelector("label > span").append(tag(words));
          (whys[k].querySelector(":scope > p") ?? whys[k]).prepend(tag(words));
          whys[k].classList.add(name);
        };
        if (answer === right) mark(right, "your choice, and right", "att-right");
        else {
          mark(answer, "your choice", "att-mine");
          mark(right, "right", "att-right");
        }
        const said = answer === right ? "Right, and the answer says why." : `You chose ${answer + 1}; right is ${right + 1}. The answer says what tempts in ${answer + 1}.`;
        return [answer === right, said];
      },
    };
  };

  const number = (field, { part, legend, id }) => {
    const hint = field.lastElementChild;
    const { unit, value, plus, factor, shown } = part.dataset;
    const input = make("input", { type: "text", autocomplete: "off", size: 8, id: `${id}-number` });
    if (Number(value) >= 0) input.inputMode = "decimal";
    hint.id = `${id}-hint`;
    input.setAttribute("aria-labelledby", legend.id);
    input.setAttribute("aria-describedby", hint.id);
    hint.before(make("p", { className: "att-predict-number" }, input, unit ? make("span", {}, unit) : ""));
    const known = { value: Number(value), plus, factor, shown };
    return {
      first: input,
      hint: "Write a number first, such as 12 or 0.5.",
      read: () => input.value.trim(),
      missing: (answer) => Number.isNaN(numberOf(answer, unit)),
      good: (answer) => typeof answer === "string" && !Number.isNaN(numberOf(answer, unit)),
      fill: (answer) => (input.value = answer ?? ""),
      lock: (on) => (input.readOnly = on),
      judge: (answer) => distance(numberOf(answer, unit), known, unit),
    };
  };

  const words = (field, { legend }) => {
    const area = make("textarea", { rows: 3 });
    area.setAttribute("aria-labelledby", legend.id);
    field.lastElementChild.replaceWith(area);
    return {
      first: area,
      hint: "Write down what you expect first, a few words are enough.",
      read: () => area.value.trim(),
      missing: (answer) => !answer,
      good: (answer) => typeof answer === "string" && answer !== "",
      fill: (answer) => (area.value = answer ?? ""),
      lock: (on) => (area.readOnly = on),
      judge: () => [null, "Compare your words with the answer."],
    };
  };

  // ---- one prediction ----

  const KINDS = { choice, number, words };
  const bring = (part, count) => {
    const { key, kind } = part.dataset;
    const box = part.querySelector(":scope > .predict");
    const fold = part.querySelector(":scope > details");
    const id = `att-predict-${count}`;
    const [first, ...others] = box.querySelectorAll(":scope > :not(.admonition-title)");
    const legend = make("legend", { id: `${id}-question` }, ...first.childNodes);
    const field = make("fieldset", {}, legend, ...others);
    const answers = KINDS[kind](field, { part, fold, legend, id });
    const commit = make("button", { type: "submit", className: "att-predict-commit" }, "Commit");
    const again = make("button", { type: "button", hidden: true }, "Start again");
    const said = make("p", { className: "att-predict-said" });
    said.setAttribute("role", "status");
    const form = make("form", { noValidate: true }, field, make("p", { className: "att-predict-actions" }, commit, again), said);
    first.replaceWith(form);

    const show = (answer) => {
      answers.fill(answer);
      answers.lock(true);
      const [right, sentence] = answers.judge(answer);
      part.dataset.state = right === null ? "said" : right ? "right" : "wrong";
      said.textContent = refused ? `${sentence} Your browser keeps no answers; this one is gone when you leave.` : sentence;
      [commit.hidden, again.hidden] = [true, false];
      fold.open = true;
    };
    const clear = (sentence) => {
      store.forget(key);
      delete part.dataset.state;
      part.querySelectorAll(".att-predict-tag").forEach((mark) => mark.remove());
      fold.querySelectorAll(".att-mine, .att-right").forEach((item) => item.classList.remove("att-mine", "att-right"));
      answers.fill(null);
      answers.lock(false);
      said.textContent = sentence;
      [commit.hidden, again.hidden] = [false, true];
      fold.open = false;
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (part.dataset.state) return;
      const answer = answers.read();
      if (answers.missing(answer)) {
        said.textContent = answers.hint;
        answers.first.focus();
        return;
      }
      store.write(key, answer);
      show(answer);
      // The button is gone; the next thing to read is the answer.
      fold.querySelector("summary").focus({ preventScroll: true });
      keeping();
    });
    again.addEventListener("click", () => {
      clear("Your answer is cleared.");
      answers.first.focus();
      keeping();
    });
    const kept = store.read(key);
    if (answers.good(kept)) show(kept);
    parts.push({ key, clear });
  };

  // ---- a way to clear: at the foot of the page, while there is something to clear ----

  const line = make("div", { className: "att-predict-kept", hidden: true });
  const keeping = () => {
    const all = store.keys();
    const here = parts.filter(({ key }) => all.includes(key));
    line.hidden = !all.length;
    const button = (label, does) => {
      const made = make("button", { type: "button" }, label);
      made.addEventListener("click", () => {
        does();
        keeping();
        line.hidden = false;
        line.replaceChildren(make("span", { role: "status", tabIndex: -1 }, "Cleared."));
        line.firstChild.focus();
      });
      return made;
    };
    line.replaceChildren("Your predictions are kept in this browser and nowhere else. ");
    if (here.length) line.append(button("Clear this page", () => here.forEach(({ clear }) => clear(""))), " ");
    const every = () => {
      all.forEach(store.forget);
      parts.forEach(({ clear }) => clear(""));
    };
    line.append(button("Clear all pages", every));
  };

  document.querySelectorAll(".att-predict").forEach(bring);
  if (parts.length) {
    document.querySelector("article.bd-article > section, main section")?.append(line);
    keeping();
  }
})();
