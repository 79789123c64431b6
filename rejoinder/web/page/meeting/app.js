// The meeting page: joins what a person does to the meeting, and the meeting to what is seen.

import { Cards } from "../static/cards.js";
import { costLine, showCost } from "../static/cost.js";
import { $, fillPage } from "../static/elements.js";
import * as endpoint from "../static/endpoint.js";
import { fillChooser } from "../static/microphone.js";
import { COST } from "../static/strings.js";
import { linkTo, roomOfAddress } from "./address.js";
import { Blocks } from "./blocks.js";
import { Choices } from "./choices.js";
import { setUpInviting } from "./inviting.js";
import { Originals } from "./originals.js";
import { OwnVoice } from "./own_voice.js";
import { People } from "./people.js";
import { setUpSaving } from "./saving.js";
import { Shown } from "./shown.js";
import { ACTION, PROBLEM, STATE, TEXT } from "./strings.js";
import { Transcript } from "./transcript.js";
import {
  fillOriginals, showMicrophone, showMode, showMuted, showPhase, showRecorded, showState,
} from "./view.js";
import { Visit } from "./visit.js";

const room = roomOfAddress();
const kept = new endpoint.KeptTicket(`rejoinder.meeting ${room}`);
let resume = kept.take();
let began = null; // when the room was first joined
let current = null; // the visit in progress

const now = () => (began === null ? 0 : performance.now() - began);
const cards = new Cards($("cards"));
const people = new People($("people"));
const originals = new Originals((speaker, language) => people.translation(speaker, language));
const transcript = new Transcript(now);
const blocks = new Blocks({
  list: $("transcript"), scroller: $("scroller"), announcer: $("announcer"), people,
});
const shown = new Shown({ select: $("shown"), heading: $("translations-heading") }, (tag) => {
  document.body.dataset.shown = tag;
  blocks.show(tag);
});
const ownVoice = new OwnVoice(
  {
    field: $("own-voice"), status: $("own-voice-state"), button: $("own-voice-button"), cards,
  },
  {
    ask: (wish) => current.meeting.cloneVoice(wish),
    told: (text) => blocks.notice("info", text),
  },
);
const choices = new Choices({ name: $("name"), speaks: $("speaks"), hears: $("hears") }, () => {
  useLanguages();
  current?.meeting?.say(choices.languages);
});

function useLanguages() {
  const { languages } = choices;
  if (languages.hears !== blocks.hears) {
    blocks.hears = languages.hears;
    shown.choose(languages.hears);
  }
  people.languages(languages);
}

// ---- joining and leaving -------------------------------------------------------------------

function join() {
  if (current) end(out());
  cards.clear();
  showPhase("joining");
  showMicrophone(false);
  people.wakeSound();
  const visit = new Visit({ cards, on: handlers(() => visit), again: join });
  current = visit;
  const wish = { room_name: room, participant_name: choices.name, ...(resume && { resume }) };
  visit.begin(wish, choices.languages);
}

/** End the visit, whatever stage it is in, and show `phase`. */
function end(phase) {
  const visit = current;
  current = null;
  visit?.end();
  originals.clear();
  ownVoice.offered(false);
  showRecorded("");
  people.clear();
  for (const clause of transcript.settle()) blocks.update(clause);
  showPhase(phase);
  showState(phase, STATE[phase] ?? "");
}

const out = () => (began === null ? "lobby" : "left");

/** End the visit with a card. */
function fail(problem) {
  end(out());
  cards.clear();
  const label = began === null ? ACTION.retry : ACTION.rejoin;
  cards.show("meeting", problem, [{ label, run: join }]);
}

// ---- what happens in the meeting -----------------------------------------------------------

function handlers(visit) {
  return {
    here: (person) => {
      people.add(person);
      if (person.isLocal) people.languages(choices.languages);
    },
    gone: (person) => people.remove(person),
    muted: (person) => people.muted(person),
    sound: (track, person, name) => {
      if (person.isAgent) return originals.addVoice(track, name);
      people.add(person);
      people.hear(person.identity, track.mediaStreamTrack);
      originals.addOriginal(track, person.identity);
    },
    silence: (track, person) => {
      originals.remove(track);
      people.hear(person.identity, null);
    },
    caption: (caption) => {
      const clause = transcript.take(caption);
      if (!clause) return;
      if (caption.kind === "translation") shown.seen(caption.language);
      blocks.update(clause);
      blocks.read(clause, caption);
    },
    voice: (message) => originals.voice(message),
    notice: ({ level, text }) => blocks.notice(level === "error" ? "error" : "info", text),
    cost: (cost) => showCost($("cost"), costLine(cost, COST.meeting)),
    cloning: (offered) => ownVoice.offered(offered),
    clone: (message) => ownVoice.message(message),
    mode: showMode,
    recorded: showRecorded,
    state: showState,
    joined: () => {
      began ??= performance.now();
      ({ resume } = visit());
      showPhase("meeting");
      $("scroller").focus();
      if (!visit().shared) cards.show("room", PROBLEM.ownRoom);
      useLanguages();
    },
    left: () => end(out()),
    failed: fail,
    microphone: (track) => {
      people.hear(visit().identity, track);
      showMicrophone(track !== null);
    },
    muting: showMuted,
    devices: (found, chosen) => fillChooser($("chooser"), found, chosen),
  };
}

// ---- what the person does ------------------------------------------------------------------

$("lobby").addEventListener("submit", (event) => {
  event.preventDefault();
  choices.keep();
  if (current) end(out());
  else join();
});

$("leave").addEventListener("click", () => {
  cards.clear();
  end("left");
  $("rejoin").focus();
});

$("rejoin").addEventListener("click", join);

$("mute").addEventListener("click", () => current?.mute());

$("microphones").addEventListener("change", async () => {
  const visit = current;
  const track = await visit?.choose($("microphones").value);
  if (track && visit === current) people.hear(visit.identity, track);
});

$("originals").addEventListener("change", () => originals.setLevel($("originals").value));

addEventListener("pagehide", () => {
  if (current?.connected) kept.keep(resume);
  if (current) end(out());
});

fillPage(TEXT);
fillOriginals(originals.level);
showMode("");
$("room").textContent = room;
setUpInviting(linkTo(room), () => current?.shared ?? true);
setUpSaving({ select: $("save-what"), buttons: $("save-formats") }, () => ({
  clauses: transcript.clauses,
  shown: shown.value,
  now: now(),
  nameOf: (speaker) => people.of(speaker).name,
  title: room,
}));
showPhase("lobby");
useLanguages();
if (!navigator.mediaDevices?.getUserMedia) cards.show("microphone", PROBLEM.insecure);
endpoint.config().then(({ mode }) => {
  if (mode !== "call") return;
  $("join").disabled = true;
  cards.show("mode", PROBLEM.calls);
}, () => {}); // what is wrong is said when somebody joins
