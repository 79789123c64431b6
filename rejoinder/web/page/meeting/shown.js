// In which language translations are shown: what the person wants to read, or another choice.

import { TAGS, nameOf, same } from "./languages.js";
import { LANGUAGE, TRANSCRIPT } from "./strings.js";
import { ALL } from "./transcript.js";

export class Shown {
  /** `heading` names the choice above the translations; `changed` is given a tag, ALL or "". */
  constructor({ select, heading }, changed) {
    Object.assign(this, { select, heading, changed });
    const options = TAGS.map((tag) => new Option(nameOf(tag), tag));
    const all = new Option(LANGUAGE.all, ALL);
    select.replaceChildren(...options, all, new Option(LANGUAGE.originalOnly, ""));
    select.addEventListener("change", () => this.tell());
  }

  get value() {
    return this.select.value;
  }

  /** What the person wants to read. */
  choose(tag) {
    this.select.value = tag;
    this.tell();
  }

  /** There is a translation into this language. */
  seen(tag) {
    const known = [...this.select.options].some(({ value }) => same(value, tag));
    if (tag && !known) this.select.prepend(new Option(nameOf(tag), tag));
  }

  tell() {
    const { value } = this;
    this.heading.textContent = value === ALL
      ? TRANSCRIPT.translations : value && TRANSCRIPT.translation(nameOf(value));
    this.changed(value);
  }
}
