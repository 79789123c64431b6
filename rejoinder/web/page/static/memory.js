// What the agent remembers of a caller: whether it does, what it has, and the end of it.

import { Cards } from "./cards.js";
import { ACTION, MEMORY, PROBLEM, TEXT } from "./strings.js";

const KNOWN = "rejoinder.known";

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

  /** What a request for a token says, so that who is remembered is known again. */
  wish() {
    const ticket = localStorage.getItem(KNOWN);
    return ticket ? { known: ticket } : {};
  }

  /** Kept for as long as the caller is remembered, and no longer. */
  keep(state) {
    if (state === "on" && this.known) localStorage.setItem(KNOWN, this.known);
    if (state === "ask") localStorage.removeItem(KNOWN);
  }

  /**
   * As the agent tells it: "on", "ask" (they may say yes), "off" (nobody can be known again);
   * anything else is no memory.
   */
  told(state) {
    this.keep(state);
    this.place.hidden = !["on", "ask", "off"].includes(state);
    if (this.place.hidden) return this.gone();
    this.remember.checked = state === "on";
    this.remember.disabled = state === "off";
    this.words.textContent = MEMORY[state];
  }

  gone() {
    this.cards.drop("memory");
    this.dialog.close();
  }

  /** Switching off deletes what is stored: it is asked for once more. */
  turn(on) {
    if (on) return this.set(true);
    this.remember.checked = true;
    this.cards.show("memory", MEMORY.sure, [{ label: ACTION.forgetMe, run: () => this.set(false) }]);
  }

  async set(on) {
    const stored = await this.attempt(this.cards, "set_memory", { on });
    if (!this.place.hidden) this.told(stored ? stored.state : on ? "ask" : "on");
  }

  async open() {
    const stored = await this.attempt(this.cards, "get_memory");
    if (!stored || this.place.hidden) return;
    this.dialogCards.clear();
    this.show(stored);
    if (!this.dialog.open) this.dialog.showModal();
  }

  /** Change what is stored; the answer is all that is stored then. */
  async edit(method, wish) {
    const stored = await this.attempt(this.dialogCards, method, wish);
    if (stored) this.show(stored);
  }

  /** Ask the agent; null after a card has said why it did not do it. */
  async attempt(cards, method, wish = {}) {
    try {
      const answer = await this.ask(method, wish);
      cards.drop("memory");
      return answer;
    } catch (error) {
      if (!this.place.hidden) cards.show("memory", PROBLEM.memory(this.refusal(error)));
      return null;
    }
  }

  /** Asked twice: it cannot be taken back. */
  forgetAll() {
    if (this.all.dataset.sure) return this.edit("delete_memory", { all: true });
    this.all.dataset.sure = "asked";
    this.all.textContent = MEMORY.sureAll;
  }

  show({ facts, summary }) {
    const sound = Array.isArray(facts) ? facts.filter((fact) => typeof fact?.text === "string") : [];
    const parts = [];
    if (typeof summary?.text === "string") {
      parts.push(words("h3", MEMORY.summary), words("p", summary.text), ...since(summary));
    }
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
      button(MEMORY.forget, MEMORY.forgetFact(fact.text), () => this.edit("delete_memory", { id: fact.id })),
    );
    entry.append(words("p", fact.text), ...since(fact), row);
    return entry;
  }

  editor(fact) {
    const form = document.createElement("form");
    form.className = "actions";
    const field = document.createElement("input");
    Object.assign(field, { value: fact.text, required: true, maxLength: 500, autocomplete: "off" });
    field.setAttribute("aria-label", MEMORY.newText);
    const save = words("button", MEMORY.save);
    form.append(field, save, button(MEMORY.cancel, MEMORY.cancel, () => this.edit("get_memory")));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = field.value.trim();
      if (text) this.edit("correct_memory", { id: fact.id, text });
    });
    requestAnimationFrame(() => field.focus());
    return form;
  }
}

/** Since when it is known, where the agent tells the day (of UTC). */
function since({ date }) {
  const day = new Date(typeof date === "string" ? date : NaN);
  if (Number.isNaN(day.getTime())) return [];
  return [words("small", MEMORY.since(day.toLocaleDateString(undefined, { timeZone: "UTC" })))];
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
