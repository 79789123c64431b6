// Who is here: name, loudness, microphone, whether their translation is being spoken.

import { eachFrame } from "../static/frames.js";
import { Listener } from "../static/levels.js";
import { nameOf } from "./languages.js";
import { PERSON } from "./strings.js";

const COLOURS = 8; // of speakers, in people.css
const EASE = 0.58;
const SPEAKS = 0.3; // level above which a voice is taken to be speaking

export class People {
  constructor(list) {
    this.list = list;
    this.known = new Map(); // identity → {name, label, colour, item, listener, level}
    this.counts = new Map(); // name → how many have had it
    this.context = null;
    eachFrame(() => this.draw());
  }

  /** To be called in a click: browsers let no page use sound before one. */
  wakeSound() {
    this.context ??= new AudioContext();
    this.context.resume();
  }

  /** A participant is here. Whoever takes a name that was taken gets a number to it. */
  add(participant) {
    const entry = this.entryOf(participant);
    if (entry.item) return;
    entry.item = build(entry);
    if (participant.isLocal) this.list.prepend(entry.item);
    else this.list.append(entry.item);
    this.muted(participant);
  }

  remove({ identity }) {
    const entry = this.known.get(identity);
    if (!entry) return;
    this.hear(identity, null);
    entry.item?.remove();
    entry.item = null;
  }

  clear() {
    for (const identity of this.known.keys()) this.remove({ identity });
  }

  /** {name, label, colour, own} of who is or was here. */
  of(identity) {
    return this.known.get(identity) ?? { name: PERSON.agent, label: PERSON.agent, colour: "agent" };
  }

  /** Follow a person's MediaStreamTrack; null ends it. */
  hear(identity, track) {
    const entry = this.known.get(identity);
    if (!entry) return;
    entry.listener?.close();
    entry.listener = track && this.context ? new Listener(this.context, track) : null;
  }

  muted(participant) {
    const { item } = this.known.get(participant.identity) ?? {};
    if (item) item.querySelector(".muted").hidden = participant.isMicrophoneEnabled;
  }

  /** Their translation is being spoken in this language; null: no longer. */
  translation(identity, language) {
    const mark = this.known.get(identity)?.item?.querySelector(".interpreted");
    if (!mark) return;
    mark.hidden = language === null;
    mark.querySelector("span").textContent = language && PERSON.interpreted(nameOf(language));
  }

  /** What is known of oneself alone. */
  languages({ speaks, hears }) {
    const own = [...this.known.values()].find((entry) => entry.own);
    const line = own?.item?.querySelector(".languages");
    if (!line) return;
    line.textContent = PERSON.languages(
      speaks ? nameOf(speaks) : PERSON.findsOut,
      hears ? nameOf(hears) : PERSON.original,
    );
  }

  entryOf({ identity, name, isLocal }) {
    if (!this.known.has(identity)) {
      const given = name || PERSON.guest;
      const count = (this.counts.get(given) ?? 0) + 1;
      this.counts.set(given, count);
      const own = Boolean(isLocal);
      const numbered = count > 1 ? PERSON.again(given, count) : given;
      const label = own ? PERSON.you(numbered) : numbered;
      const colour = String(this.known.size % COLOURS);
      this.known.set(identity, { name: numbered, label, colour, own, item: null, level: 0 });
    }
    return this.known.get(identity);
  }

  draw() {
    for (const entry of this.known.values()) {
      if (!entry.item) continue;
      const silent = !entry.item.querySelector(".muted").hidden;
      const level = silent ? 0 : entry.listener?.level ?? 0;
      entry.level += (level - entry.level) * EASE;
      entry.item.dataset.level = entry.level.toFixed(3);
      entry.item.classList.toggle("speaks", entry.level > SPEAKS);
      entry.item.querySelector("i").style.transform = `scaleX(${entry.level.toFixed(3)})`;
    }
  }
}

function build({ label, colour }) {
  const item = document.getElementById("person").content.firstElementChild.cloneNode(true);
  item.dataset.colour = colour;
  item.querySelector(".initial").textContent = [...label][0].toUpperCase();
  item.querySelector(".name").textContent = label;
  item.querySelector(".muted span").textContent = PERSON.muted;
  return item;
}
