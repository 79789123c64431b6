// What the page shows of the call: button, words, motion, meters, engines.

import { $ } from "./elements.js";
import { eachFrame } from "./frames.js";
import { Listener } from "./levels.js";
import { Ring } from "./ring.js";
import { ENGINES, HINT, STATE, TALK } from "./strings.js";

const METER_EASE = 0.58;
const narrow = matchMedia("(max-width: 859px)");

const RING_MODE = {
  microphone: "busy",
  connecting: "busy",
  waiting: "busy",
  initializing: "busy",
  reconnecting: "busy",
  listening: "listening",
  thinking: "thinking",
  speaking: "speaking",
  idle: "idle",
};

const body = document.body.dataset;
const sound = { context: null, mic: null, agent: null };
const ring = new Ring($("ring"), () => sound);

/** Both sides' Listeners, null while there is nothing to hear: {mic, agent}. */
export const heard = sound;

/** phase: idle, connecting, call, ended */
export function showPhase(phase) {
  body.phase = phase;
  const { label, name } = TALK[phase];
  $("talk-label").textContent = label;
  $("talk").setAttribute("aria-label", name);
  for (const control of [$("mute"), ...$("chat").elements]) control.disabled = phase !== "call";
  $("personas").disabled = phase !== "idle";
}

/** Words and motion; `hint` replaces the one that the state usually has. */
export function showState(state, hint = HINT[state] ?? "") {
  body.state = state;
  $("state").textContent = STATE[state];
  $("hint").textContent = hint;
  ring.show(RING_MODE[state] ?? "off");
}

export function showMicrophone(there) {
  body.microphone = there ? "on" : "off";
}

export function showMuted(muted) {
  $("mute").setAttribute("aria-pressed", String(muted));
  sound.muted = muted;
}

/** Engines by participant attribute; an empty map hides them. */
export function showEngines(attributes) {
  const known = Object.keys(ENGINES).filter((name) => attributes[name]);
  const pair = (name) => {
    const term = document.createElement("dt");
    term.textContent = ENGINES[name];
    const value = document.createElement("dd");
    value.textContent = attributes[name];
    return [term, value];
  };
  $("engines").replaceChildren(...known.flatMap(pair));
  $("engines").hidden = known.length === 0;
}

/** To be called in a click: browsers let no page make sound before one. */
export function wakeSound() {
  sound.context ??= new AudioContext();
  sound.context.resume();
}

/** Follow a side's MediaStreamTrack, "mic" or "agent"; null ends it. */
export function listenTo(side, track) {
  sound[side]?.close();
  sound[side] = track && sound.context ? new Listener(sound.context, track) : null;
}

function drawMeters() {
  for (const [id, listener] of [["level-you", sound.mic], ["level-agent", sound.agent]]) {
    const silent = !listener || (id === "level-you" && sound.muted);
    const bar = $(id);
    const shown = Number(bar.dataset.level ?? 0);
    bar.dataset.level = (shown + ((silent ? 0 : listener.level) - shown) * METER_EASE).toFixed(3);
    bar.style.transform = `scaleX(${bar.dataset.level})`;
  }
}

// On a phone the engines and what they cost scroll away with the captions.
function placeEngines() {
  const both = [$("engines"), $("cost")];
  if (narrow.matches) $("scroller").prepend(...both);
  else document.querySelector(".instruments").append(...both);
}

narrow.addEventListener("change", placeEngines);
placeEngines();
eachFrame(drawMeters);
