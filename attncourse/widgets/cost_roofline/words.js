// What the widget says of its state.

import { fixed, percent, python, superscript } from "../kit/words.js";
import { PARTS, QUANTITIES } from "./numbers.js";

export const power = (n) => (n >= 0 && n <= 2 ? String(10 ** n) : `10${superscript(n)}`);

export const grouped = (n) => Math.round(n).toLocaleString("en-US");

/** Three digits, whatever the size. */
export const three = (x) => (x >= 9999.5 ? `${three(x / 1000)} k` : x >= 999.5 ? grouped(x) : x >= 99.95 ? fixed(x, 0) : x >= 9.995 ? fixed(x, 1) : x >= 0.0095 ? fixed(x, 2) : "< 0.01");

const scaled = (steps) => (x) => {
  const [unit, size] = steps.find(([, from]) => x >= from * 0.9995) ?? steps.at(-1);
  return `${three(x / size)} ${unit}`;
};
export const amount = scaled([["Y", 1e24], ["Z", 1e21], ["E", 1e18], ["P", 1e15], ["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]]);
export const bytes = scaled([["EB", 1e18], ["PB", 1e15], ["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3], ["B", 1]]);
export const duration = scaled([["years", 31557600], ["days", 86400], ["h", 3600], ["min", 60], ["s", 1], ["ms", 1e-3], ["µs", 1e-6], ["ns", 1e-9]]);
export const WRITTEN = { operations: amount, bytes, seconds: duration };

export const WAYS = { plain: "plain", fused: "fused (FlashAttention)", window: "sliding window", linear: "linear", latent: "latent (MLA)" };

const texts = (n) => (n === 1 ? "a text" : `${grouped(n)} texts`);
const share = (x) => (x < 0.0005 ? "less than 0.1 %" : x < 0.0095 ? `${fixed(100 * x, 1)} %` : percent(x));

/** One sentence on the least time of a step, and what it is spent on. */
export function describe(s, found) {
  const spent = found.seconds.map((t) => t / found.total_seconds), most = spent.indexOf(Math.max(...spent));
  const doing = s.phase === "decode" ? `Writing one token for ${texts(s.batch)} of ${grouped(s.length)}` : `Reading ${texts(s.batch)} of ${grouped(s.length)} tokens`;
  return `${doing} takes at least ${duration(found.total_seconds)}, ${share(spent[most])} of it for ${PARTS[most]}. Arithmetic is busy ${share(found.busy)} of the time.`;
}

/** Where attention overtakes the rest, by the quantity that is shown. */
export function overtaken({ shown, mechanism, limits }, { crossing }) {
  const at = crossing[QUANTITIES.indexOf(shown)], what = { operations: "operations", bytes: "bytes", seconds: "least time" }[shown];
  if (at === null) return `In ${what}, attention (${mechanism}) stays below the rest of the blocks up to ${grouped(limits.lengths.at(-1))} tokens.`;
  return at === 1 ? `In ${what}, attention (${mechanism}) costs more than the rest of the blocks at any length.`
    : `In ${what}, attention (${mechanism}) overtakes the rest of the blocks at ${grouped(at)} tokens.`;
}

/** What is kept, against what the device can hold. */
export function held(s, found) {
  const kept = s.mechanism === "linear" ? "States" : "Cache";
  const room = found.filled > 1 ? `together ${three(found.filled)} times the memory: more than this device holds` : `together ${share(found.filled)} of the memory`;
  return `${kept} ${bytes(found.cache_bytes)}, weights that a token uses ${bytes(found.weight_bytes)}; ${room}, ${grouped(s.memory)} GB.`;
}

/** What a published model has that a state cannot say. */
export const caution = (model) => (model === "DeepSeek-V3"
  ? "DeepSeek-V3 keeps 257 experts a layer and a token uses nine. Only nine are counted here, as if all texts asked for the same ones: the true bound is higher, and memory has to hold all 257."
  : "");

const NAMES = ["length", "batch", "phase", "mechanism", "window", "d_model", "n_heads", "n_kv_heads", "d_k", "d_ff", "mlp_matrices", "n_layers", "n_vocab",
  "d_latent", "d_rope", "d_q_latent", "itemsize", "peak", "bandwidth", "memory", "shown"];

/** The Python call that makes a widget in this state. */
export const toPython = (state) => `CostRoofline(${NAMES.map((name) => `${name}=${python(state[name])}`).join(", ")})`;
