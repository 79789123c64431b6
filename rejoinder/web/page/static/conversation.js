// Captions of both sides as they form, typed messages, sources and turns, in one list.

import { announce, keepEnd } from "./live_list.js";
import { TEXT } from "./strings.js";
import { waterfall } from "./waterfall.js";

export class Conversation {
  constructor(list, scroller, announcer) {
    this.list = list;
    this.scroller = scroller;
    this.announcer = announcer;
    this.segments = new Map(); // segment id → list item
    this.source = null; // of an answer whose first words have not arrived
  }

  clear() {
    this.list.replaceChildren();
    this.segments.clear();
    this.source = null;
  }

  /** Show a segment's text so far; `who` is "you" or "agent". */
  caption(id, who, text, final) {
    let item = this.segments.get(id);
    if (!item && !text.trim()) return;
    this.keepEnd(() => {
      if (!item) {
        if (who === "you") this.settle(".you");
        item = this.add(who);
        this.segments.set(id, item);
        if (who === "agent" && this.source) {
          this.attachSource(item, this.source);
          this.source = null;
        }
      }
      item.querySelector(".words").textContent = text;
      const became = final && item.classList.contains("interim");
      item.classList.toggle("interim", !final);
      if (became && text.trim()) this.announce(`${TEXT[who]}: ${text}`);
      if (final && !text.trim()) item.remove();
    });
  }

  /** A message that the caller has typed. */
  typed(text) {
    this.keepEnd(() => {
      const item = this.add("you");
      item.classList.remove("interim");
      item.classList.add("typed");
      item.querySelector(".words").textContent = text;
    });
  }

  /** Where the answer was found: the one being spoken, or the next. */
  from(source) {
    const last = this.list.lastElementChild;
    if (last?.matches(".agent.interim") && !last.querySelector(".source")) {
      this.keepEnd(() => this.attachSource(last, source));
    } else {
      this.source = source;
    }
  }

  /** The times of the answer that has just ended. */
  turn(turn, transportMs) {
    const figure = waterfall(turn, transportMs);
    this.keepEnd(() => {
      const items = [...this.list.querySelectorAll(".agent")];
      const answer = items.at(-1);
      if (!answer || answer.querySelector(".waterfall, .mark")) return;
      if (turn.interrupted) {
        const mark = document.createElement("span");
        mark.className = "mark";
        mark.textContent = TEXT.interrupted;
        answer.classList.add("interrupted");
        answer.querySelector(".said").append(mark);
      }
      if (figure) answer.append(figure);
    });
  }

  /** Something the caller should know; `level` is "error" or "info". */
  notice(level, text) {
    this.keepEnd(() => {
      const item = document.createElement("li");
      item.className = `notice ${level}`;
      item.dir = "auto";
      item.textContent = text;
      this.list.append(item);
    });
    this.announce(text);
  }

  /** Nothing of this side is interim any more: its final text will not come. */
  settle(side = "") {
    for (const item of this.list.querySelectorAll(`.interim${side}`)) item.classList.remove("interim");
  }

  add(who) {
    const item = document.createElement("li");
    item.className = `message ${who} interim`;
    const name = document.createElement("span");
    name.className = "who";
    name.textContent = TEXT[who];
    const said = document.createElement("p");
    said.className = "said";
    said.dir = "auto"; // by the first letter that has a direction
    const words = document.createElement("span");
    words.className = "words";
    said.append(words);
    item.append(name, said);
    this.list.append(item);
    return item;
  }

  attachSource(item, source) {
    const line = document.createElement("p");
    line.className = "source";
    line.append(`${TEXT.source} `);
    const title = document.createElement("cite");
    title.dir = "auto";
    title.textContent = source.title || source.path;
    line.append(title);
    if (source.title && source.path) line.append(` · ${source.path}`);
    item.querySelector(".said").after(line);
  }

  keepEnd(change) {
    keepEnd(this.scroller, change);
  }

  announce(text) {
    announce(this.announcer, text);
  }
}
