// What was said, clause by clause, each with its translations. Knows nothing of how it is shown.

import { same } from "./languages.js";

export const ALL = "*"; // shown: every language

/**
 * A clause is {speaker, original, translations, begun, ended}: the original {text, language,
 * final} or null, translations by language {text, language, final, untranslated}, times in
 * milliseconds after joining; `ended` is null while no version is final.
 */
export class Transcript {
  /** `now` gives milliseconds after joining. */
  constructor(now) {
    this.now = now;
    this.clauses = []; // in the order of their first words
    this.byKey = new Map();
  }

  /** Take a caption in (`meeting.js`); returns its clause, or null when nothing is other. */
  take(caption) {
    // Segments are of their speaker: nobody changes another's.
    const key = JSON.stringify([caption.speaker, caption.of || caption.segment]);
    const clause = this.byKey.get(key) ?? this.begin(key, caption);
    const part = caption.kind === "translation" ? `translation ${caption.language}` : "original";
    if ((clause.orders.get(part) ?? 0) > caption.order) return null;
    clause.orders.set(part, caption.order);
    put(clause, caption);
    this.place(clause);
    const ends = caption.final && (caption.kind === "original" || !clause.original);
    if (ends) clause.ended ??= this.now();
    return clause;
  }

  begin(key, { speaker }) {
    const clause = {
      speaker, original: null, translations: new Map(), begun: 0, ended: null, orders: new Map(),
    };
    this.byKey.set(key, clause);
    return clause;
  }

  /** A clause without words is none: they were taken back, or have not come. */
  place(clause) {
    const there = this.clauses.lastIndexOf(clause);
    const worded = clause.original !== null || clause.translations.size > 0;
    if (worded && there < 0) {
      clause.begun = this.now();
      this.clauses.push(clause);
    } else if (!worded && there >= 0) {
      this.clauses.splice(there, 1);
    }
  }

  /** Nothing is interim any more: what would be final will not come. */
  settle() {
    const texts = (clause) => [...clause.translations.values(), clause.original ?? {}];
    const open = this.clauses.filter((clause) => texts(clause).some(({ final }) => final === false));
    for (const text of open.flatMap(texts)) text.final = true;
    return open;
  }
}

function put(clause, { kind, language, text, final, untranslated }) {
  if (kind === "original") clause.original = text ? { text, language, final } : null;
  else if (text) clause.translations.set(language, { text, language, final, untranslated });
  else clause.translations.delete(language);
}

/** The translations of a clause that are shown where `shown` is a tag, ALL or empty: none. */
export function translationsIn(clause, shown) {
  const all = [...clause.translations.values()];
  return shown === ALL ? all : all.filter(({ language }) => same(language, shown));
}

/**
 * The texts of a clause, one for each language: of `what` is shown, the "original" or the
 * "translation", where `shown` are the languages that translations are shown in.
 */
export function textsOf(clause, what, shown) {
  const { original } = clause;
  const translations = translationsIn(clause, shown);
  const known = translations.filter(({ untranslated }) => !untranslated);
  if (what === "original") return original ? [original] : known;
  if (what === "shown") return original ? [original, ...known] : translations;
  if (translations.length) return translations;
  const readable = original && (!shown || shown === ALL || same(original.language, shown));
  return readable ? [original] : [];
}

/** What stands between one text and the next: nothing after Chinese and Japanese. */
export function gapAfter(text) {
  return /[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]$/u.test(text) ? "" : " ";
}
