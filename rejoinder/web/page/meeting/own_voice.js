// The interpreter speaks with a person's own voice: asked for, agreed to aloud, deleted.

import { ACTION, OWN_VOICE } from "./strings.js";

const CARD = "own-voice";

export class OwnVoice {
  /**
   * `ask` sends {ask: true}, {ask: false} or {} to the agent and gives how it stands;
   * `told` is given what is to be known of it, for people.
   */
  constructor({ field, status, button, cards }, { ask, told }) {
    Object.assign(this, { field, status, button, cards, ask, told });
    this.state = "none";
    this.asked = 0;
    button.addEventListener("click", () => this.call({ ask: this.state === "none" }));
    this.show({ state: "none" });
  }

  /** Whether the agent offers it: then it knows how it stands, as after a reload. */
  offered(there) {
    this.field.hidden = !there;
    this.show({ state: "none" });
    if (there) this.call({});
  }

  /** A message of the agent. */
  message({ state, text }) {
    this.show({ state });
    this.told(text);
  }

  async call(wish) {
    const asked = (this.asked += 1);
    try {
      const answer = await this.ask(wish);
      if (asked === this.asked && !this.field.hidden) this.show(answer);
    } catch (error) {
      if (asked === this.asked && !this.field.hidden && "ask" in wish) this.refused(error);
    }
  }

  show({ state, say, language }) {
    this.state = state in OWN_VOICE.state ? state : "none";
    this.asked += 1; // an answer that is still to come is older
    this.status.textContent = OWN_VOICE.state[this.state];
    this.button.textContent = OWN_VOICE.button[this.state];
    this.cards.drop(CARD);
    if (this.state === "asked" && say) this.card(OWN_VOICE.sayAloud(say), language);
    if (this.state === "recording") this.card(OWN_VOICE.goOn);
  }

  card(words, language = "") {
    const run = () => this.call({ ask: false });
    this.cards.show(CARD, words, [{ label: ACTION.cancel, run }]);
    if (language) this.cards.place.querySelector(`[data-card="${CARD}"] p`).lang = language;
  }

  refused({ message, code }) {
    // LiveKit's own errors have codes from 1000 on, and nothing to say to people.
    this.cards.show(CARD, OWN_VOICE.refused(code < 1000 ? message : ""));
  }
}
