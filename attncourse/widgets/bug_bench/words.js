// What the bench says: where the first number differs, why a bug hides, what a guess would give.

import { capital, fixed, listed, python } from "../kit/words.js";
import { CAUGHT, REFUSED } from "./assertions.js";
import { differingStage } from "./numbers.js";

const STAGES = { masked: "masked scores", kept: "weights after dropout", mixed: "head outputs", output: "output" };
export const stageName = (stage) => STAGES[stage] ?? stage;
export const VERDICTS = ["missed", "caught", "fails for the right layer too"];
export const MARKS = ["·", "×", "–"];

/** A number in a narrow place. */
export function short(x, digits) {
  if (Number.isNaN(x)) return "NaN";
  if (x === -Infinity) return "−∞";
  if (x === -1e9) return "−1e9";
  return fixed(x, Math.abs(x) < 9.95 ? digits : Math.abs(x) < 99.5 ? Math.min(digits, 1) : 0);
}

const numberOf = (bug, { bugs }) => bugs.findIndex(({ name }) => name === bug);
export const bugOf = (bug, limits) => limits.bugs[numberOf(bug, limits)];
const size = (x) => x.flat(2).length;

/** Whether the bug is still to be found. */
export const secret = ({ mode, bug, guess }) => mode === "diagnose" && guess !== bug;

/** The stage that is shown: the one that was chosen, or the first that differs. */
export function shownStage(state, result) {
  if (secret(state)) return "output";
  const { stage, dropout, limits } = state;
  if (stage && !(stage === "kept" && dropout === "off")) return stage;
  return limits.stages[Math.max(result.first, 0)];
}

function hiding(state) {
  const { steps, when } = bugOf(state.bug, state.limits), mask = Object.keys(steps).find((step) => ["causal", "window", "padding"].includes(step));
  const asked = mask === state.mask || (mask === "causal" && state.mask === "padding");
  return mask && !asked ? `its line is of a ${mask === "padding" ? "padding" : mask} mask, and this layer has none` : `it hides where ${when}`;
}

function catches({ limits }, { verdicts: found }) {
  const usual = found.slice(0, limits.usual).filter((v) => v === CAUGHT).length;
  const all = found.filter((v) => v === CAUGHT).length;
  return `${all} of ${found.length} assertions catch it, ${usual || "none"} of the usual ${limits.usual}`;
}

/** One sentence on the bug, or on what is seen of it. */
export function describe(state, result) {
  const { stages, bugs } = state.limits, output = result.differ.at(-1), of = `${output} of ${size(result.wrong_output)} numbers of the output`;
  if (secret(state)) {
    const seen = output === 0 ? "No number of the output differs at these sizes" : `${capital(of)} differ`;
    if (!state.guess) return `A bug without a name. ${seen}: which bug is it?`;
    const alike = !differingStage(result.wrong_output, result.guessed).flat().includes(true);
    return alike ? `Not “${state.guess}”, though it gives the same numbers here: change the sizes until the two part.`
      : `Not “${state.guess}”: it would give other numbers, shown as your guess.`;
  }
  const name = `${state.mode === "diagnose" ? "Yes, bug" : "Bug"} ${numberOf(state.bug, state.limits) + 1} of ${bugs.length}, “${state.bug}”`;
  if (result.first < 0) return `${name}: nothing differs here, for ${hiding(state)}.`;
  const first = stages[result.first], where = `${result.differ[result.first]} of ${size(result[`wrong_${first}`])} ${first === "output" ? "numbers of the output" : stageName(first)}`;
  if (output === 0) return `${name}: ${where} differ, but nothing in the output: ${hiding(state)}.`;
  return `${name}: ${first === "output" ? `${where} differ` : `the first to differ are ${where}, in the end ${of} do`}. ${capital(catches(state, result))}.`;
}

/** An assertion in full, with what its names are. */
export function explained(name, { assertions, helpers }) {
  const line = assertions[name], used = Object.keys(helpers).filter((word) => new RegExp(`\\b${word}\\b`).test(line.replaceAll(`${word}=`, "")));
  return { line: `assert ${line}`, names: used.map((word) => `${word}: ${helpers[word]}`).join("; ") };
}

/** What the table comes to: how many bugs the usual assertions catch together, and all of them. */
export function summary({ limits }, { caught, quiet }) {
  const { usual, bugs } = limits;
  const by = (rows) => bugs.filter((_, n) => rows.some((row) => row[n] === CAUGHT)).length;
  const refused = Object.keys(limits.assertions).filter((_, n) => caught[n][0] === REFUSED);
  const hidden = quiet.filter(Boolean).length;
  return `The usual ${usual} catch ${by(caught.slice(0, usual))} of ${bugs.length} bugs together, all ${caught.length} catch ${by(caught)}. `
    + `In this situation ${hidden} of ${bugs.length} change no number of the output.`
    + (refused.length ? ` The right layer fails ${listed(refused.map((name) => `“${name}”`))} here.` : "");
}

/** The Python call that makes a bench in this state. */
export function toPython(state) {
  const names = ["bug", "q_len", "kv_len", "n_heads", "d_k", "d_v", "mask", "dropout", "numbers", "seed", "mode", "guess", "stage", "head", "assertion"];
  return `BugBench(${names.map((name) => `${name}=${python(state[name])}`).join(", ")})`;
}
