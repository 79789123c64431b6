// One call: what the agent and the caller say to each other, and what the agent reports.

import { Connection } from "./connection.js";
import { REFUSED } from "./strings.js";

const { LivekitClient } = globalThis;

// What the agent reports, by topic, and what a report must hold to be shown.
const MESSAGES = {
  turn: ({ stages }) => Array.isArray(stages),
  notice: ({ text }) => typeof text === "string",
  source: ({ title, path, sources }) =>
    typeof title === "string" || typeof path === "string" || Array.isArray(sources),
  tool: ({ name, state }) => typeof name === "string" && typeof state === "string",
  cost: ({ engines }) => Array.isArray(engines),
};
const OWN_CODES = 1000; // LiveKit's errors of remote calls have codes from here on

/** Why an `ask` failed, for people. */
export function refusal({ code, message }) {
  return code < OWN_CODES ? message : REFUSED[code] ?? REFUSED.other;
}

/**
 * Its handlers, beside those of a connection: caption(id, who, text, final), turn(json),
 * notice(json), source(json), tool(json), cost(json), agentTrack(mediaStreamTrack | null),
 * agent(present), agentState(name), attributes(map).
 */
export class Call extends Connection {
  send(text) {
    return this.room.localParticipant.sendText(text, { topic: "lk.chat" });
  }

  /** Send a picture to the agents alone, whole. */
  show(file) {
    const destinationIdentities = this.agents().map((agent) => agent.identity);
    const options = { topic: "images", mimeType: file.type, destinationIdentities };
    return this.room.localParticipant.sendFile(file, options);
  }

  /** Have the agent do something; gives its answer, a JSON object. Rejects: see `refusal`. */
  async ask(method, wish = {}) {
    // One that has died may still be listed: the newest is alive.
    const destinationIdentity = this.agents().at(-1)?.identity ?? "";
    const payload = JSON.stringify(wish);
    const answer = await this.room.localParticipant.performRpc({ destinationIdentity, method, payload });
    return JSON.parse(answer || "{}") ?? {};
  }

  listen() {
    super.listen();
    const { RoomEvent } = LivekitClient;
    const { room, on } = this;
    room.registerTextStreamHandler("lk.transcription", (reader, from) => this.caption(reader, from));
    room.registerTextStreamHandler("lk.chat", (reader, from) => this.text(reader, from));
    for (const [topic, sound] of Object.entries(MESSAGES)) this.agentTells(topic, sound, on[topic]);
    room
      .on(RoomEvent.ParticipantDisconnected, (person) => {
        if (person.isAgent && !this.hasAgent()) on.agent(false);
      })
      .on(RoomEvent.ParticipantAttributesChanged, (changed, person) => {
        if (person.isAgent) this.attributes(person.attributes, changed);
      })
      .on(RoomEvent.TrackSubscribed, (track, publication, person) => {
        if (track.kind !== "audio" || !person.isAgent) return;
        this.agentTrack = track;
        on.agentTrack(track.mediaStreamTrack);
      })
      .on(RoomEvent.TrackUnsubscribed, (track) => {
        // A dead agent goes when another one has taken its place already.
        if (track === this.agentTrack) on.agentTrack(null);
      });
  }

  arrived(person) {
    if (!person.isAgent) return;
    this.on.agent(true);
    this.attributes(person.attributes, person.attributes);
  }

  attributes(all, changed) {
    this.on.attributes(all);
    if (changed["lk.agent.state"]) this.on.agentState(changed["lk.agent.state"]);
  }

  /**
   * Whose words a caption is, or null: anybody in the room can send text. The sender's identity
   * comes from the server; only an agent may send in another's name, and does for the caller.
   */
  speaker(identity) {
    if (identity === this.room.localParticipant.identity) return "you";
    return this.isAgent(identity) ? "agent" : null;
  }

  /** What the agent writes in the chat: an address, a number. */
  async text(reader, { identity }) {
    const text = await reader.readAll().catch(() => "");
    if (text && this.isAgent(identity)) this.on.caption(`chat ${reader.info.id}`, "agent", text, true);
  }

  /** The caller's captions come whole, one stream per update; the agent's piece by piece. */
  async caption(reader, { identity }) {
    const id = `${identity} ${reader.info.attributes["lk.segment_id"] ?? reader.info.id}`;
    const show = (text, last) => {
      const who = this.speaker(identity);
      const final = reader.info.attributes["lk.transcription_final"] === "true";
      if (who === "agent") this.on.caption(id, who, text, last);
      else if (who && last) this.on.caption(id, who, text, final);
    };
    let text = "";
    try {
      for await (const piece of reader) {
        text += piece;
        show(text, false);
      }
    } catch {
      // The speaker left in the middle of it: what has come stays.
    }
    show(text, true);
  }
}
