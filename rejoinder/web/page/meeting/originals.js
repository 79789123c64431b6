// How loud people's own voices are while their translation is spoken.

import { same } from "./languages.js";

export const VOLUME = { off: 0, low: 0.15, full: 1 };

const BACK_MS = 800; // after the translation's end
const RAMP_MS = 160;
const STEP_MS = 20;
const IGNORED = 0.5; // a volume that is off by so much was not taken

/** Playing tracks are LiveKit's RemoteAudioTrack. */
export class Originals {
  /** `told` is given (speaker, language | null) when somebody's translation begins and ends. */
  constructor(told) {
    this.told = told;
    this.level = "low";
    this.voices = new Map(); // playing tracks of agents → their language
    this.faders = new Map(); // playing tracks of people → {speaker, fader}
    this.spoken = new Map(); // speaker → Map(segment → language)
    this.returning = new Map(); // speaker → timer
  }

  setLevel(level) {
    this.level = level;
    this.apply();
  }

  addVoice(track, language) {
    this.voices.set(track, language);
    this.apply();
  }

  addOriginal(track, speaker) {
    this.faders.set(track, { speaker, fader: new Fader(track, this.volumeOf(speaker)) });
  }

  remove(track) {
    this.faders.get(track)?.fader.close();
    this.faders.delete(track);
    if (!this.voices.has(track)) return;
    const language = this.voices.get(track);
    // Its agent may be dead: it says no more that what it spoke is over.
    for (const [speaker, segments] of [...this.spoken]) {
      for (const [segment, spokenIn] of [...segments]) {
        if (same(spokenIn, language)) this.ends(speaker, segment);
      }
    }
    this.voices.delete(track);
    this.apply();
  }

  /** A message of the agent on `rejoinder.voice`. */
  voice({ speaker, segment, language, playing }) {
    if (!playing) return this.ends(speaker, segment);
    clearTimeout(this.returning.get(speaker));
    this.returning.delete(speaker);
    if (!this.spoken.has(speaker)) this.spoken.set(speaker, new Map());
    this.spoken.get(speaker).set(segment, language);
    this.told(speaker, language);
    this.apply();
  }

  ends(speaker, segment) {
    const segments = this.spoken.get(speaker);
    const lowered = this.isHeard(speaker);
    if (!segments?.delete(segment) || segments.size) return;
    this.spoken.delete(speaker);
    this.told(speaker, null);
    if (!lowered) return;
    this.returning.set(speaker, setTimeout(() => {
      this.returning.delete(speaker);
      this.apply();
    }, BACK_MS));
  }

  clear() {
    for (const timer of this.returning.values()) clearTimeout(timer);
    for (const { fader } of this.faders.values()) fader.close();
    for (const speaker of this.spoken.keys()) this.told(speaker, null);
    for (const map of [this.voices, this.faders, this.spoken, this.returning]) map.clear();
  }

  apply() {
    for (const { speaker, fader } of this.faders.values()) fader.to(this.volumeOf(speaker));
  }

  volumeOf(speaker) {
    const lowered = this.returning.has(speaker) || this.isHeard(speaker);
    return lowered ? VOLUME[this.level] : VOLUME.full;
  }

  /** Whether their translation is spoken on a track that is played here. */
  isHeard(speaker) {
    const languages = [...(this.spoken.get(speaker)?.values() ?? [])];
    const heard = [...this.voices.values()];
    return languages.some((language) => heard.some((other) => same(language, other)));
  }
}

class Fader {
  constructor(track, volume) {
    this.track = track;
    this.target = volume;
    this.set(volume);
  }

  to(volume) {
    if (volume === this.target) return;
    this.target = volume;
    clearInterval(this.timer);
    const step = ((volume - this.volume) * STEP_MS) / RAMP_MS;
    this.timer = setInterval(() => {
      const near = Math.abs(volume - this.volume) <= Math.abs(step);
      this.set(near ? volume : this.volume + step);
      if (near) clearInterval(this.timer);
    }, STEP_MS);
  }

  set(volume) {
    this.volume = volume;
    this.track.setVolume(volume);
    for (const element of this.track.attachedElements) {
      // Browsers of iOS keep every element at full volume: what is to be low is silent there.
      element.muted = element.volume > volume + IGNORED;
    }
  }

  close() {
    clearInterval(this.timer);
  }
}
