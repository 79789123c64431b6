// One meeting: who is there, what is said in which language, whose translation is spoken.

import { Connection } from "../static/connection.js";

const { LivekitClient } = globalThis;

const SET_LANGUAGE = "set_language";
const CLONE_VOICE = "clone_voice";
const AGAIN_MS = [300, 1000, 3000]; // an agent may be there before it answers

const NOTICE = ({ text }) => typeof text === "string";
const CLONE = ({ state, text }) => [state, text].every((part) => typeof part === "string");
const COST = ({ engines }) => Array.isArray(engines);
const VOICE = ({ speaker, language, segment, playing }) =>
  [speaker, language, segment].every((part) => typeof part === "string")
  && typeof playing === "boolean";

/**
 * Its handlers, beside those of a connection: here(person), gone(person), muted(person),
 * sound(track, person, name), silence(track, person), caption(caption), voice(json), notice(json), cost(json),
 * agent(present), mode(name), recorded(what), untold(), cloning(offered), clone(json): somebody may be heard in their
 * own voice, and what becomes of that. An agent's track has the name of its language. A caption is
 * {speaker, segment, of, kind, language, text, final, untranslated, order}.
 */
export class Meeting extends Connection {
  known = new Map(); // who is or was here, by identity
  received = 0;

  /** Tell each agent these languages, {speaks, hears}, now and when another one comes. */
  say(languages) {
    this.languages = languages;
    for (const agent of this.agents()) this.tell(agent.identity, languages);
  }

  async tell(destinationIdentity, languages) {
    const payload = JSON.stringify(languages);
    for (const pause of [...AGAIN_MS, 0]) {
      try {
        await this.room.localParticipant.performRpc({
          destinationIdentity, method: SET_LANGUAGE, payload,
        });
        return;
      } catch {
        await new Promise((wake) => setTimeout(wake, pause));
      }
      if (languages !== this.languages || !this.isAgent(destinationIdentity)) return;
    }
    this.on.untold();
  }

  /** Ask for one's own voice ({ask: true}), take it back ({ask: false}), or how it stands ({}). */
  async cloneVoice(asked) {
    const answer = await this.room.localParticipant.performRpc({
      destinationIdentity: this.cloner()?.identity ?? "",
      method: CLONE_VOICE,
      payload: JSON.stringify(asked),
    });
    return JSON.parse(answer);
  }

  cloner() {
    return this.agents().find((agent) => agent.attributes["rejoinder.cloning"] === "ask");
  }

  /** What is kept of the meeting: "audio", "events" (words and times), or nothing. */
  recorded() {
    const kept = this.agents().map((agent) => agent.attributes["rejoinder.recorded"] ?? "");
    return kept.includes("audio") ? "audio" : kept.find(Boolean) ?? "";
  }

  async connect(url, token, microphone) {
    await super.connect(url, token, null);
    this.arrived(this.room.localParticipant);
    if (microphone) await this.publish(microphone);
  }

  arrived(person) {
    this.known.set(person.identity, person);
    if (!person.isAgent) return this.on.here(person);
    this.on.agent(true);
    this.attributes(person, person.attributes);
    if (this.languages) this.tell(person.identity, this.languages);
  }

  attributes(person, changed) {
    const mode = changed["rejoinder.mode"];
    if (person.isAgent && mode) this.on.mode(mode);
    if (person.isAgent && "rejoinder.recorded" in changed) this.on.recorded(this.recorded());
    if (person.isAgent && "rejoinder.cloning" in changed) this.on.cloning(Boolean(this.cloner()));
  }

  listen() {
    super.listen();
    const { RoomEvent } = LivekitClient;
    const { room, on } = this;
    const muted = (publication, person) => on.muted(person);
    room.registerTextStreamHandler("lk.transcription", (reader, { identity }) =>
      this.caption(reader, identity));
    this.agentTells("notice", NOTICE, on.notice);
    this.agentTells("voice", VOICE, on.voice);
    this.agentTells("clone", CLONE, on.clone);
    this.agentTells("cost", COST, on.cost);
    room
      .on(RoomEvent.ParticipantDisconnected, (person) => {
        if (!person.isAgent) return on.gone(person);
        on.cloning(Boolean(this.cloner()));
        on.recorded(this.recorded());
        if (!this.hasAgent()) on.agent(false);
      })
      .on(RoomEvent.ParticipantAttributesChanged, (changed, person) => this.attributes(person, changed))
      .on(RoomEvent.TrackSubscribed, (track, publication, person) => {
        if (track.kind === "audio") on.sound(track, person, publication.trackName);
      })
      .on(RoomEvent.TrackUnsubscribed, (track, publication, person) => {
        if (track.kind === "audio") on.silence(track, person);
      })
      .on(RoomEvent.TrackMuted, muted)
      .on(RoomEvent.TrackUnmuted, muted)
      .on(RoomEvent.TrackPublished, muted)
      .on(RoomEvent.TrackUnpublished, muted)
      .on(RoomEvent.LocalTrackPublished, muted)
      .on(RoomEvent.LocalTrackUnpublished, muted)
      // To the agent somebody who connects anew is somebody new.
      .on(RoomEvent.Reconnected, () => {
        if (this.languages) this.say(this.languages);
        on.cloning(Boolean(this.cloner()));
      });
  }

  async caption(reader, speaker) {
    const order = (this.received += 1); // streams of one segment may be read through in another
    const text = await reader.readAll().catch(() => null);
    const told = reader.info.attributes ?? {};
    if (text === null || !this.mayBe(speaker, told["lk.transcribed_track_id"])) return;
    this.on.caption({
      speaker,
      segment: told["lk.segment_id"] ?? reader.info.id,
      of: told["rejoinder.caption_of"] ?? "",
      kind: told["rejoinder.caption"] === "translation" ? "translation" : "original",
      language: told["rejoinder.language"] ?? "",
      text: text.trim(),
      final: told["lk.transcription_final"] === "true",
      untranslated: told["rejoinder.untranslated"] === "true",
      order,
    });
  }

  /**
   * Whether a caption may be of who it is said to be. The server puts each sender's own identity
   * on what they send, and lets an agent alone send in another's name: a person can make up what
   * they themselves say, and that only where there is an agent that could have written it.
   */
  mayBe(speaker, sid) {
    if (!this.hasAgent() || !this.known.has(speaker)) return false;
    const owner = [...this.known.values()].find((person) => person.trackPublications.has(sid));
    return owner === undefined || owner.identity === speaker;
  }
}
