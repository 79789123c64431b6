// What the agent does besides talking: a quiet line for each use of a tool.

import { TOOL } from "./strings.js";

const MOST_CHARS = 160; // of the arguments

export class Tools {
  constructor() {
    this.lines = new Map(); // id, or the name of one without → its list item
  }

  clear() {
    this.lines.clear();
  }

  /**
   * The line for a `rejoinder.tool` message, new or as it was before; null when it says nothing
   * that can be shown. A message without an id is of the last use of its tool that goes on.
   */
  line({ id, name, state, arguments: given, took_ms: took }) {
    if (!Object.hasOwn(TOOL.state, state)) return null;
    const key = JSON.stringify(typeof id === "string" ? [id] : [null, name]);
    const item = this.lines.get(key) ?? this.asked(name) ?? newLine(name, given);
    item.dataset.state = state;
    const seconds = (took / 1000).toFixed(1);
    item.querySelector(".state-of").textContent =
      state === "done" && Number.isFinite(took) ? TOOL.done(seconds) : TOOL.state[state];
    if (typeof id !== "string" && (state === "done" || state === "failed")) this.lines.delete(key);
    else this.lines.set(key, item);
    return item;
  }

  /** The line of this tool that asks: after the caller's yes it is called anew. */
  asked(name) {
    for (const [key, item] of this.lines) {
      if (item.dataset.state !== "asks" || item.dataset.name !== name) continue;
      this.lines.delete(key);
      return item;
    }
    return null;
  }

  /** Nothing more will be told of what goes on. */
  settle() {
    for (const item of this.lines.values()) {
      if (item.dataset.state === "done" || item.dataset.state === "failed") continue;
      item.dataset.state = "stopped";
      item.querySelector(".state-of").textContent = TOOL.stopped;
    }
    this.clear();
  }
}

/** A tool's name as people read it: `calendar.create_event` is "Calendar create event". */
export function inWords(name) {
  const words = name.replace(/(\p{Ll})(\p{Lu})/gu, "$1 $2").replace(/[_.\s-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1).toLowerCase();
}

function newLine(name, given) {
  const item = document.createElement("li");
  item.className = "tool";
  item.dataset.name = name;
  const sign = document.createElement("i");
  sign.setAttribute("aria-hidden", "true");
  const title = document.createElement("b");
  title.textContent = inWords(name);
  const state = document.createElement("span");
  state.className = "state-of";
  item.append(sign, title, state);
  const told = argumentsInWords(given);
  if (told) {
    const words = document.createElement("span");
    words.className = "arguments";
    words.textContent = told;
    item.append(words);
  }
  for (const part of item.children) part.dir = "auto";
  return item;
}

function argumentsInWords(given) {
  if (given === null || typeof given !== "object") return "";
  const entries = Object.entries(given).filter(([, value]) => value !== null && value !== "");
  const told = entries.map(([name, value]) =>
    TOOL.argument(inWords(name).toLowerCase(), typeof value === "object" ? JSON.stringify(value) : String(value)),
  );
  const all = told.join(" · ");
  return all.length > MOST_CHARS ? `${all.slice(0, MOST_CHARS)}…` : all;
}
