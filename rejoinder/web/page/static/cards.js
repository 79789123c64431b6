// Messages that ask something of the caller: what is wrong, what to do, and a button for it.

import { ACTION, TEXT } from "./strings.js";

export class Cards {
  constructor(place) {
    this.place = place;
  }

  /**
   * Show a card; one of the same `id` is replaced.
   * `actions` are [{label, run}]; the card goes when one is taken.
   */
  show(id, { title, text }, actions = []) {
    const card = this.build(id, title, text);
    const row = document.createElement("div");
    row.className = "actions";
    for (const { label, run } of actions) row.append(this.button(label, card, run));
    if (actions.length) card.append(row);
    card.append(this.closing(card));
    this.put(id, card);
  }

  /** Ask for the shared secret; resolves to it, or to null when the card is dismissed. */
  askSecret({ title, text }) {
    return new Promise((resolve) => {
      const card = this.build("secret", title, text);
      const form = document.createElement("form");
      form.className = "actions";
      const field = document.createElement("input");
      Object.assign(field, { type: "password", required: true, autocomplete: "off" });
      field.setAttribute("aria-label", TEXT.secret);
      const go = document.createElement("button");
      go.type = "submit";
      go.textContent = ACTION.secret;
      const answer = (value) => {
        card.remove();
        resolve(value);
      };
      form.append(field, go);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        answer(field.value);
      });
      card.append(form, this.closing(card, () => answer(null)));
      this.put("secret", card);
      field.focus();
    });
  }

  drop(id) {
    this.place.querySelector(`[data-card="${id}"]`)?.remove();
  }

  clear() {
    this.place.replaceChildren();
  }

  build(id, title, text) {
    const card = document.createElement("div");
    card.className = "card";
    card.dataset.card = id;
    card.setAttribute("role", "alert");
    const heading = document.createElement("h2");
    heading.textContent = title;
    const body = document.createElement("p");
    body.textContent = text;
    card.append(heading, body);
    return card;
  }

  closing(card, run = () => {}) {
    const button = this.button("", card, run);
    button.className = "dismiss";
    button.setAttribute("aria-label", ACTION.dismiss);
    button.append(document.getElementById("cross").content.cloneNode(true));
    return button;
  }

  button(label, card, run) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      card.remove();
      run();
    });
    return button;
  }

  put(id, card) {
    this.drop(id);
    this.place.append(card);
  }
}
