// One visit to a LiveKit room: the microphone, the sounds, how the connection fares. Of the page's
// elements it knows only the one that holds the sounds.

const { LivekitClient } = globalThis;

LivekitClient?.setLogLevel("error"); // its lower levels name rooms and people

export const libraryLoaded = () => LivekitClient !== undefined;

const ROOM_OPTIONS = {
  disconnectOnPageLeave: false, // the page does, after it has kept what a reload needs
  publishDefaults: { preConnectBuffer: false, dtx: true, red: true },
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

/** Pages have one of their own each, which adds what is said in their rooms to `listen`. */
export class Connection {
  /**
   * `on` are the page's handlers, of these and of its own events: playback(allowed),
   * reconnecting(), reconnected(), ended(reason | null), microphoneLost(), devices().
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

  /** Somebody is there: told of each once, of those who were there first as of those who come. */
  arrived() {}

  async publish(microphone) {
    await this.room.localParticipant.publishTrack(microphone);
    this.mic = microphone;
    microphone.on(LivekitClient.TrackEvent.Ended, () => {
      if (this.mic === microphone) this.on.microphoneLost();
    });
  }

  /** Take a microphone that was lost or refused out of the room. */
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

  allowSound() {
    return this.room.startAudio();
  }

  agents() {
    return [...this.room.remoteParticipants.values()].filter((p) => p.isAgent);
  }

  hasAgent() {
    return this.agents().length > 0;
  }

  isAgent(identity) {
    return this.room.remoteParticipants.get(identity)?.isAgent ?? false;
  }

  async leave() {
    this.mic?.stop();
    await this.room.disconnect();
  }

  listen() {
    const { RoomEvent, DisconnectReason } = LivekitClient;
    const { room, on } = this;
    room
      .on(RoomEvent.ParticipantConnected, (person) => this.arrived(person))
      .on(RoomEvent.TrackSubscribed, (track, publication, person) => {
        if (track.kind !== "audio") return;
        const element = track.attach();
        element.dataset.of = person.identity;
        document.getElementById("sounds").append(element);
      })
      .on(RoomEvent.TrackUnsubscribed, (track) => {
        for (const element of track.detach()) element.remove();
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

  /**
   * Give `run` each JSON message on `rejoinder.<topic>` that is `sound` and an agent's: anybody in
   * the room can send text, and the sender's identity comes from the server.
   */
  agentTells(topic, sound, run) {
    this.room.registerTextStreamHandler(`rejoinder.${topic}`, async (reader, { identity }) => {
      const message = parse(await reader.readAll().catch(() => "null"));
      if (message && sound(message) && this.isAgent(identity)) run(message);
    });
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
