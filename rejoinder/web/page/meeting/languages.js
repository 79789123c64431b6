// The languages to choose from, and how two tags compare.

import { LANGUAGE } from "./strings.js";

export const TAGS = ["en", "pt-BR", "es", "fr", "de", "it", "zh", "ja", "ko", "hi"];

const names = new Intl.DisplayNames(document.documentElement.lang, {
  type: "language", languageDisplay: "standard",
});

/** A language's name in the language of the page; of what is no tag, the tag itself. */
export function nameOf(tag) {
  if (Object.hasOwn(LANGUAGE.names, tag)) return LANGUAGE.names[tag];
  try {
    return names.of(tag);
  } catch {
    return tag;
  }
}

/** Whether text in one language is fit for who wants the other: pt-PT for pt-BR. */
export function same(one, other) {
  return base(one) !== "" && base(one) === base(other);
}

/** The tag to choose from that is nearest to a browser's language; empty when there is none. */
export function nearest(language) {
  return TAGS.find((tag) => tag === language) ?? TAGS.find((tag) => same(tag, language)) ?? "";
}

function base(tag) {
  return tag.split("-")[0].toLowerCase();
}
