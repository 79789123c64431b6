// What there is of the agent beside its voice: who it is, whether it sees, what it remembers.

import { refusal } from "./call.js";
import { $ } from "./elements.js";
import { Memory } from "./memory.js";
import { Personas } from "./personas.js";
import { Pictures } from "./pictures.js";
import { PERSONA, PROBLEM } from "./strings.js";

export class Agent {
  /** `call` gives the call in progress. */
  constructor({ cards, conversation, call }) {
    const ask = (method, wish) => call().ask(method, wish);
    this.pictures = new Pictures(
      {
        place: $("waiting"),
        scroller: $("scroller"),
        controls: [$("attach"), $("camera")],
        field: $("chat-text"),
      },
      cards,
    );
    this.memory = new Memory({ place: $("memory"), dialog: $("stored"), cards }, { ask, refusal });
    this.personas = new Personas({ cards: $("personas"), field: $("persona") }, {
      change: (name) => ask("set_persona", { name }),
      refused: (title, error) => cards.show("persona", PROBLEM.persona(title, refusal(error))),
      tookOver: (title) => conversation.notice("change", PERSONA.tookOver(title)),
      named: (title, first) => conversation.named(title, first),
    });
  }

  /** A call begins. */
  called() {
    this.personas.call(true);
  }

  /** What it says of itself, by its attributes. */
  told(attributes) {
    this.pictures.offered(attributes["rejoinder.sees"] === "true");
    this.memory.told(attributes["rejoinder.memory"]);
    this.personas.told(attributes["rejoinder.persona"], attributes["rejoinder.persona_title"]);
  }

  /** It has left; perhaps another one comes. */
  left() {
    this.told({});
  }

  /** The call is over. */
  ended() {
    this.left();
    this.personas.call(false);
  }
}
