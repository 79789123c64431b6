// The transcript as it is seen: what one person said at a stretch beside its translations.

import { announce, keepEnd } from "../static/live_list.js";
import { nameOf, same } from "./languages.js";
import { TRANSCRIPT } from "./strings.js";
import { ALL, gapAfter, translationsIn } from "./transcript.js";

const MOST_CLAUSES = 8; // of one block
const SENTENCES_UPTO = 4; // clauses after which a block ends with a sentence
const PAUSE_MS = 2000; // after which a sentence's end is a block's
const LONG_PAUSE_MS = 6000; // after which any clause is
const SENTENCE_END = /[.!?…。！？]["'”’»)\]」』）]*$/u;

export class Blocks {
  /** `people` tells names and colours (`People.of`). */
  constructor({ list, scroller, announcer, people }) {
    Object.assign(this, { list, scroller, announcer, people });
    this.blocks = []; // {speaker, clauses, item}
    this.blockOf = new Map(); // clause → block
    this.said = new WeakMap(); // clause → its parts that were read out
    this.shown = ""; // tag, ALL, or empty: no translations
    this.hears = null; // the language that is read out where ALL are shown
  }

  /** Show translations in this language, ALL, or none. */
  show(shown) {
    this.shown = shown;
    keepEnd(this.scroller, () => this.blocks.forEach((block) => this.render(block)));
  }

  /** A clause has other words than before. */
  update(clause) {
    keepEnd(this.scroller, () => {
      const worded = clause.original !== null || clause.translations.size > 0;
      const block = this.blockOf.get(clause) ?? (worded ? this.blockFor(clause) : null);
      if (!block) return;
      if (!worded) this.takeOut(clause, block);
      if (block.clauses.length) this.render(block);
    });
  }

  /** Have a final caption read out, once, if it is in the language that is read. */
  read(clause, { kind, language, text, final, speaker }) {
    const said = this.said.get(clause) ?? new Set();
    const part = `${kind} ${language}`;
    const wanted = this.shown === ALL ? this.hears : this.shown;
    const fit = wanted ? same(language, wanted) : kind === "original";
    const { own, label } = this.people.of(speaker);
    if (!final || !text || !fit || own || said.has(part)) return;
    this.said.set(clause, said.add(part));
    announce(this.announcer, TRANSCRIPT.says(label, text), language);
  }

  /** Something that everybody should know; `level` is "error" or "info". */
  notice(level, text) {
    keepEnd(this.scroller, () => {
      const item = element("li", `notice ${level}`, text);
      item.dir = "auto";
      this.list.append(item);
    });
    announce(this.announcer, text);
  }

  blockFor(clause) {
    const last = this.blocks.at(-1);
    const goesOn = last && last.speaker === clause.speaker && !isOver(last, clause)
      && last.item === this.list.lastElementChild;
    const block = goesOn ? last : this.begin(clause);
    block.clauses.push(clause);
    this.blockOf.set(clause, block);
    return block;
  }

  begin({ speaker, begun }) {
    const { label, colour } = this.people.of(speaker);
    const item = element("li", "block");
    item.dataset.colour = colour;
    const who = element("p", "who");
    who.append(element("span", "name", label), element("span", "time", time(begun)));
    item.append(who, element("p", "original"), element("div", "translations"));
    this.list.append(item);
    const block = { speaker, clauses: [], item };
    this.blocks.push(block);
    return block;
  }

  takeOut(clause, block) {
    block.clauses.splice(block.clauses.indexOf(clause), 1);
    this.blockOf.delete(clause);
    if (block.clauses.length) return;
    block.item.remove();
    this.blocks.splice(this.blocks.indexOf(block), 1);
  }

  render({ clauses, item }) {
    const originals = clauses.map((clause) => clause.original).filter(Boolean);
    const translations = clauses.flatMap((clause) => translationsIn(clause, this.shown));
    const languages = [...new Set(translations.map(({ language }) => language))];
    const paragraphs = languages.map((language) => {
      const texts = translations.filter((text) => text.language === language);
      return paragraph("translation", texts, this.shown === ALL ? nameOf(language) : "");
    });
    item.classList.toggle("two", this.expectsTranslation(originals));
    item.querySelector(".original").replaceWith(paragraph("original", originals));
    item.querySelector(".translations").replaceChildren(...paragraphs);
  }

  expectsTranslation(originals) {
    if (!this.shown || !originals.length) return false;
    return this.shown === ALL || originals.some(({ language }) => !same(language, this.shown));
  }
}

function isOver({ clauses }, next) {
  const before = clauses.at(-1);
  const pause = next.begun - (before.ended ?? before.begun);
  const sentence = SENTENCE_END.test(before.original?.text ?? "");
  return clauses.length >= MOST_CLAUSES || pause > LONG_PAUSE_MS
    || (sentence && (clauses.length >= SENTENCES_UPTO || pause > PAUSE_MS));
}

function paragraph(kind, texts, language = "") {
  const found = element("p", kind);
  found.dir = "auto"; // by the first letter that has a direction
  if (language) found.append(element("span", "language", language), " ");
  for (const { text, language: lang, final, untranslated } of texts) {
    const state = `${final ? "" : " interim"}${untranslated ? " untranslated" : ""}`;
    const words = element("span", `words${state}`, text);
    words.lang = lang;
    found.append(words);
    if (untranslated) found.append(" ", element("span", "mark", TRANSCRIPT.untranslated));
    found.append(gapAfter(text));
  }
  return found;
}

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

function time(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
