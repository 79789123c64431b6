// One call: the LiveKit room behind the page. Knows nothing of the page's elements.

const { LivekitClient } = globalThis;

LivekitClient?.setLogLevel("error"); // its lower levels name rooms and callers

export const libraryLoaded = () => LivekitClient !== undefined;

const ROOM_OPTIONS = {
  disconnectOnPageLeave: false, // the page does, after it has kept what a reload needs
  publishDefaults: { preConnectBuffer: false, dtx: true, red: true },
};
// Attributes that change all the time and are nothing to the page.
const SILENT = ["rejoinder.beat", "rejoinder.history"];
// What the agent reports, by topic, and what a report must hold to be shown.
const MESSAGES = {
  turn: ({ stages }) => Array.isArray(stages),
  notice: ({ text }) => typeof text === "string",
  source: ({ title, path }) => typeof title === "string" || typeof path === "string",
  cost: ({ engines }) => Array.isArray(engines),
};
const CAPTURE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

/** Open the microphone; rejects with the browser's own DOMException. */
export function openMicrophone(deviceId) {
  return LivekitClient.createLocalAudioTrack({ ...CAPTURE, deviceId });
}

/** Microphones to choose from, without the browser's aliases of the default one. */
export async function microphones() {
  const devices = await LivekitClient.Room.getLocalDevices("audioinput", false);
  return devices.filter((d) => d.deviceId && d.deviceId !== "default" && d.deviceId !== "communications");
}

/** Why a connection failed: "media", "livekit" or "refused". */
export function connectFault(error) {
  const { ConnectionErrorReason } = LivekitClient;
  if (error?.reason === ConnectionErrorReason?.NotAllowed) return "refused";
  const media = /could not establish (pc|publisher|subscriber)/i;
  return media.test(error?.message ?? "") ? "media" : "livekit";
}

export class Call {
  /**
   * `on` are the page's handlers: caption(id, who, text, final), turn(json), notice(json),
   * source(json), cost(json), agentTrack(mediaStreamTrack | null), agent(present), agentState(name),
   * attributes(map), playback(allowed), reconnecting(), reconnected(), ended(reason | null),
   * microphoneLost(), devices().
   */
  constructor(on) {
    this.on = on;
    this.room = new LivekitClient.Room(ROOM_OPTIONS);
    this.mic = null;
    this.listen();
  }

  async connect(url, token, microphone) {
    await this.room.connect(url, token);
    for (const person of this.room.remoteParticipants.values()) this.arrived(person);
    if (microphone) await this.publish(microphone);
  }

  async publish(microphone) {
    await this.room.localParticipant.publishTrack(microphone);
    this.mic = microphone;
    microphone.on(LivekitClient.TrackEvent.Ended, () => {
      if (this.mic === microphone) this.on.microphoneLost();
    });
  }

  /** Take a microphone that was lost or refused out of the call. */
  async unpublish() {
    const { mic } = this;
    this.mic = null;
    if (mic) await this.room.localParticipant.unpublishTrack(mic, true);
  }

  async mute(muted) {
    await (muted ? this.mic?.mute() : this.mic?.unmute());
  }

  choose(deviceId) {
    return this.room.switchActiveDevice("audioinput", deviceId);
  }

  send(text) {
    return this.room.localParticipant.sendText(text, { topic: "lk.chat" });
  }

  allowSound() {
    return this.room.startAudio();
  }

  hasAgent() {
    return [...this.room.remoteParticipants.values()].some((p) => p.isAgent);
  }

  async leave() {
    this.mic?.stop();
    await this.room.disconnect();
  }

  listen() {
    const { RoomEvent, DisconnectReason } = LivekitClient;
    const { room, on } = this;
    room.registerTextStreamHandler("lk.transcription", (reader, from) => this.caption(reader, from));
    for (const [topic, sound] of Object.entries(MESSAGES)) {
      room.registerTextStreamHandler(`rejoinder.${topic}`, async (reader, { identity }) => {
        const message = parse(await reader.readAll().catch(() => "null"));
        if (message && sound(message) && this.speaker(identity) === "agent") on[topic](message);
      });
    }
    room
      .on(RoomEvent.ParticipantConnected, (person) => this.arrived(person))
      .on(RoomEvent.ParticipantDisconnected, (person) => {
        if (person.isAgent && !this.hasAgent()) on.agent(false);
      })
      .on(RoomEvent.ParticipantAttributesChanged, (changed, person) => {
        const told = Object.keys(changed).some((name) => !SILENT.includes(name));
        if (person.isAgent && told) this.attributes(person.attributes, changed);
      })
      .on(RoomEvent.TrackSubscribed, (track, publication, person) => {
        if (track.kind !== "audio") return;
        document.getElementById("sounds").append(track.attach());
        if (!person.isAgent) return;
        this.agentTrack = track;
        on.agentTrack(track.mediaStreamTrack);
      })
      .on(RoomEvent.TrackUnsubscribed, (track, publication, person) => {
        for (const element of track.detach()) element.remove();
        // A dead agent goes when another one has taken its place already.
        if (track === this.agentTrack) on.agentTrack(null);
      })
      .on(RoomEvent.AudioPlaybackStatusChanged, () => on.playback(room.canPlaybackAudio))
      .on(RoomEvent.MediaDevicesChanged, () => on.devices())
      .on(RoomEvent.Reconnecting, () => on.reconnecting())
      .on(RoomEvent.SignalReconnecting, () => on.reconnecting())
      .on(RoomEvent.Reconnected, () => on.reconnected())
      .on(RoomEvent.Disconnected, (reason) => {
        const own = reason === undefined || reason === DisconnectReason.CLIENT_INITIATED;
        on.ended(own ? null : DisconnectReason[reason] ?? "other");
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
    return this.room.remoteParticipants.get(identity)?.isAgent ? "agent" : null;
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

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    console.warn("the agent sent something that is not JSON");
    return null;
  }
}
