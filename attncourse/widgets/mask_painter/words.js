// What the painter says: what the queries see, which weights moved, and the traps by name.

import { capital, fixed, listed, python, subscript } from "../kit/words.js";
import { ownKey, sameMask } from "./numbers.js";

const SIZE = {
  window: "Window", prefix: "Prefix", documents: "First document",
  "padding right": "Real keys", "padding left": "Real keys",
};

/** What a rule's size counts. */
export const sizeName = (rule) => SIZE[rule] ?? "Size";

function ruleName({ rule, size }) {
  return {
    window: `a window of ${size}`, prefix: `a prefix of ${size}`,
    documents: `two documents, the first of ${size}`,
    "padding right": `${size} real keys, padding right`, "padding left": `${size} real keys, padding left`,
  }[rule] ?? rule;
}

const count = (n, what) => `${n} ${what}${n === 1 ? "" : "s"}`;
const rowsOf = (flags) => flags.flatMap((on, i) => (on ? [i + 1] : []));
const queries = (rows) => `${rows.length === 1 ? "query" : "queries"} ${listed(rows)}`;
const cellsOf = (cells) => cells.flatMap((row, i) => row.flatMap((on, j) => (on ? [[i + 1, j + 1]] : [])));

/** One too far (1) or too short (-1): in a few words, and where it comes from. */
function offBy(step, { rule, size }) {
  const far = step > 0;
  if (rule.startsWith("causal")) {
    return far ? ["each query sees one key too far", "That key is the token that it is to predict: tril(1) in place of tril(0)."]
      : ["no query sees its own position", "The diagonal is missing: ~triu(0) in place of ~triu(1)."];
  }
  if (rule === "window") return [`the window holds ${size + step}`, `A window of ${size} is the query itself and ${size - 1} before it. Some libraries count otherwise.`];
  if (rule === "prefix") return [`the prefix is ${size + step} long`, "One key changes sides."];
  if (rule === "documents") return [`the first document has ${size + step}`, "One key belongs to the wrong document."];
  return far ? ["a key of padding is seen", "It takes its share of every row."] : ["a real key is hidden", "The text has lost an end."];
}

/** The traps that the mask is in, the one that explains most first: a name, a few words, and more of it. */
export function traps(state, result) {
  const { rule } = state, found = [];
  const trap = (name, short, long) => found.push({ name, short, long });
  if (rule !== "no mask" && result.inverted) {
    trap("Polarity", "True and False are swapped", "Where True should say “may attend” it says “may not”. Every shape is right.");
  } else if (result.misaligned) {
    trap("Alignment", rule === "causal" ? "it is aligned top-left" : "it is aligned bottom-right",
      rule === "causal" ? "Counted from the other corner, the queries lose the past that a cache holds." : "Counted from the other corner, the queries stand at the last keys.");
  } else if (result.shifted) {
    trap("Off by one", ...offBy(result.shifted, state));
  }
  const whole = found.length > 0;
  const empty = rowsOf(result.empty);
  if (empty.length) {
    trap("Empty row", `${queries(empty)} ${empty.length === 1 ? "sees" : "see"} nothing`,
      "Zeros here. NaN where −∞ is written into the scores; the average of all values where −1e9 is.");
  }
  if (whole || rule === "no mask") return found;
  const future = cellsOf(result.future), outside = cellsOf(result.outside);
  const blind = rowsOf(result.blind).filter((i) => !empty.includes(i));
  // A row that is empty is named already, and so is a query's own position.
  const lost = cellsOf(result.lost).filter(([i, j]) => !empty.includes(i) && !(blind.includes(i) && j === ownKey(state, i - 1) + 1));
  const first = ([[i, j]]) => `Query ${i} sees key ${j}`;
  if (future.length) trap("Future", `${count(future.length, "cell")} of the future ${future.length === 1 ? "is" : "are"} seen`, `${first(future)}, which comes after it.`);
  if (outside.length) {
    const what = { window: "older than the window", documents: "of another document" }[rule] ?? "padding";
    trap(rule.startsWith("padding") ? "Padding" : "Too much", `${count(outside.length, "cell")} too many ${outside.length === 1 ? "is" : "are"} seen`, `${first(outside)}, which is ${what}.`);
  }
  if (blind.length) trap("Itself", `${queries(blind)} ${blind.length === 1 ? "does not see its" : "do not see their"} own position`, "The dot in a cell marks it.");
  if (lost.length) trap("Too little", `${count(lost.length, "cell")} ${lost.length === 1 ? "is" : "are"} hidden`, `Query ${lost[0][0]} might see key ${lost[0][1]}.`);
  return found;
}

/** One sentence: the first trap, or what the queries see. */
export function describe(state, result) {
  const found = traps(state, result), name = capital(ruleName(state));
  const more = found.length > 1 ? ` (${found.length} traps)` : "";
  if (found.length) return `${name}, but ${found[0].short}${more}.`;
  const { seen } = result, keys = state.scores[0].length;
  const what = seen.every((n) => n === seen[0]) ? `each query sees ${seen[0]} of ${keys} keys`
    : `the queries see ${listed(seen)} of ${keys} keys`;
  const alike = state.strength === 0 ? ", all alike" : "";
  return `${state.rule === "no mask" && !sameMask(state.mask, result.right) ? "Painted" : name}: ${what}${alike}.`;
}

/** Which weights moved, in how many rows, and by how much at most. */
export function moves({ against }, { moved }) {
  const than = against === "rule" ? "the rule" : "no mask";
  const most = Math.max(...moved.flat().map(Math.abs));
  const n = moved.flat().filter(hasMoved).length, rows = moved.filter((row) => row.some(hasMoved)).length;
  return n ? `Against ${than}, ${n} of ${moved.flat().length} weights moved, in ${count(rows, "row")}, by ${fixed(most)} at most.` : `Against ${than}, no weight moved.`;
}

/** Whether a weight moved, and was not merely rounded otherwise. */
export const hasMoved = (x) => Math.abs(x) > 1e-9;

export const queryName = (i) => `q${subscript(i + 1)}`;
export const keyName = (j) => `k${subscript(j + 1)}`;

/** The Python call that makes a painter in this state. */
export function toPython(state) {
  const names = ["rule", "size", "mask", "strength", "against"];
  return `MaskPainter(${[python(state.scores), ...names.map((name) => `${name}=${python(state[name])}`)].join(", ")})`;
}
