// The transcript as a file: text, SRT, VTT. Pure.
//
// A line is {begun, ended, name, texts}: milliseconds, who spoke, the texts {text, label} beside
// each other; the label names a translation's language, or is empty.

const LEAST_MS = 1000; // what is final at once is shown for so long

/** Plain text: time, name, what was said, translations below it. */
export function toText(lines) {
  const entries = lines.map(({ begun, name, texts }) => {
    const [first, ...others] = texts.map(({ text, label }) => labelled(flat(text), label));
    return [`[${clock(begun, 0)}] ${flat(name)}: ${first}`, ...others.map((o) => `  ${o}`)];
  });
  return entries.map((entry) => `${entry.join("\n")}\n`).join("");
}

/** SubRip. It knows no escapes: what would be read as times is written otherwise. */
export function toSrt(lines) {
  const safe = (text) => flat(text).replaceAll("-->", "→");
  return cues(lines).map(({ begun, ended, name, texts }, n) => {
    const [first, ...others] = texts.map(({ text }) => safe(text));
    const times = `${stamp(begun, ",")} --> ${stamp(ended, ",")}`;
    return `${n + 1}\n${times}\n${[`${safe(name)}: ${first}`, ...others].join("\n")}\n\n`;
  }).join("");
}

/** WebVTT, with a voice for each speaker. Source: https://www.w3.org/TR/webvtt1/ */
export function toVtt(lines) {
  const safe = (text) => flat(text)
    .replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  const blocks = cues(lines).map(({ begun, ended, name, texts }) => {
    const times = `${stamp(begun, ".")} --> ${stamp(ended, ".")}`;
    return `${times}\n<v ${safe(name)}>${texts.map(({ text }) => safe(text)).join("\n")}</v>\n`;
  });
  return ["WEBVTT\n", ...blocks].join("\n");
}

function cues(lines) {
  const ordered = [...lines].sort((one, other) => one.begun - other.begun);
  return ordered.map((line) => ({ ...line, ended: Math.max(line.ended, line.begun + LEAST_MS) }));
}

function labelled(text, label) {
  return label ? `${label}: ${text}` : text;
}

/** On one line: a line break would end a cue or an entry. */
function flat(text) {
  return text.replace(/\s+/gu, " ").trim();
}

function stamp(ms, separator) {
  const whole = Math.max(0, Math.round(ms));
  return `${clock(whole, 2)}${separator}${String(whole % 1000).padStart(3, "0")}`;
}

function clock(ms, hourDigits) {
  const seconds = Math.floor(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  const hours = String(Math.floor(seconds / 3600)).padStart(hourDigits, "0");
  return `${hours}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
