// The right layer beside the broken one, every bug under every assertion, and the link.
// tests/widgets hold all of it equal to NumPy.

import { choiceLink, links, wholeLink } from "../kit/links.js";
import { CAUGHT, MISSED, outcomes, REFUSED } from "./assertions.js";
import { BUGS } from "./bugs.js";
import { run, times, transposed } from "./layer.js";

const SIZES = ["q_len", "kv_len", "n_heads", "d_k", "d_v"];
const CASE = [...SIZES, "mask", "dropout", "numbers", "seed"];
const [QUERIES, KEYS, VALUES, KEEP, TARGET] = [1, 2, 3, 4, 5];

/** 32 bits that belong to a place, as in rows.py. */
function whole(seed, ...place) {
  return place.reduce((x, n) => {
    const y = Math.imul(x ^ n, 0x9E3779B1) >>> 0;
    return (y ^ (y >>> 15)) >>> 0;
  }, seed);
}
const tenth = (...place) => (((whole(...place) >>> 7) % 41) - 20) / 10;

function draw({ q_len: qLen, kv_len: kvLen, n_heads: nHeads, d_k: dK, d_v: dV, numbers, seed }) {
  const rows = (which, length, wide, by = 1) => times(length, (i) => times(nHeads * wide, (c) => (numbers === "ones" ? 1
    : by * tenth(seed, which, i, Math.floor(c / wide), c % wide))));
  const keep = times(nHeads, (h) => times(qLen, (i) => times(kvLen, (j) => Boolean((whole(seed, KEEP, h, i, j) >>> 16) & 1))));
  return { q: rows(QUERIES, qLen, dK, numbers === "large" ? 1000 : 1), k: rows(KEYS, kvLen, dK), v: rows(VALUES, kvLen, dV),
    keep, target: times(qLen, (i) => 3 + tenth(seed, TARGET, i)) };
}

const options = ({ mask, kv_len: kvLen }) => ({
  none: {}, causal: { causal: true }, window: { window: 3 }, padding: { causal: true, padding: Math.min(2, kvLen - 1) },
}[mask]);

/** Every stage with a bug; without one, of the right layer. */
export function stagesOf(state, bug) {
  const { q, k, v, keep } = draw(state);
  return run(BUGS[bug] ?? {}, q, k, v, state.n_heads, { ...options(state), keep: state.dropout === "on" ? keep : undefined });
}

/** Which numbers differ, in the shape of the wrong ones. */
export function differing(right, wrong) {
  if (Array.isArray(wrong)) return wrong.map((each, n) => differing(Array.isArray(right) ? right[n] : undefined, each));
  // −∞ is far from any number, also by the measure of its size.
  const near = Number.isFinite(right) && Math.abs(right - wrong) <= 1e-9 * Math.max(1, Math.abs(right));
  return !(near || right === wrong || (Number.isNaN(right) && Number.isNaN(wrong)));
}

const shapeOf = (x) => (Array.isArray(x) ? [x.length, ...shapeOf(x[0])] : []);

/** The same for stages: where the shape is another one, all of them differ. */
export const differingStage = (right, wrong) => differing(shapeOf(right).join() === shapeOf(wrong).join() ? right : undefined, wrong);

/** For each of some bugs, what each assertion says. */
function judge(state, bugs) {
  const rows = draw(state), mask = options(state), right = stagesOf(state, ""), past = state.kv_len - state.q_len;
  const { allowed } = run({}, rows.q, rows.k, rows.v, state.n_heads, mask);
  const own = times(state.q_len, (i) => [i, i + past]).filter(([i, p]) => p >= 0 && allowed[i][p]);
  const dropout = state.dropout === "on" ? { keep: rows.keep } : {};
  const outcomesOf = (bug) => {
    const attention = (q, k, v, how, nHeads = state.n_heads) => run(BUGS[bug] ?? {}, q, k, v, nHeads, how);
    const out = (...given) => attention(...given).output, { output, kept } = attention(rows.q, rows.k, rows.v, mask);
    return outcomes({ ...rows, mask, dropout, sizes: state, own, attention, out, output, weights: kept, allowed, reference: right.output,
      plain: () => out(rows.q, rows.k, rows.v) });
  };
  const sound = outcomesOf("");
  return bugs.map((bug) => outcomesOf(bug).map((passes, n) => (!sound[n] ? REFUSED : passes ? MISSED : CAUGHT)));
}

