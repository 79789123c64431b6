// What the agent remembers of a caller: whether it does, what it has, and the end of it.

import { Cards } from "./cards.js";
import { MEMORY, PROBLEM, TEXT } from "./strings.js";

const STATES = ["on", "off", "ask"];

export class Memory {
  /**
   * `place` has the switch and the button, `dialog` is a <dialog> for what is stored.
   * `ask(method, wish)` asks the agent, `refusal(error)` says why it did not do it.
   */
  constructor({ place, dialog, cards }, { ask, refusal }) {
    Object.assign(this, { place, dialog, cards, ask, refusal });
    this.remember = place.querySelector("input");
    this.words = place.querySelector("p");
    this.list = dialog.querySelector(".stored");
    this.dialogCards = new Cards(dialog.querySelector(".cards"));
    this.remember.addEventListener("change", () => this.turn(this.remember.checked));
    place.querySelector("button").addEventListener("click", () => this.open());
    dialog.querySelector(".close").addEventListener("click", () => dialog.close());
    this.all = dialog.querySelector(".all");
    this.all.addEventListener("click", () => this.forgetAll());
  }

  /** As the agent tells it: "on", "off", "ask"; anything else is no memory. */
  told(state) {
    this.place.hidden = !STATES.includes(state);
    if (this.place.hidden) return this.dialog.close();
    this.remember.checked = state === "on";
    this.words.textContent = MEMORY[state];
  }

  async turn(on) {
    const told = await this.attempt(this.cards, "set_memory", { on });
    if (told) this.told(on ? "on" : "off");
    else this.remember.checked = !on;
  }

  async open() {
    const stored = await this.attempt(this.cards, "get_memory");
    if (!stored) return;
    this.dialogCards.clear();
    this.show(stored);
    if (!this.dialog.open) this.dialog.showModal();
  }

  async again() {
    const stored = await this.attempt(this.dialogCards, "get_memory");
    if (stored) this.show(stored);
  }

  /** Ask the agent; null after a card has said why it did not do it. */
  async attempt(cards, method, wish = {}) {
    try {
      const answer = await this.ask(method, wish);
      cards.drop("memory");
      return answer;
    } catch (error) {
      cards.show("memory", PROBLEM.memory(this.refusal(error)));
      return null;
    }
  }

  async forget(wish) {
    if (await this.attempt(this.dialogCards, "delete_memory", wish)) await this.again();
  }

  /** Asked twice: it cannot be taken back. */
  async forgetAll() {
    if (this.all.dataset.sure) return this.forget({});
    this.all.dataset.sure = "asked";
    this.all.textContent = MEMORY.sureAll;
  }

  show({ facts, summary }) {
    const sound = Array.isArray(facts) ? facts.filter((fact) => typeof fact?.text === "string") : [];
    const short = typeof summary === "string" ? summary.trim() : "";
    const parts = [];
    if (short) parts.push(words("h3", MEMORY.summary), words("p", short));
    if (sound.length) {
      const list = document.createElement("ul");
      list.append(...sound.map((fact) => this.fact(fact)));
      parts.push(words("h3", MEMORY.facts), list);
    }
    this.list.replaceChildren(...(parts.length ? parts : [words("p", MEMORY.nothing)]));
    this.all.hidden = !parts.length;
    this.all.textContent = TEXT.forgetAll;
    delete this.all.dataset.sure;
  }

  fact(fact) {
    const entry = document.createElement("li");
    const row = document.createElement("div");
    row.className = "actions";
    row.append(
      button(MEMORY.correct, MEMORY.correctFact(fact.text), () => entry.replaceChildren(this.editor(fact))),
      button(MEMORY.forget, MEMORY.forgetFact(fact.text), () => this.forget({ id: fact.id })),
    );
    entry.append(words("p", fact.text));
    const date = new Date(typeof fact.at === "number" ? fact.at * 1000 : fact.at ?? NaN);
    if (Number.isFinite(date.getTime())) entry.append(words("small", MEMORY.since(date.toLocaleDateString())));
    entry.append(row);
    return entry;
  }

  editor(fact) {
    const form = document.createElement("form");
    form.className = "actions";
    const field = document.createElement("input");
    Object.assign(field, { value: fact.text, required: true, maxLength: 500, autocomplete: "off" });
    field.setAttribute("aria-label", MEMORY.newText);
    const save = words("button", MEMORY.save);
    form.append(field, save, button(MEMORY.cancel, MEMORY.cancel, () => this.again()));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const corrected = { id: fact.id, text: field.value.trim() };
      if (corrected.text && await this.attempt(this.dialogCards, "correct_memory", corrected)) this.again();
    });
    requestAnimationFrame(() => field.focus());
    return form;
  }
}

function words(tag, text) {
  const element = document.createElement(tag);
  element.dir = "auto";
  element.textContent = text;
  return element;
}

function button(label, name, run) {
  const made = words("button", label);
  made.type = "button";
  made.setAttribute("aria-label", name);
  made.addEventListener("click", run);
  return made;
}
