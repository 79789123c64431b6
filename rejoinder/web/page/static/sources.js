// Where an answer was found: a card for each document or page.

import { SOURCES } from "./strings.js";

const OPEN = 2; // so many are shown without being asked for
const MOST = 20;

/** The sources of a `rejoinder.source` message, {title, path, extract, url}, one or several. */
export function sourcesOf(message) {
  const all = Array.isArray(message.sources) ? message.sources : [message];
  const sound = all.filter((one) => text(one?.title) || text(one?.path) || address(one?.url));
  return sound.slice(0, MOST);
}

/** Their cards; many are folded up. */
export function sourceCards(sources) {
  const list = document.createElement("ul");
  list.setAttribute("aria-label", SOURCES.label);
  list.append(...sources.map(card));
  if (sources.length <= OPEN) {
    list.className = "sources";
    return list;
  }
  const folded = document.createElement("details");
  folded.className = "sources";
  const summary = document.createElement("summary");
  summary.textContent = SOURCES.count(sources.length);
  folded.append(summary, list);
  return folded;
}

function card(source) {
  const entry = document.createElement("li");
  entry.className = "source";
  const url = address(source.url);
  const place = text(source.path) || url?.host || "";
  const title = line("cite", text(source.title) || place);
  if (url) {
    const link = document.createElement("a");
    Object.assign(link, { href: url.href, target: "_blank", rel: "noopener noreferrer" });
    link.append(title);
    entry.append(link);
  } else {
    entry.append(title);
  }
  if (place && place !== title.textContent) entry.append(line("span", place, "place"));
  if (text(source.extract)) entry.append(line("q", text(source.extract), "extract"));
  return entry;
}

function line(tag, words, name = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.dir = "auto";
  element.textContent = words;
  return element;
}

function text(value) {
  return typeof value === "string" ? value.trim() : "";
}

/** A web address, or null: nothing else may become a link. */
function address(value) {
  const url = URL.canParse(text(value)) ? new URL(text(value)) : null;
  return url && ["http:", "https:"].includes(url.protocol) ? url : null;
}
