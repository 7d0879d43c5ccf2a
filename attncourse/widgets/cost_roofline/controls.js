// What is set: the text, the mechanism, the model, the device.

import { html } from "../kit/elements.js";
import { chooser, menu, numberField, setting, slider } from "../kit/fields.js";
import { SPEEDS, known, sharers } from "./numbers.js";
import { WAYS, caution, grouped } from "./words.js";

const OWN = "your own";

/** Powers of two and what is halfway between, from low to high: as many steps each time it doubles. */
function ladder(low, high) {
  const found = [low];
  for (let n = 1; n <= high; n *= 2) found.push(...[n, (n * 3) / 2].filter((m) => Number.isInteger(m) && m > low && m < high));
  return [...new Set([...found, high])];
}

/** The place of a number on a ladder, by its logarithm. */
const rung = (steps, value) => steps.reduce((best, step, n) => (Math.abs(Math.log(step / value)) < Math.abs(Math.log(steps[best] / value)) ? n : best), 0);

/** A size with a slider in logarithmic steps and a field for any other number. */
function size(view, key, name, { change = (value) => ({ [key]: value }), unit = "" } = {}) {
  const [low, high] = view.state().limits.bounds[key], steps = ladder(Math.max(low, 1), high);
  const bar = slider(view, { name, low: 0, high: steps.length - 1, step: 1, text: (n) => `${grouped(steps[n])}${unit}`, take: (n) => view.change(change(steps[n])) });
  const field = numberField(view, { name, label: `${name} as a number`, whole: true, low, high, step: 1, take: (value) => view.change(change(value)) });
  return { node: setting(name, bar.node, field.node), draw(now) { bar.show(rung(steps, Math.max(now[key], 1))); bar.node.setAttribute("aria-valuetext", `${grouped(now[key])}${unit}`); field.show(now[key]); } };
}

/** Heads of keys: what divides the heads. */
function keyHeads(view) {
  const divisors = (n) => Array.from({ length: n }, (_, i) => i + 1).filter((m) => n % m === 0);
  const said = ({ n_heads: heads, n_kv_heads: keys }) => `${keys} for ${heads}`;
  const bar = slider(view, { name: "Heads of keys", low: 0, high: 1, step: 1, take: (n) => view.change({ n_kv_heads: divisors(view.state().n_heads)[n] }) });
  const shown = html("output", { class: "shown" });
  return {
    node: setting("Heads of keys", bar.node, shown),
    draw(now) {
      const all = divisors(now.n_heads);
      bar.node.max = all.length - 1;
      bar.show(all.indexOf(now.n_kv_heads));
      bar.node.setAttribute("aria-valuetext", said(now));
      shown.textContent = said(now);
    },
  };
}

/** Controls behind a title; JupyterLab leaves its keys alone. */
const fold = (title, ...content) => html("details", { class: "fold" },
  html("summary", { "data-lm-suppress-shortcuts": "true" }, title), html("div", { class: "sizes" }, ...content));

/** The text and how it is attended to. */
export function textControls(view) {
  const phase = chooser(view, { name: "What is done", choices: [["decode", "write a token"], ["prefill", "read the text"]], take: (value) => view.change({ phase: value }) });
  const way = menu(view, { name: "Attention", choices: Object.entries(WAYS), take: (mechanism) => view.change({ mechanism }) });
  const shared = keyHeads(view), parts = [size(view, "length", "Length", { unit: " tokens" }), size(view, "batch", "Texts at once"), shared];
  const extra = { window: [size(view, "window", "Window")], latent: [size(view, "d_latent", "Latent"), size(view, "d_rope", "Rotary part"), size(view, "d_q_latent", "Queries’ latent")] };
  return {
    node: html("div", { class: "part controls asked", role: "group", "aria-label": "Text and attention" },
      setting("Step", phase.node), setting("Attention", way.node), ...[...parts, ...Object.values(extra).flat()].map(({ node }) => node)),
    draw(now) {
      phase.show(now.phase);
      way.show(now.mechanism);
      for (const part of parts) part.draw(now);
      shared.node.hidden = now.mechanism === "latent"; // a latent is for all heads
      for (const [name, list] of Object.entries(extra)) for (const part of list) { part.node.hidden = now.mechanism !== name; part.draw(now); }
    },
  };
}

/** A menu of published sizes, and below a fold each of them. */
export function modelControls(view) {
  const { limits } = view.state();
  const pick = menu(view, { name: "Model", choices: [...Object.keys(limits.models), OWN].map((name) => [name, name]), take: (name) => view.change(limits.models[name] ?? {}) });
  const parts = [
    size(view, "d_model", "Width"), size(view, "n_heads", "Heads", { change: (n) => ({ n_heads: n, n_kv_heads: sharers(n, view.state().n_kv_heads) }) }),
    size(view, "d_k", "Width of a head"), size(view, "d_ff", "Width of the MLP"), size(view, "mlp_matrices", "Matrices of the MLP"), size(view, "n_layers", "Layers"), size(view, "n_vocab", "Vocabulary"),
  ];
  const itemsize = chooser(view, { name: "Bytes of a number", choices: limits.itemsize.map((n) => [n, n]), take: (n) => view.change({ itemsize: n }) });
  const warned = html("p", { class: "measured" });
  return {
    node: html("div", { class: "part" }, html("div", { class: "controls" }, setting("Model", pick.node), setting("Bytes of a number", itemsize.node)), warned, fold("Its sizes, one by one", ...parts.map((part) => part.node))),
    draw(now) {
      const name = known(limits.models, now);
      pick.show(name || OWN);
      warned.textContent = caution(name);
      itemsize.show(now.itemsize);
      for (const part of parts) part.draw(now);
    },
  };
}

/** A menu of published devices, and their three numbers. */
export function deviceControls(view) {
  const { limits } = view.state();
  const pick = menu(view, { name: "Device", choices: [...Object.keys(limits.devices), OWN].map((name) => [name, name]), take: (name) => view.change(limits.devices[name] ?? {}) });
  const titles = { peak: ["Operations", "10¹² a second"], bandwidth: ["Memory moves", "GB a second"], memory: ["Memory holds", "GB"] };
  const fields = SPEEDS.map((key) => {
    const [low, high] = limits.bounds[key], [name, unit] = titles[key];
    const field = numberField(view, { name, label: `${name}, ${unit}`, low, high, step: "any", digits: key === "peak" ? 2 : 0, take: (value) => view.change({ [key]: value }) });
    return { key, field, node: setting(name, field.node, html("span", { class: "unit" }, unit)) };
  });
  return {
    node: html("div", { class: "part controls", role: "group", "aria-label": "Device and its speeds" }, setting("Device", pick.node), ...fields.map(({ node }) => node)),
    draw(now) {
      pick.show(known(limits.devices, now) || OWN);
      for (const { key, field } of fields) field.show(now[key]);
    },
  };
}