const quietOf = (state) => Object.keys(BUGS).map((bug) => !differingStage(stagesOf(state, "").output, stagesOf(state, bug).output).flat().includes(true));

// The whole table takes longer than a frame may, so it is made when it is asked for, and kept.
const made = new Map();
function remembered(make, state) {
  const key = make.name + JSON.stringify(CASE.map((name) => state[name]));
  if (made.size > 100) made.clear();
  if (!made.has(key)) made.set(key, make(state));
  return made.get(key);
}
const everyVerdict = (state) => transposed(judge(state, Object.keys(BUGS)));

/**
 * Every stage of both, how many numbers differ, what each assertion says of this bug (`verdicts`) and
 * of each (`caught`), and which bugs leave the output as it is (`quiet`).
 */
export function compute(state) {
  const right = stagesOf(state, ""), wrong = stagesOf(state, state.bug), { stages } = state.limits;
  const differ = stages.map((name) => differingStage(right[name], wrong[name]).flat(2).filter(Boolean).length);
  const both = stages.flatMap((name) => [[`right_${name}`, right[name]], [`wrong_${name}`, wrong[name]]]);
  return {
    differ, first: differ.findIndex(Boolean), verdicts: judge(state, [state.bug])[0], guessed: state.guess ? stagesOf(state, state.guess).output : [],
    get caught() { return remembered(everyVerdict, state); },
    get quiet() { return remembered(quietOf, state); },
    ...Object.fromEntries(both),
  };
}

/** Four bugs that one may take for another: the bug, and others whose output is wrong where it shows. */
export function candidates({ bug, limits: { bugs, start } }) {
  const names = bugs.map(({ name }) => name), at = names.indexOf(bug), state = { ...start, ...bugs[at].shows, seed: 1 };
  const quiet = remembered(quietOf, state);
  const others = names.map((_, n) => (at + 5 * (n + 1)) % names.length).filter((n) => n !== at && !quiet[n]);
  return [at, ...others.slice(0, 3)].sort((a, b) => a - b).map((n) => names[n]);
}

const bounds = (name) => wholeLink((state) => state.limits.sizes[name][0], (state) => state.limits.sizes[name][1]);
const oneOf = (known) => choiceLink(({ limits }) => known(limits));
const bugNames = ({ bugs }) => bugs.map(({ name }) => name);
// A link is of plain letters, and the names of bugs are not.
const named = (known) => ({ pack: encodeURIComponent, unpack: (x, state) => oneOf(known).unpack(decodeURIComponent(x), state) });

const link = links({
  bug: named(bugNames),
  ...Object.fromEntries(SIZES.map((name) => [name, bounds(name)])),
  mask: oneOf(({ masks }) => masks),
  dropout: choiceLink(["off", "on"]),
  numbers: oneOf(({ numbers }) => numbers),
  seed: wholeLink(({ limits }) => limits.seed[0], ({ limits }) => limits.seed[1]),
  mode: choiceLink(["look", "diagnose"]),
  guess: named((limits) => ["", ...bugNames(limits)]),
  stage: oneOf(({ stages }) => ["", ...stages]),
  head: wholeLink(0, ({ limits }) => limits.sizes.n_heads[1] - 1),
  assertion: oneOf(({ assertions }) => Object.keys(assertions)),
});
export const toLink = link.toLink;
export const fromLink = link.fromLink;
