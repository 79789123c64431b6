// What the page shows of the meeting as a whole: its phase, state and mode, and where things are.

import { $ } from "../static/elements.js";
import { JOIN, ORIGINALS, RECORDED, STATE } from "./strings.js";

const narrow = matchMedia("(max-width: 859px)");
const body = document.body.dataset;

/** phase: lobby, joining, meeting, left */
export function showPhase(phase) {
  body.phase = phase;
  const before = phase === "lobby" || phase === "joining";
  $("lobby").hidden = !before;
  $("meeting").hidden = before;
  $("join").textContent = JOIN[phase] ?? JOIN.lobby;
  for (const control of [$("name"), $("languages")]) control.disabled = phase === "joining";
  for (const id of ["invite", "leave", "mute"]) $(id).hidden = phase !== "meeting";
  $("rejoin").hidden = phase !== "left";
  $("options").hidden = phase === "left";
  // What a person chooses before they join they can change afterwards.
  $(before ? "lobby-languages" : "options-languages").append($("languages"));
}

export function showState(state, words = STATE[state]) {
  body.state = state;
  $("state").textContent = words;
  $("joining-state").textContent = body.phase === "joining" ? words : "";
}

/** mode: captions or interpret */
export function showMode(mode) {
  $("originals-field").hidden = mode !== "interpret";
}

/** kept: audio, events or nothing */
export function showRecorded(kept) {
  $("recorded").textContent = RECORDED[kept] ?? "";
}

export function showMicrophone(there) {
  body.microphone = there ? "on" : "off";
}

export function showMuted(muted) {
  $("mute").setAttribute("aria-pressed", String(muted));
}

/** Fill the choice of how loud the originals are. */
export function fillOriginals(level) {
  const options = Object.entries(ORIGINALS).map(([value, name]) => new Option(name, value));
  $("originals").replaceChildren(...options);
  $("originals").value = level;
}

// On a phone the transcript has the screen, until somebody wants something else.
function placeOptions() {
  $("options").open = !narrow.matches;
  (narrow.matches ? $("options") : document.querySelector(".controls")).append($("chooser"));
}

narrow.addEventListener("change", placeOptions);
placeOptions();

$("saving").addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  $("saving").open = false;
  $("saving").querySelector("summary").focus();
});
addEventListener("click", ({ target }) => {
  if (!$("saving").contains(target)) $("saving").open = false;
});
