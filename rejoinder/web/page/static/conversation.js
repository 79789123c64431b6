// Captions of both sides as they form, what was typed and shown, sources, tools and turns, in one list.

import { announce, keepEnd } from "./live_list.js";
import { release } from "./pictures.js";
import { sourceCards, sourcesOf } from "./sources.js";
import { TEXT, TOOL } from "./strings.js";
import { Tools, inWords } from "./tools.js";
import { waterfall } from "./waterfall.js";

export class Conversation {
  constructor(list, scroller, announcer) {
    this.list = list;
    this.scroller = scroller;
    this.announcer = announcer;
    this.segments = new Map(); // segment id → list item
    this.tools = new Tools();
    this.sources = []; // of an answer whose first words have not arrived
    this.agent = "";
  }

  clear() {
    for (const image of this.list.querySelectorAll("img")) release(image);
    this.list.replaceChildren();
    this.segments.clear();
    this.tools.clear();
    this.sources = [];
  }

  /** What the agent is called from now on, or has been from the `first` word; empty: as usual. */
  named(title, first = false) {
    this.agent = title;
    // Once the caller has spoken, it may be that they asked for this one.
    if (!first || this.list.querySelector(".message.you")) return;
    for (const name of this.list.querySelectorAll(".message.agent > .who")) name.textContent = title;
  }

  nameOf(who) {
    return (who === "agent" && this.agent) || TEXT[who];
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
        if (who === "agent" && this.sources.length) {
          this.attachSources(item, this.sources);
          this.sources = [];
        }
      }
      item.querySelector(".words").textContent = text;
      const became = final && item.classList.contains("interim");
      item.classList.toggle("interim", !final);
      if (became && text.trim()) this.announce(`${this.nameOf(who)}: ${text}`);
      if (final && !text.trim()) item.remove();
    });
  }

  /** A message that the caller has typed, and the pictures that go with it ({image}). */
  typed(text, pictures = []) {
    this.keepEnd(() => {
      const item = this.add("you");
      item.classList.remove("interim");
      item.classList.add("typed");
      item.querySelector(".words").textContent = text;
      if (pictures.length) {
        const shown = document.createElement("div");
        shown.className = "pictures";
        shown.append(...pictures.map(({ image }) => image));
        item.querySelector(".said").before(shown);
        item.querySelector(".said").hidden = !text;
      }
    });
  }

  /** Where the answer was found: the one being spoken, or the next. */
  from(message) {
    const sources = sourcesOf(message);
    if (!sources.length) return;
    const last = [...this.list.querySelectorAll(".message")].at(-1);
    if (last?.matches(".agent.interim") && !last.querySelector(".sources")) {
      this.keepEnd(() => this.attachSources(last, sources));
    } else {
      this.sources = sources;
    }
  }

  /** The agent uses a tool, or is done with it. */
  tool(message) {
    const line = this.tools.line(message);
    if (!line) return;
    this.keepEnd(() => {
      if (!line.isConnected) this.list.append(line);
    });
    const { name, state } = message;
    if (state === "asks" || state === "failed") this.announce(TOOL.told(inWords(name), TOOL.state[state]));
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

  /** Something the caller should know; `level` is "error", "info" or "change". */
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
    if (!side) this.tools.settle();
  }

  add(who) {
    const item = document.createElement("li");
    item.className = `message ${who} interim`;
    const name = document.createElement("span");
    name.className = "who";
    name.dir = "auto";
    name.textContent = this.nameOf(who);
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

  attachSources(item, sources) {
    item.querySelector(".said").after(sourceCards(sources));
  }

  keepEnd(change) {
    keepEnd(this.scroller, change);
  }

  announce(text) {
    announce(this.announcer, text);
  }
}
