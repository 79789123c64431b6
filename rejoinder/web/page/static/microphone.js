// The microphone of one visit to a room: asked for, published, lost, chosen anew.

import { microphones, openMicrophone } from "./connection.js";
import { ACTION } from "./strings.js";

function problemOf(error, problems) {
  if (!navigator.mediaDevices?.getUserMedia) return problems.insecure;
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return problems.denied;
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") {
    return problems.noMicrophone;
  }
  return problems.busyMicrophone;
}

export class Microphone {
  /**
   * `problems` are the page's; `wanted` tells whether the visit goes on, `joined` is a promise of
   * being in the room; `on` are ready(track), gone(), devices(found, chosen).
   */
  constructor({ connection, cards, problems, wanted, joined, on }) {
    Object.assign(this, { connection, cards, problems, wanted, joined, on });
    this.track = null; // once it is published, or may be
  }

  /** The microphone's track, or null after a card has said why there is none. */
  async open() {
    try {
      const track = await openMicrophone();
      this.cards.drop("microphone");
      return track;
    } catch (error) {
      if (!this.wanted()) return null;
      this.problem(problemOf(error, this.problems), Boolean(navigator.mediaDevices));
      return null;
    }
  }

  /** It is published: show it, and what else there is to choose from. */
  use(track) {
    this.track = track;
    this.on.ready(track);
    this.devices();
  }

  async choose(deviceId) {
    try {
      await this.connection.choose(deviceId);
    } catch (error) {
      if (this.wanted()) this.problem(problemOf(error, this.problems), false);
    }
  }

  async devices() {
    const found = await microphones().catch(() => []);
    const chosen = this.connection.mic?.mediaStreamTrack.getSettings().deviceId;
    if (this.wanted()) this.on.devices(found, chosen);
  }

  lost() {
    this.connection.unpublish();
    this.on.gone();
    this.problem(this.problems.lostMicrophone, true);
  }

  problem(problem, again) {
    const actions = again ? [{ label: ACTION.microphone, run: () => this.retry() }] : [];
    this.cards.show("microphone", problem, actions);
  }

  async retry() {
    if (!this.wanted()) return;
    const track = await this.open();
    if (track) await this.joined;
    if (!track || !this.wanted()) return void track?.stop();
    try {
      await this.connection.unpublish();
      await this.connection.publish(track);
    } catch {
      track.stop();
      if (this.wanted()) this.cards.show("microphone", this.problems.media);
      return;
    }
    this.use(track);
  }
}

/** Fill a chooser of microphones, `devices` are MediaDeviceInfo; it is there for a choice. */
export function fillChooser(chooser, devices, chosen) {
  chooser.hidden = devices.length < 2;
  const options = devices.map((d) => new Option(d.label, d.deviceId, false, d.deviceId === chosen));
  chooser.querySelector("select").replaceChildren(...options);
}
