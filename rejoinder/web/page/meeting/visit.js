// One visit to the meeting: from asking for the microphone until the room is left or lost.

import { libraryLoaded } from "../static/connection.js";
import { connectionProblem, followDispatch, ticket as askTicket, tokenProblem } from "../static/joining.js";
import { Microphone } from "../static/microphone.js";
import { Meeting } from "./meeting.js";
import { ACTION, PROBLEM, STATE } from "./strings.js";

export class Visit {
  over = false;
  connected = false;
  dispatches = 1;
  mode = "";
  abort = new AbortController();

  /**
   * `on` are what happens in the meeting (`Meeting`: here, gone, muted, sound, silence, caption,
   * voice, notice, cost, mode, cloning, clone), and what becomes of the visit: state(name, words), joined(), left(),
   * failed(problem), microphone(mediaStreamTrack | null), muting(muted), devices(found, chosen).
   * `again` begins another visit.
   */
  constructor({ cards, on, again }) {
    Object.assign(this, { cards, on, again });
    this.joined = new Promise((resolve) => {
      this.resolveJoined = resolve; // also when the visit ends before
    });
  }

  /** Join as `wish` (`endpoint.token`) says, and tell the agent these languages. */
  async begin(wish, languages) {
    if (!libraryLoaded()) return this.on.failed(PROBLEM.library);
    this.on.state("microphone");
    this.meeting = new Meeting(this.handlers());
    this.meeting.say(languages);
    this.microphone = this.makeMicrophone();
    const [track, ticket] = await Promise.all([this.openMicrophone(), this.takeTicket(wish)]);
    if (this.over || !ticket) return void track?.stop();
    this.resume = ticket.resume;
    this.shared = ticket.room_name === wish.room_name;
    try {
      await this.meeting.connect(ticket.server_url, ticket.participant_token, track);
    } catch (error) {
      track?.stop();
      if (!this.over) this.on.failed(connectionProblem(error, ticket.server_url, PROBLEM));
      return;
    }
    if (this.over) return void this.meeting.leave();
    this.connected = true;
    this.resolveJoined();
    this.on.joined();
    if (track) this.microphone.use(track);
    this.tellState();
    this.awaitAgent();
  }

  end() {
    this.over = true;
    this.abort.abort();
    this.resolveJoined();
    this.microphone?.track?.stop();
    this.meeting?.leave().catch(() => {});
  }

  async mute() {
    if (!this.meeting.mic) return;
    this.muted = !this.muted;
    this.on.muting(this.muted);
    await this.meeting.mute(this.muted);
  }

  /** Take another microphone; gives its MediaStreamTrack. */
  async choose(deviceId) {
    if (!this.meeting.mic) return null;
    await this.microphone.choose(deviceId);
    return this.meeting.mic?.mediaStreamTrack ?? null;
  }

  get identity() {
    return this.meeting.room.localParticipant.identity;
  }

  async openMicrophone() {
    const opened = await this.microphone.open();
    this.microphone.track = opened;
    if (!this.over) this.on.state("connecting");
    return opened;
  }

  async takeTicket(wish) {
    const { signal } = this.abort;
    const wanted = () => !this.over;
    try {
      const ticket = await askTicket({ wish, signal, cards: this.cards, problems: PROBLEM, wanted });
      if (!ticket && wanted()) this.on.left();
      return ticket;
    } catch (error) {
      return void this.on.failed(tokenProblem(error, PROBLEM));
    }
  }

  makeMicrophone() {
    const { cards, joined, on } = this;
    return new Microphone({
      connection: this.meeting,
      cards,
      problems: PROBLEM,
      wanted: () => !this.over,
      joined,
      on: {
        ready: (track) => {
          this.muted = false;
          on.muting(false);
          on.microphone(track.mediaStreamTrack);
        },
        gone: () => on.microphone(null),
        devices: on.devices,
      },
    });
  }

  /** Follow the dispatch until the agent is in the room or none will come. */
  awaitAgent() {
    return followDispatch(this.meeting.room.name, this.abort.signal, (known) => {
      if (this.agentCame) return true;
      if (known) this.dispatches = known.dispatches;
      this.gaveUp = known?.state === "absent";
      if (this.gaveUp) this.offerAgain("agent", PROBLEM.noAgent(known.dispatches));
      this.tellState();
      return this.gaveUp;
    });
  }

  offerAgain(card, problem) {
    this.cards.show(card, problem, [{ label: ACTION.retry, run: this.again }]);
  }

  tellState() {
    const { on } = this;
    if (!this.connected) return;
    if (this.reconnecting) on.state("reconnecting");
    else if (this.meeting.hasAgent()) on.state(this.mode === "interpret" ? "interpret" : "captions");
    else if (this.agentCame || this.gaveUp) on.state("alone");
    else on.state("waiting", this.dispatches > 1 ? STATE.asked(this.dispatches) : undefined);
  }

  handlers() {
    const { cards, on } = this;
    const own = {
      agent: (present) => {
        if (present) {
          this.agentCame = true;
          cards.drop("agent");
        } else {
          this.offerAgain("agent", PROBLEM.agentLeft);
        }
        this.tellState();
      },
      mode: (mode) => {
        this.mode = mode;
        on.mode(mode);
        this.tellState();
      },
      untold: () => {
        const run = () => this.meeting.say(this.meeting.languages);
        cards.show("languages", PROBLEM.languages, [{ label: ACTION.retry, run }]);
      },
      playback: (allowed) => {
        if (allowed) return cards.drop("sound");
        const run = () => this.meeting.allowSound();
        return cards.show("sound", PROBLEM.sound, [{ label: ACTION.sound, run }]);
      },
      reconnecting: () => this.reconnects(true),
      reconnected: () => this.reconnects(false),
      ended: (reason) => {
        if (!this.connected) return; // connect() rejects
        if (reason === null) on.left();
        else on.failed(PROBLEM.ended[reason] ?? PROBLEM.ended.other);
      },
      microphoneLost: () => this.microphone.lost(),
      devices: () => this.microphone.devices(),
    };
    const all = Object.entries({ ...on, ...own });
    return Object.fromEntries(all.map(([name, run]) => [
      name, (...args) => (this.over ? undefined : run(...args)),
    ]));
  }

  reconnects(reconnecting) {
    this.reconnecting = reconnecting;
    this.tellState();
  }
}
