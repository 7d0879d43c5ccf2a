// Puts the parts together: the sentence, the heads, the map, the ablation, the controls.

import { html } from "../kit/elements.js";
import { menu, numberField, setting, slider, toolbar } from "../kit/fields.js";
import { makeView, run } from "../kit/view.js";
import { fixed } from "../kit/words.js";
import { ablation } from "./ablation.js";
import { bigMaps } from "./maps.js";
import { compute } from "./numbers.js";
import { overview } from "./overview.js";
import { reading } from "./reading.js";
import { describe, headName, toPython } from "./words.js";
export { compute, fromLink, toLink } from "./numbers.js";
export { describe, toPython } from "./words.js";

function render({ model, el }) {
  const view = makeView(model, { looks: ["word"], settings: ["runs"], python: toPython });
  /** Looks at a word; to look is no step. */
  view.look = (word) => {
    if (model.get("word") === word) return;
    view.change({ word });
    view.rest();
  };
  const top = choice(view), words = reading(view), heads = overview(view), maps = bigMaps(view), off = ablation(view), bar = toolbar(view);
  return run({ model, el }, view, {
    className: "ac-encoder_heads", label: "The heads of an encoder", compute, describe,
    hint: "Point at a word; choose a head among the maps.",
    parts: [bar, top, words, heads, maps, off],
    blocks: [bar.node, top.node, words.figure, html("div", { class: "drawings" }, heads.figure, maps.figure), off.node],
  });
}

const BESIDE = { nothing: "nothing", head: "another head", off: "the head switched off", rollout: "rollout and masking" };

/** Which sentence, which head, and what stands below it. */
function choice(view) {
  const { runs, limits } = view.state(), { n_layers: layers, n_heads: heads } = runs;
  const sentence = menu(view, { name: "Sentence", choices: runs.sentences.map(({ text }, n) => [n, text]), take: (n) => view.change({ sentence: Number(n) }) });
  const pick = (name, trait, high) => slider(view, { name, low: 1, high, step: 1, text: (n) => `${n} of ${high}`, take: (n) => view.change({ [trait]: n - 1 }) });
  const layer = pick("Layer", "layer", layers), head = pick("Head", "head", heads), shown = html("output", { class: "shown" });
  const beside = menu(view, { name: "Below the weights", choices: limits.beside.map((name) => [name, BESIDE[name]]), take: (name) => view.change({ beside: name }) });
  const field = (name, trait, high) => numberField(view, { name, whole: true, low: 1, high, step: 1, take: (n) => view.change({ [trait]: n - 1 }) });
  const otherLayer = field("Layer to compare", "other_layer", layers), otherHead = field("Head to compare", "other_head", heads);
  const residual = slider(view, { name: "Residual share", low: 0, high: 1, step: 0.05, text: (x) => fixed(x), take: (x) => view.change({ residual: x }) }), share = html("output", { class: "shown" });
  const other = setting("Layer, head", otherLayer.node, otherHead.node), passing = setting("Residual share", residual.node, share);
  return {
    node: html("div", { class: "part controls choice", role: "group", "aria-label": "Sentence and head" }, setting("Sentence", sentence.node),
      setting("Layer", layer.node), setting("Head", head.node, shown), setting("Below", beside.node), other, passing),
    draw(now) {
      sentence.show(now.sentence);
      layer.show(now.layer + 1);
      head.show(now.head + 1);
      shown.textContent = headName(now.layer, now.head);
      beside.show(now.beside);
      other.hidden = now.beside !== "head";
      passing.hidden = now.beside !== "rollout";
      otherLayer.show(now.other_layer + 1);
      otherHead.show(now.other_head + 1);
      residual.show(now.residual);
      share.textContent = fixed(now.residual);
    },
  };
}

export default { render };
