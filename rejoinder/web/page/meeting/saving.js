// The transcript as a file of the person's own.

import { nameOf } from "./languages.js";
import { SAVE } from "./strings.js";
import { toSrt, toText, toVtt } from "./subtitles.js";
import { textsOf } from "./transcript.js";

const WRITERS = { txt: toText, srt: toSrt, vtt: toVtt };
const TYPES = { txt: "text/plain", srt: "application/x-subrip", vtt: "text/vtt" };

/**
 * Fill a form that saves; `read` gives what there is to save: {clauses, shown, now, nameOf, title},
 * with `nameOf` of people.
 */
export function setUpSaving({ select, buttons }, read) {
  select.replaceChildren(...Object.entries(SAVE.what).map(([what, name]) => new Option(name, what)));
  for (const format of Object.keys(WRITERS)) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = SAVE.format[format];
    button.setAttribute("aria-label", SAVE.name(SAVE.format[format]));
    button.addEventListener("click", () => {
      const found = read();
      const text = WRITERS[format](linesOf(found, select.value));
      offer(`${found.title}.${format}`, text, TYPES[format]);
    });
    buttons.append(button);
  }
}

/** Lines of `subtitles.js`, of `what`: shown, original or translation. */
export function linesOf({ clauses, shown, now, nameOf: personOf }, what) {
  return clauses.map((clause) => {
    const texts = textsOf(clause, what, shown);
    const several = what === "translation" && texts.length > 1;
    return {
      begun: clause.begun,
      ended: clause.ended ?? now,
      name: personOf(clause.speaker),
      texts: texts.map(({ text, language }, n) => ({
        text, label: n > 0 || several ? nameOf(language) : "",
      })),
    };
  }).filter(({ texts }) => texts.length > 0);
}

function offer(name, text, type) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000); // it is being read
}
