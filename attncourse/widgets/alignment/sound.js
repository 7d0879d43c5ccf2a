// Plays a sound, or a stretch of it, and says where it is.

import { html } from "../kit/elements.js";
import { button } from "../kit/fields.js";
import { RATE, shownOf, waveOf } from "./numbers.js";
import { span } from "./words.js";

/** Two buttons and a slider of time, shown where there is sound; `mark` hears where the sound is, in seconds. */
export function player(view, mark) {
  let context = null, playing = null, now = null, result = null, drawing = 0, asked = 0;
  const whole = button({ class: "play", onclick: () => press("whole") }), part = button({ class: "play", onclick: () => press("part") });
  const time = html("input", { type: "range", min: 0, step: 1, "aria-label": "Frame", oninput: () => view.look("source", time.valueAsNumber) });
  const node = html("div", { class: "buttons sound", role: "group", "aria-label": "Sound" }, whole, part, html("label", { class: "setting" }, "Frame", time));

  function stop() {
    asked += 1;
    if (!playing) return;
    playing.node.onended = null;
    playing.node.stop();
    playing = null;
    cancelAnimationFrame(drawing);
    mark(-1);
    view.draw();
  }

  function follow() {
    if (!playing) return;
    const passed = context.currentTime - playing.since;
    mark(Math.min(playing.to, playing.from + Math.max(0, passed)));
    drawing = requestAnimationFrame(follow);
  }

  /** The stretch that the chosen digit looks at, or the chosen frame with its neighbours. */
  function stretch() {
    const { frame, n } = shownOf(now), [from, to] = now.side === "target" ? result.stretch[result.at] : [Math.max(0, result.at - 1), Math.min(n - 1, result.at + 1)];
    return [from * frame, (to + 1) * frame];
  }

  async function press(kind) {
    const before = playing?.kind;
    stop();
    if (before === kind) return;
    const mine = asked, one = shownOf(now), wave = waveOf(one.sound), long = wave.length / RATE;
    const [from, to] = kind === "whole" ? [0, long] : stretch().map((t) => Math.min(t, long));
    try {
      // A browser lets a page sound once its reader has pressed something.
      context ??= new AudioContext();
      await context.resume();
      if (mine !== asked) return; // pressed again meanwhile
      const sound = context.createBuffer(1, wave.length, RATE), source = context.createBufferSource();
      sound.copyToChannel(Float32Array.from(wave), 0);
      source.buffer = sound;
      source.connect(context.destination);
      source.onended = stop;
      source.start(0, from, Math.max(0.02, to - from));
      playing = { node: source, kind, one, from, to, since: context.currentTime };
    } catch {
      view.say("This browser does not play the sound.");
      return;
    }
    follow();
    view.draw();
  }

  return {
    node,
    draw(state, found) {
      now = state;
      result = found;
      const one = shownOf(state);
      if (playing && playing.one !== one) stop();
      node.hidden = !one.frame;
      if (!one.frame) return;
      const label = (kind, text) => (playing?.kind === kind ? "◼ Stop" : `▶ ${text}`);
      whole.textContent = label("whole", "Whole sound");
      const [from, to] = state.side === "target" ? found.stretch[found.at] : [Math.max(0, found.at - 1), Math.min(one.n - 1, found.at + 1)];
      part.textContent = label("part", state.side === "target" ? `What “${one.target[found.at]}” looks at` : "Around the frame");
      part.title = span(one, from, to);
      time.max = one.n - 1;
      const at = state.side === "source" ? found.at : Math.min(one.n - 1, Math.floor(found.middle[found.at] / one.frame));
      time.value = at;
      time.setAttribute("aria-valuetext", span(one, at, at));
    },
    stop() {
      stop();
      context?.close();
    },
  };
}
