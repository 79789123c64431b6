// Who answers: chosen before the call, shown and changed in it.

import * as endpoint from "./endpoint.js";
import { PERSONA } from "./strings.js";

const KEPT = "rejoinder.persona"; // in localStorage: the name that was chosen

export class Personas {
  /**
   * `cards` is the fieldset of the choice before a call, `field` the label with a <select> for
   * later. `on` are change(name), a promise of that one taking over, refused(title, error),
   * tookOver(title) and named(title, first), told whenever the speaker's title is another one;
   * the first one has said all that was said so far.
   */
  constructor({ cards, field }, on) {
    Object.assign(this, { cards, field, on, select: field.querySelector("select") });
    this.known = []; // {name, title, about, picture}; the name "" is the agent without a persona
    this.usual = "";
    this.chosen = "";
    this.speaking = null; // in a call: {name, title}, both "" until the agent has told
    this.heard = ""; // what the agent has told last
    this.changing = false;
    this.calls = 0;
    this.ready = this.load();
    this.select.addEventListener("change", () => (this.speaking ? this.change() : this.choose(this.select.value)));
    cards.addEventListener("change", ({ target }) => this.choose(target.value));
  }

  async load() {
    const { personas, default: usual } = await endpoint.personas().catch(() => ({ personas: [] }));
    this.usual = usual ?? "";
    this.known = this.usual || !personas.length ? personas : [{ name: "", ...PERSONA.none }, ...personas];
    const kept = localStorage.getItem(KEPT);
    this.chosen = this.find(kept) ? kept : this.usual;
    this.cards.replaceChildren(...this.known.map((persona) => this.card(persona)));
    this.cards.hidden = this.known.length < 2;
    const card = this.cards.querySelector(":checked")?.closest("label");
    if (card) this.cards.scrollLeft = card.offsetLeft - (this.cards.clientWidth - card.offsetWidth) / 2;
    this.show();
  }

  /** What a token request says of the choice. */
  wish() {
    if (this.chosen === this.usual) return {};
    const metadata = JSON.stringify({ rejoinder: { persona: this.chosen } });
    return { room_config: { agents: [{ metadata }] } };
  }

  choose(name) {
    this.chosen = name;
    localStorage.setItem(KEPT, name);
    for (const radio of this.cards.querySelectorAll("input")) radio.checked = radio.value === name;
    this.show();
  }

  /** A call begins (true) or is over. */
  call(begins) {
    this.speaking = begins ? { name: "", title: "" } : null;
    this.heard = "";
    this.changing = false;
    this.calls += 1;
    this.on.named("");
    this.show();
  }

  /**
   * The agent tells who speaks, perhaps nothing. What it has told before is nothing new: it is
   * repeated with all else that it tells, also after a change that was answered already.
   */
  told(name = "", title = "") {
    const told = JSON.stringify([name, title]);
    if (!name || !this.speaking || told === this.heard) return;
    this.heard = told;
    this.became(name, title || this.find(name)?.title || name);
  }

  became(name, title) {
    const before = this.speaking;
    this.speaking = { name, title };
    // The first to be told of was there from the beginning, unless it was asked for.
    const first = !before.name && !this.changing;
    this.on.named(title, first);
    if (before.name !== name && !first) this.on.tookOver(title);
    this.show();
  }

  /** Change to what is selected, and to what is selected meanwhile. */
  async change() {
    if (this.changing) return;
    const call = this.calls;
    const over = () => call !== this.calls;
    this.changing = true;
    let wanted;
    try {
      while ((wanted = this.find(this.select.value)) && wanted.name !== this.speaking.name) {
        await this.on.change(wanted.name);
        if (over()) return;
        this.became(wanted.name, wanted.title);
        this.choose(wanted.name);
      }
    } catch (error) {
      if (over()) return;
      this.on.refused(wanted.title, error);
    }
    this.changing = false;
    this.show();
  }

  find(name) {
    return this.known.find((persona) => persona.name === name);
  }

  /** The <select>: who speaks, or who will in the next call. */
  show() {
    this.field.hidden = this.known.length < 2;
    if (this.changing) return;
    const { name, title } = this.speaking ?? this.find(this.chosen) ?? { name: "" };
    const others = this.known.filter((persona) => persona.name || !this.speaking);
    const here = others.some((persona) => persona.name === name);
    const all = here ? others : [{ name, title: title || PERSONA.none.title }, ...others];
    const option = (persona) => {
      const text = persona.name === name && title ? title : persona.title;
      return new Option(`${sign(persona)} ${text}`.trim(), persona.name, false, persona.name === name);
    };
    this.select.replaceChildren(...all.map(option));
  }

  card(persona) {
    const card = document.createElement("label");
    card.className = "persona";
    const radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: "persona", value: persona.name });
    radio.checked = persona.name === this.chosen;
    const title = document.createElement("b");
    title.textContent = persona.title;
    const about = document.createElement("span");
    about.className = "about";
    about.textContent = persona.about;
    for (const text of [title, about]) text.dir = "auto";
    card.append(radio, picture(persona), title, about);
    return card;
  }
}

function hasAddress({ picture }) {
  return picture?.startsWith("/") ?? false;
}

function sign(persona) {
  return hasAddress(persona) ? "" : persona.picture ?? "";
}

/** Its picture, its emoji, or the first letter of its title. */
function picture(persona) {
  const shown = document.createElement(hasAddress(persona) ? "img" : "span");
  shown.className = "face";
  shown.setAttribute("aria-hidden", "true");
  if (hasAddress(persona)) Object.assign(shown, { src: persona.picture, alt: "" });
  else shown.textContent = persona.picture || [...persona.title][0] || "";
  shown.classList.toggle("letter", !persona.picture);
  return shown;
}
