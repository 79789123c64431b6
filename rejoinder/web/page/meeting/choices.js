// What a person says of themselves: name, language, what they want to hear. Kept in this browser.

import { TAGS, nameOf, nearest } from "./languages.js";
import { LANGUAGE } from "./strings.js";

const KEPT = "rejoinder.meeting";

export class Choices {
  /** Of these form elements; `changed` is called when a language is another one than before. */
  constructor({ name, speaks, hears }, changed) {
    Object.assign(this, { nameField: name, speaksField: speaks, hearsField: hears });
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    fill(speaks, LANGUAGE.unknownSpoken, kept.speaks ?? nearest(navigator.language));
    fill(hears, LANGUAGE.originalOnly, kept.hears ?? speaks.value);
    name.value = kept.name ?? "";
    this.follows = kept.hears === undefined; // until they choose what they hear
    speaks.addEventListener("change", () => {
      if (this.follows && speaks.value) hears.value = speaks.value;
      this.keep();
      changed();
    });
    hears.addEventListener("change", () => {
      this.follows = false;
      this.keep();
      changed();
    });
    name.addEventListener("change", () => this.keep());
  }

  get name() {
    return this.nameField.value.trim();
  }

  /** Tags; empty: to be found out, and the original only. */
  get languages() {
    return { speaks: this.speaksField.value, hears: this.hearsField.value };
  }

  keep() {
    const { speaks, hears } = this.languages;
    const chosen = this.follows ? {} : { hears };
    localStorage.setItem(KEPT, JSON.stringify({ name: this.name, speaks, ...chosen }));
  }
}

function fill(select, none, chosen) {
  const options = TAGS.map((tag) => new Option(nameOf(tag), tag));
  select.replaceChildren(...options, new Option(none, ""));
  select.value = TAGS.includes(chosen) ? chosen : "";
}
