// Puts the parts together: the bug, the stages, the numbers, the code, the situation, the assertions.

import { html, write } from "../kit/elements.js";
import { button, chooser, menu, numberField, setting, slider, toolbar } from "../kit/fields.js";
import { makeView, run } from "../kit/view.js";
import { matrices } from "./matrices.js";
import { candidates, compute } from "./numbers.js";
import { assertionList, verdictTable } from "./table.js";
import { bugOf, describe, secret, shownStage, stageName, toPython } from "./words.js";
export { candidates, compute, fromLink, toLink } from "./numbers.js";
export { toPython } from "./words.js";

function render({ model, el }) {
  const view = makeView(model, { looks: ["stage", "head", "assertion"], python: toPython });
  const bugs = choice(view), stages = walk(view), numbers = matrices(), code = lines(), where = situation(view);
  const list = assertionList(view), table = verdictTable(view), bar = toolbar(view);
  return run({ model, el }, view, {
    className: "ac-bug_bench", label: "Bug bench", compute, describe,
    hint: "Choose a bug, walk through the stages, change the sizes until it hides.",
    parts: [bugs, stages, numbers, code, where, list, table, bar],
    blocks: [html("div", { class: "part controls top", role: "group", "aria-label": "States" }, bar.node), bugs.node, stages.node, numbers.node, code.node, where.node, list.node, table.node],
  });
}

/** Which bug; or, in a diagnosis, four that it may be. */
function choice(view) {
  const { limits } = view.state(), names = limits.bugs.map(({ name }) => name);
  const mode = chooser(view, { name: "Mode", choices: [["look", "Look inside"], ["diagnose", "Diagnose"]],
    take: (name) => (name === "diagnose" ? next() : view.change({ mode: name, guess: "" })) });
  const list = menu(view, { name: "Bug", choices: names.map((name, n) => [name, `${n + 1} ${name}`]), take: (bug) => view.change({ bug, stage: "" }) });
  const put = (what) => {
    const { bug, limits: { start } } = view.state(), { shows, hides } = bugOf(bug, limits);
    view.change({ ...start, ...shows, ...(what ? hides : {}), stage: "" });
  };
  const show = button({ onclick: () => put(0) }, "Where it shows"), hide = button({ onclick: () => put(1) }, "Where it hides");
  const look = html("div", { class: "setting" }, list.node, show, hide);
  /** Another bug than this one, where it shows, in numbers of its own. */
  function next() {
    const others = names.filter((name) => name !== view.state().bug), bug = others[Math.floor(Math.random() * others.length)];
    view.change({ ...limits.start, ...bugOf(bug, limits).shows, bug, seed: 1 + Math.floor(Math.random() * limits.seed[1]), mode: "diagnose", guess: "", stage: "" });
  }
  const guesses = Array.from({ length: 4 }, (_, n) => button({ class: "guess", "aria-pressed": "false", onclick: () => view.change({ guess: candidates(view.state())[n] }) }));
  const tell = button({ class: "plain", onclick: () => view.change({ mode: "look", guess: "" }) }, "Tell me"), other = button({ class: "plain", onclick: next }, "Next case");
  const ask = html("div", { class: "ask", role: "group", "aria-label": "Which bug is it?" }, html("div", { class: "buttons" }, ...guesses), html("div", { class: "buttons" }, tell, other));
  return {
    node: html("div", { class: "part pick" }, mode.node, look, ask),
    draw(now) {
      mode.show(now.mode);
      list.show(now.bug);
      look.hidden = now.mode === "diagnose";
      ask.hidden = !look.hidden;
      if (ask.hidden) return;
      const four = candidates(now);
      guesses.forEach((each, n) => {
        write(each, four[n]);
        each.setAttribute("aria-pressed", four[n] === now.guess);
        each.classList.toggle("found", four[n] === now.guess && now.guess === now.bug);
      });
    },
  };
}

/** The stages in order, each marked where it differs; and which head. */
function walk(view) {
  const { limits } = view.state();
  const stages = chooser(view, { name: "Stage", choices: limits.stages.map((name) => [name, stageName(name)]), take: (stage) => view.change({ stage }) });
  const heads = chooser(view, { name: "Head", choices: [[0, "1"], [1, "2"]], take: (head) => view.change({ head }) }), head = setting("Head", heads.node);
  const labels = [...stages.node.children];
  const node = html("div", { class: "part walk" }, stages.node, head);
  return {
    node,
    draw(now, result) {
      const stage = shownStage(now, result);
      node.hidden = secret(now);
      stages.show(stage);
      heads.show(Math.min(now.head, now.n_heads - 1));
      head.classList.toggle("absent", now.n_heads === 1 || stage === "output");
      labels.forEach((label, n) => {
        const [input, text] = label.children, differs = result.differ[n] > 0;
        label.hidden = limits.stages[n] === "kept" && now.dropout === "off";
        label.classList.toggle("differs", differs);
        label.classList.toggle("first", n === result.first);
        input.setAttribute("aria-label", `${text.textContent}${n === result.first ? ", the first that differs" : differs ? ", differs" : ""}`);
      });
    },
  };
}

/** What is written, and what should be. */
function lines() {
  const node = html("div", { class: "part code" });
  let shown = "";
  return {
    node,
    draw(now) {
      node.hidden = secret(now);
      const { steps } = bugOf(now.bug, now.limits), text = JSON.stringify(steps);
      if (text === shown) return;
      shown = text;
      node.replaceChildren(...Object.entries(steps).map(([step, [right, wrong]]) => html("p", {},
        html("code", { class: "bad" }, `${step} = ${wrong}`), html("span", {}, " in place of "), html("code", {}, `${step} = ${right}`))),
      ...(Object.keys(steps).some((step) => now.limits.masks.includes(step)) ? [html("p", {}, "i is the query’s row and p its position, i + kv_len − q_len; j is the key’s.")] : []));
    },
  };
}

/** Sizes, mask, dropout and numbers. */
function situation(view) {
  const { limits } = view.state();
  const sizes = Object.entries(limits.sizes).map(([name, [low, high]]) => {
    const node = slider(view, { name, low, high, step: 1, take: (n) => view.change({ [name]: n }) }), shown = html("output", { class: "shown" });
    return { name, node, shown, block: setting(name, node.node, shown) };
  });
  const mask = chooser(view, { name: "Mask", choices: limits.masks.map((name) => [name, name]), take: (name) => view.change({ mask: name }) });
  const dropout = chooser(view, { name: "Dropout", choices: [["off", "off"], ["on", "½"]], take: (name) => view.change({ dropout: name }) });
  const numbers = chooser(view, { name: "Numbers", choices: [["random", "random"], ["ones", "ones"], ["large", "queries × 1000"]], take: (name) => view.change({ numbers: name }) });
  const [low, high] = limits.seed;
  const seed = numberField(view, { name: "Seed", whole: true, low, high, step: 1, take: (n) => view.change({ seed: n }) });
  return {
    node: html("div", { class: "part controls", role: "group", "aria-label": "Situation" }, ...sizes.map(({ block }) => block),
      setting("Mask", mask.node), setting("Dropout", dropout.node), setting("Numbers", numbers.node), setting("Seed", seed.node)),
    draw(now) {
      for (const { name, node, shown } of sizes) {
        node.show(now[name]);
        write(shown, now[name]);
      }
      mask.show(now.mask);
      dropout.show(now.dropout);
      numbers.show(now.numbers);
      seed.show(now.seed);
    },
  };
}

export default { render };
