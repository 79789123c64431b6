// Draws a recorded call. All text comes from the file and is set as text, never as markup.
"use strict";

const story = JSON.parse(document.getElementById("story").textContent);
const $ = (id) => document.getElementById(id);
const GUTTER = 104; // left of the lanes: their names
const LANES = {
  ruler: [0, 26],
  caller: [26, 96],
  said: [122, 26],
  requests: [152, 64],
  decisions: [218, 60],
  other: [280, 24],
  agent: [308, 82],
  heard: [390, 26],
  stages: [422, 60],
};
const HEIGHT = 492;
const NAMES = {
  caller: "Caller", requests: "Recogniser", decisions: "Decisions",
  agent: "Agent", stages: "The wait",
};
const STAGES = { end_of_turn: "end of turn", stt: "recogniser", llm: "model", tts: "voice" };
const ENDS = {
  answered: "answered", abandoned: "given up: nobody needed it any more", failed: "failed",
  open: "not answered before the call was over",
};
const LEAST_S = 1; // of the axis
const unpack = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const levels = { caller: unpack(story.caller), agent: unpack(story.agent) };
const probability = unpack(story.probability);
const length = Math.max(story.length_s, LEAST_S);

let view = [0, Math.min(length, 24)];
let cursor = 0;
let chosen = story.comparisons.length ? 0 : -1;
let hits = []; // what the pointer may find: [x0, y0, x1, y1, lines]
let pointer = null;
let colours = {};

// Numbers in words.

function clock(t) {
  const sign = t < 0 ? "−" : "";
  const whole = Math.abs(t);
  const seconds = (whole % 60).toFixed(2).padStart(5, "0");
  return `${sign}${Math.floor(whole / 60)}:${seconds}`;
}

const ms = (seconds) => `${Math.round(seconds * 1000)} ms`;

// The axis.

const x = (t) => GUTTER + ((t - view[0]) / (view[1] - view[0])) * (width() - GUTTER);
const time = (at) => view[0] + ((at - GUTTER) / (width() - GUTTER)) * (view[1] - view[0]);
const width = () => $("timeline").clientWidth;

function look(from, to) {
  const span = Math.min(Math.max(to - from, LEAST_S), length);
  const begin = Math.min(Math.max(from, 0), length - span);
  view = [begin, begin + span];
  draw();
}

function zoom(factor, at = (view[0] + view[1]) / 2) {
  const span = Math.min(Math.max((view[1] - view[0]) * factor, LEAST_S), length);
  const share = (at - view[0]) / (view[1] - view[0]);
  look(at - share * span, at - share * span + span);
}

function seek(t, { follow = true } = {}) {
  cursor = Math.min(Math.max(t, 0), length);
  if (sound) sound.currentTime = cursor;
  const span = view[1] - view[0];
  if (follow && (cursor < view[0] || cursor > view[1])) look(cursor - span * 0.15, cursor + span * 0.85);
  moved();
  draw();
}

// Drawing.

function surface(canvas) {
  const scale = window.devicePixelRatio || 1;
  const { clientWidth: w, clientHeight: h } = canvas;
  if (canvas.width !== Math.round(w * scale) || canvas.height !== Math.round(h * scale)) {
    canvas.width = Math.round(w * scale);
    canvas.height = Math.round(h * scale);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, w, h);
  pen.textBaseline = "middle";
  return pen;
}

function dye() {
  const style = getComputedStyle(document.documentElement);
  const names = [
    "paper", "surface", "ink", "muted", "line", "faint", "agent", "agent-soft", "you", "you-soft",
    "danger", "other", "end_of_turn", "stt", "llm", "tts",
  ];
  colours = Object.fromEntries(names.map((n) => [n, style.getPropertyValue(`--${n}`).trim()]));
}

const font = (size, weight = 400) => `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;

let wanted = false;
function draw() {
  if (wanted) return;
  wanted = true;
  requestAnimationFrame(() => {
    wanted = false;
    paint();
  });
}

function paint() {
  const pen = surface($("lanes"));
  hits = [];
  pen.save();
  pen.beginPath();
  pen.rect(GUTTER, 0, width() - GUTTER, HEIGHT);
  pen.clip();
  ruler(pen);
  held(pen);
  wave(pen, levels.caller, LANES.caller, colours.you);
  likelihood(pen);
  wave(pen, levels.agent, LANES.agent, colours.agent);
  said(pen);
  requests(pen);
  decisions(pen);
  otherwise(pen);
  heard(pen);
  stages(pen);
  notes(pen);
  line(pen, x(cursor), 0, HEIGHT, colours.ink, 1.5);
  pen.restore();
  names(pen);
  overview();
  tip();
}

function line(pen, at, from, to, colour, thick = 1) {
  pen.strokeStyle = colour;
  pen.lineWidth = thick;
  pen.beginPath();
  pen.moveTo(Math.round(at) + 0.5, from);
  pen.lineTo(Math.round(at) + 0.5, to);
  pen.stroke();
}

function box(pen, x0, y0, x1, y1, radius = 4) {
  pen.beginPath();
  pen.roundRect(x0, y0, Math.max(x1 - x0, 2), y1 - y0, Math.min(radius, Math.max(x1 - x0, 2) / 2));
}

function write(pen, text, at, y, room, colour, type = font(13)) {
  if (room < 14 || !text) return;
  pen.font = type;
  pen.fillStyle = colour;
  let shown = text;
  if (pen.measureText(text).width > room) {
    let least = 0;
    let most = text.length;
    while (least < most) {
      const half = Math.ceil((least + most) / 2);
      if (pen.measureText(`${text.slice(0, half)}…`).width <= room) least = half;
      else most = half - 1;
    }
    if (!least) return;
    shown = `${text.slice(0, least)}…`;
  }
  pen.fillText(shown, at, y);
}

function ruler(pen) {
  const span = view[1] - view[0];
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600].find((s) => span / s <= 16) || 1800;
  for (let t = Math.ceil(view[0] / step) * step; t <= view[1]; t += step) {
    line(pen, x(t), 26, HEIGHT, colours.faint);
    const text = step < 1 ? clock(t).replace(/0$/, "") : clock(t).replace(/\.\d+$/, "");
    write(pen, text, x(t) + 4, 13, 80, colours.muted, font(12));
  }
}

function held(pen) {
  const [top, height] = LANES.agent;
  for (const hold of story.holds) {
    if (hold.to < view[0] || hold.from > view[1]) continue;
    pen.fillStyle = colours["you-soft"];
    pen.fillRect(x(hold.from), top, Math.max(x(hold.to) - x(hold.from), 2), height);
    const ended = hold.end === "stop" ? "then stopped" : "then it went on";
    hit(x(hold.from), top, x(hold.to), top + height, "The agent is held", `${ms(hold.to - hold.from)}, ${ended}`);
  }
}

function wave(pen, values, [top, height], colour) {
  const middle = top + height / 2;
  pen.fillStyle = colour;
  const perPixel = (view[1] - view[0]) / (width() - GUTTER) / story.step_s;
  for (let at = GUTTER; at < width(); at += 1) {
    const first = Math.floor(time(at) / story.step_s);
    const last = Math.max(first + 1, Math.floor(first + perPixel));
    let most = 0;
    for (let n = Math.max(0, first); n < last && n < values.length; n += 1) most = Math.max(most, values[n]);
    // From -60 dB up, so that silence is a line.
    const share = Math.max(0, most / 255 - 1 / 3) * 1.5;
    const half = Math.max(0.5, share ** 1.6 * (height / 2 - 3));
    pen.fillRect(at, middle - half, 1, half * 2);
  }
}

function likelihood(pen) {
  const [top, height] = LANES.caller;
  pen.strokeStyle = colours.muted;
  pen.globalAlpha = 0.55;
  pen.lineWidth = 1;
  pen.beginPath();
  for (let at = GUTTER; at < width(); at += 1) {
    const n = Math.floor(time(at) / story.step_s);
    const y = top + height - 2 - ((probability[n] || 0) / 255) * (height - 4);
    if (at === GUTTER) pen.moveTo(at, y);
    else pen.lineTo(at, y);
  }
  pen.stroke();
  pen.globalAlpha = 1;
}

function said(pen) {
  const [top, height] = LANES.said;
  story.said.forEach((turn, n) => {
    const next = story.said[n + 1];
    const right = Math.min(x(next ? next.from : length) - 6, width());
    if (right < GUTTER || turn.from > view[1]) return;
    const from = Math.max(x(turn.from), GUTTER + 2);
    pen.fillStyle = colours["you-soft"];
    box(pen, x(turn.from), top + 2, x(turn.to), top + height - 2);
    pen.fill();
    write(pen, turn.text, from + 6, top + height / 2, right - from - 8, colours.ink);
    hit(from, top, Math.max(x(turn.to), from + 40), top + height, "The caller said", turn.text, `${clock(turn.from)} to ${clock(turn.to)}`);
  });
}

function requests(pen) {
  const [top] = LANES.requests;
  const busy = [0, 0, 0, 0];
  for (const asked of story.requests) {
    const to = asked.to ?? length;
    let row = busy.findIndex((until) => until <= asked.from);
    if (row < 0) row = 0;
    busy[row] = to;
    if (to < view[0] || asked.from > view[1]) continue;
    const y = top + 4 + row * 15;
    const [x0, x1] = [x(asked.from), x(to)];
    box(pen, x0, y, x1, y + 10);
    pen.fillStyle = pen.strokeStyle = asked.end === "failed" ? colours.danger : colours.stt;
    pen.lineWidth = 1.5;
    if (asked.end === "answered" || asked.end === "failed") {
      pen.globalAlpha = asked.rolling ? 0.45 : 1;
      pen.fill();
    } else {
      pen.globalAlpha = 0.6;
      pen.stroke();
    }
    pen.globalAlpha = 1;
    const kind = asked.rolling ? "Asked while the caller spoke" : "Asked for all the words";
    const took = asked.to === null ? "" : ` after ${ms(asked.to - asked.from)}`;
    hit(x0, y - 2, x1, y + 12, kind, `${asked.audio_s.toFixed(2)} s of sound, ${ENDS[asked.end]}${took}`, asked.text);
  }
}

const MARKS = {
  guess: ["◆", "llm"], began: ["●", "you"], ended: ["■", "ink"], hold: ["‖", "you"],
  go_on: ["▶", "agent"], stop: ["✕", "danger"], judged: ["◔", "muted"], afresh: ["↻", "muted"],
  failed: ["!", "danger"],
};

function decisions(pen) {
  const [top, height] = LANES.decisions;
  const shown = story.decisions.filter((made) => x(made.t) > GUTTER - 10 && x(made.t) < width() + 10);
  const rows = [-Infinity, -Infinity, -Infinity];
  pen.font = font(12);
  for (const made of shown) {
    const at = x(made.t);
    const room = pen.measureText(made.title).width + 24;
    let row = rows.findIndex((until) => until <= at - 9);
    if (row < 0) row = rows.indexOf(Math.min(...rows));
    made.row = row;
    // Its name is written where nothing else comes to stand.
    const next = shown.find((other) => other.t > made.t && x(other.t) < at + room);
    made.named = !next;
    rows[row] = at + (made.named ? room : 9);
  }
  for (const made of shown) {
    const at = x(made.t);
    const [mark, colour] = MARKS[made.kind];
    const y = top + 10 + made.row * 20;
    line(pen, at, top, top + height, colours.line);
    pen.font = font(made.kind === "began" ? 11 : 15, 600);
    pen.fillStyle = colours[colour];
    pen.textAlign = "center";
    pen.fillText(mark, at, y);
    pen.textAlign = "left";
    if (made.named) write(pen, made.title, at + 11, y, 200, colours.muted, font(12));
    hit(at - 8, y - 10, at + 8, y + 10, `${made.title}, ${clock(made.t)}`, made.why, made.text);
  }
}

function otherwise(pen) {
  const other = story.comparisons[chosen];
  if (!other) return;
  const [top, height] = LANES.other;
  const y = top + height / 2;
  for (const turn of other.turns) {
    const recorded = x(turn.recorded);
    if (turn.cut_off) {
      pen.fillStyle = colours.danger;
      pen.font = font(12, 600);
      write(pen, "cut off", recorded - 58, y, 60, colours.danger, font(12, 600));
    }
    if (turn.other === null) continue;
    const at = x(turn.other);
    pen.strokeStyle = pen.fillStyle = colours.other;
    pen.lineWidth = 2;
    pen.beginPath();
    pen.moveTo(recorded, y);
    pen.lineTo(at, y);
    pen.stroke();
    pen.fillRect(at - 4, y - 4, 8, 8);
    const text = difference(turn);
    hit(Math.min(at, recorded) - 8, top, Math.max(at, recorded) + 8, top + height, `With ${other.settings}`, text, turn.text);
  }
}

function difference(turn) {
  const cut = turn.cut_off ? `cut off ${turn.cut_off === 1 ? "once" : `${turn.cut_off} times`}` : "";
  if (turn.sooner_ms === null) return cut || "would have gone on into the next turn";
  const by = Math.abs(turn.sooner_ms);
  const end = by < 5 ? "over at the same time" : `over ${by} ms ${turn.sooner_ms > 0 ? "sooner" : "later"}`;
  return cut ? `${cut}; ${end}` : end;
}

function heard(pen) {
  const [top, height] = LANES.heard;
  const segments = [];
  for (const caption of story.captions) {
    const last = segments[segments.length - 1];
    if (last && last.words[0].reply === caption.reply) {
      last.words.push(caption);
      last.to = caption.t;
    } else segments.push({ from: caption.t, to: caption.t, words: [caption] });
  }
  segments.forEach((segment, n) => {
    const right = Math.min(segments[n + 1] ? x(segments[n + 1].from) - 6 : width(), width());
    if (right < GUTTER || segment.from > view[1]) return;
    const text = segment.words.map((word) => word.text).join("").trim();
    const from = Math.max(x(segment.from), GUTTER + 2);
    pen.fillStyle = colours["agent-soft"];
    box(pen, x(segment.from), top + 2, x(segment.to + 0.3), top + height - 2);
    pen.fill();
    write(pen, text, from + 6, top + height / 2, right - from - 8, colours.ink);
    hit(from, top, Math.max(x(segment.to), from + 40), top + height, "The caller heard", text, `from ${clock(segment.from)}`);
  });
}

function stages(pen) {
  const [top] = LANES.stages;
  for (const turn of story.turns) {
    if (turn.first < view[0] - 5 || turn.zero > view[1] + 5) continue;
    line(pen, x(turn.zero), top, top + 58, colours.muted);
    line(pen, x(turn.first), top, top + 58, colours.agent, 2);
    turn.stages.forEach((stage, n) => {
      const y = top + 4 + n * 13;
      pen.fillStyle = colours[stage.stage] || colours.muted;
      box(pen, x(stage.from), y, x(stage.to), y + 9);
      pen.fill();
      hit(x(stage.from), y - 2, x(stage.to), y + 11, STAGES[stage.stage] || stage.stage, ms(stage.to - stage.from), `${ms(stage.from - turn.zero)} to ${ms(stage.to - turn.zero)} after the last sound of the caller`);
    });
    write(pen, `${Math.round(turn.total_ms)} ms`, x(turn.first) + 6, top + 10, 70, colours.ink, font(13, 600));
  }
}

function notes(pen) {
  for (const note of story.notes) {
    const at = x(note.t);
    if (at < GUTTER || at > width()) continue;
    line(pen, at, 18, 26, colours.muted, 2);
    hit(at - 5, 8, at + 5, 28, `${note.title}, ${clock(note.t)}`, note.text);
  }
}

function names(pen) {
  pen.fillStyle = colours.surface;
  pen.fillRect(0, 0, GUTTER, HEIGHT);
  line(pen, GUTTER, 0, HEIGHT, colours.line);
  for (const [lane, name] of Object.entries(NAMES)) {
    const [top, height] = LANES[lane];
    write(pen, name, 16, top + height / 2, GUTTER - 20, colours.ink, font(13, 600));
  }
  if (story.comparisons[chosen]) write(pen, "otherwise", 16, LANES.other[0] + 13, GUTTER - 20, colours.other, font(12));
}

function overview() {
  const pen = surface($("overview"));
  const [w, h] = [width(), 44];
  pen.fillStyle = colours.faint;
  pen.fillRect((view[0] / length) * w, 0, Math.max(((view[1] - view[0]) / length) * w, 3), h);
  pen.strokeStyle = colours.muted;
  pen.lineWidth = 1;
  pen.strokeRect((view[0] / length) * w + 0.5, 0.5, Math.max(((view[1] - view[0]) / length) * w, 3) - 1, h - 1);
  const step = length / w / story.step_s;
  for (let at = 0; at < w; at += 1) {
    for (const [values, colour, middle] of [[levels.caller, colours.you, 12], [levels.agent, colours.agent, 32]]) {
      let most = 0;
      for (let n = Math.floor(at * step); n < (at + 1) * step && n < values.length; n += 1) most = Math.max(most, values[n]);
      const half = Math.max(0, most / 255 - 1 / 3) ** 1.3 * 14;
      if (half < 0.3) continue;
      pen.fillStyle = colour;
      pen.fillRect(at, middle - half, 1, half * 2);
    }
  }
  for (const made of story.decisions) {
    if (made.kind === "stop" || made.kind === "failed") {
      pen.fillStyle = colours.danger;
      pen.fillRect((made.t / length) * w, 0, 2, 6);
    }
  }
  line(pen, (cursor / length) * w, 0, h, colours.ink, 1.5);
}

// What is under the pointer.

function hit(x0, y0, x1, y1, ...lines) {
  hits.push([x0, y0, Math.max(x1, x0 + 3), y1, lines.filter(Boolean)]);
}

function tip() {
  const card = $("tip");
  const found = pointer && hits.findLast(([x0, y0, x1, y1]) => pointer[0] >= x0 && pointer[0] <= x1 && pointer[1] >= y0 && pointer[1] <= y1);
  card.hidden = !found;
  if (!found) return;
  card.replaceChildren(
    ...found[4].map((text, n) => {
      const part = document.createElement(n === 0 ? "b" : n === 1 ? "div" : "span");
      part.textContent = text;
      return part;
    }),
  );
  const left = pointer[0] + 16 + card.offsetWidth > width() ? pointer[0] - card.offsetWidth - 12 : pointer[0] + 16;
  card.style.left = `${Math.max(4, left)}px`;
  card.style.top = `${Math.min(pointer[1] + 14, HEIGHT + 40 - card.offsetHeight)}px`;
}

// Below the timeline.

function element(name, kind, text) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  if (text) made.textContent = text;
  return made;
}

function list() {
  const cards = story.turns.map((turn, n) => {
    const card = element("button", "turn");
    card.type = "button";
    const head = element("header");
    head.append(element("span", "", `Turn ${turn.number}, ${clock(turn.zero)}${turn.interrupted ? ", interrupted" : ""}`));
    head.append(element("b", "", `${Math.round(turn.total_ms)} ms`));
    card.append(head, element("span", "you", turn.caller || "(typed)"), element("span", "agent", turn.agent), bars(turn));
    if (turn.why) card.append(element("span", "why", turn.why));
    const other = story.comparisons[chosen]?.turns.find((t) => Math.abs(t.recorded - turn.zero) < 3 && t.recorded >= turn.zero - 0.1);
    if (other) card.append(element("span", "otherwise", `With ${story.comparisons[chosen].settings}: ${difference(other)}.`));
    card.addEventListener("click", () => visit(n));
    return card;
  });
  $("turns").replaceChildren(...cards);
  moved();
}

function bars(turn) {
  const track = element("span", "bars");
  const from = Math.min(turn.zero, ...turn.stages.map((s) => s.from));
  const span = Math.max(turn.first, ...turn.stages.map((s) => s.to)) - from || 1;
  turn.stages.forEach((stage, n) => {
    const bar = element("i");
    bar.style.left = `${((stage.from - from) / span) * 100}%`;
    bar.style.width = `${((stage.to - stage.from) / span) * 100}%`;
    bar.style.top = `${n * 9}px`;
    bar.style.background = `var(--${stage.stage in STAGES ? stage.stage : "muted"})`;
    track.append(bar);
  });
  return track;
}

function comparisons() {
  $("compared").hidden = !story.comparisons.length;
  const buttons = story.comparisons.map((other, n) => {
    const button = element("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(n === chosen));
    button.append(element("b", "", `with ${other.settings}`), element("span", "", other.summary));
    button.addEventListener("click", () => {
      chosen = n;
      comparisons();
      list();
      draw();
    });
    return button;
  });
  $("compared").replaceChildren(...buttons, element("p", "", story.limits.join(" ")));
}

const now = () => story.turns.findLastIndex((turn) => turn.zero - 1.5 <= cursor);

function moved() {
  $("clock").textContent = clock(cursor);
  [...$("turns").children].forEach((card, n) => card.classList.toggle("now", n === now()));
}

function visit(n) {
  const turn = story.turns[Math.min(Math.max(n, 0), story.turns.length - 1)];
  if (!turn) return;
  const span = Math.min(view[1] - view[0], 12);
  look(turn.zero - span * 0.4, turn.zero + span * 0.6);
  seek(turn.zero - 0.5);
  $("moment").textContent = `Turn ${turn.number}. The caller: ${turn.caller}. The agent: ${turn.agent}. ${Math.round(turn.total_ms)} milliseconds. ${turn.why}`;
}

// Sound: both sides in one WAV file, left the caller.

let sound = null;

async function unseal() {
  const packed = new Blob([unpack(story.sound)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const sides = new Int16Array(await new Response(packed).arrayBuffer());
  const count = sides.length / 2;
  const file = new DataView(new ArrayBuffer(44 + count * 4));
  const text = (at, word) => [...word].forEach((c, n) => file.setUint8(at + n, c.charCodeAt(0)));
  text(0, "RIFF");
  file.setUint32(4, 36 + count * 4, true);
  text(8, "WAVEfmt ");
  file.setUint32(16, 16, true);
  file.setUint16(20, 1, true);
  file.setUint16(22, 2, true);
  file.setUint32(24, story.sound_hz, true);
  file.setUint32(28, story.sound_hz * 4, true);
  file.setUint16(32, 4, true);
  file.setUint16(34, 16, true);
  text(36, "data");
  file.setUint32(40, count * 4, true);
  const samples = new Int16Array(file.buffer, 44);
  for (let n = 0; n < count; n += 1) {
    samples[2 * n] = sides[n];
    samples[2 * n + 1] = sides[count + n];
  }
  sound = new Audio(URL.createObjectURL(new Blob([file.buffer], { type: "audio/wav" })));
  sound.currentTime = cursor;
  sound.addEventListener("play", playing);
  sound.addEventListener("pause", () => button(false));
  $("play").hidden = false;
}

function button(on) {
  $("play").querySelector("span").textContent = on ? "❚❚" : "▶";
  $("play").querySelector("b").textContent = on ? "Pause" : "Play";
}

function playing() {
  button(true);
  const follow = () => {
    if (!sound || sound.paused) return;
    cursor = sound.currentTime;
    const span = view[1] - view[0];
    if (cursor > view[1] - span * 0.1 || cursor < view[0]) look(cursor - span * 0.2, cursor + span * 0.8);
    moved();
    paint();
    requestAnimationFrame(follow);
  };
  requestAnimationFrame(follow);
}

function play() {
  if (!sound) return;
  if (sound.paused) sound.play();
  else sound.pause();
}

// Hands.

function keys(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const span = view[1] - view[0];
  const does = {
    " ": () => event.target.tagName !== "BUTTON" && play(),
    ArrowLeft: () => seek(cursor - (event.shiftKey ? 0.1 : span / 20)),
    ArrowRight: () => seek(cursor + (event.shiftKey ? 0.1 : span / 20)),
    Home: () => seek(0),
    End: () => seek(length),
    n: () => visit(now() + 1),
    p: () => visit(now() - 1),
    "+": () => zoom(1 / 1.6, cursor),
    "=": () => zoom(1 / 1.6, cursor),
    "-": () => zoom(1.6, cursor),
    0: () => look(0, length),
  }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!does || does() === false) return;
  event.preventDefault();
}

function hands() {
  const lanes = $("lanes");
  let grabbed = null;
  const place = (event) => {
    const edge = $("timeline").getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  };
  lanes.addEventListener("pointerdown", (event) => {
    grabbed = { at: place(event)[0], from: [...view], moved: false };
    lanes.setPointerCapture(event.pointerId);
  });
  lanes.addEventListener("pointermove", (event) => {
    pointer = place(event);
    if (grabbed) {
      const by = ((pointer[0] - grabbed.at) / (width() - GUTTER)) * (grabbed.from[1] - grabbed.from[0]);
      if (Math.abs(pointer[0] - grabbed.at) > 4) grabbed.moved = true;
      if (grabbed.moved) look(grabbed.from[0] - by, grabbed.from[1] - by);
    } else tip();
  });
  lanes.addEventListener("pointerup", (event) => {
    if (grabbed && !grabbed.moved && place(event)[0] > GUTTER) seek(time(place(event)[0]));
    grabbed = null;
  });
  lanes.addEventListener("pointerleave", () => {
    pointer = null;
    tip();
  });
  lanes.addEventListener("wheel", (event) => {
    const span = view[1] - view[0];
    if (event.ctrlKey || event.metaKey) zoom(event.deltaY > 0 ? 1.2 : 1 / 1.2, time(place(event)[0]));
    else if (event.deltaX) look(view[0] + (event.deltaX / width()) * span, view[1] + (event.deltaX / width()) * span);
    else return;
    event.preventDefault();
  }, { passive: false });
  const jump = (event) => {
    const at = (place(event)[0] / width()) * length;
    const half = (view[1] - view[0]) / 2;
    look(at - half, at + half);
    seek(at, { follow: false });
  };
  $("overview").addEventListener("pointerdown", jump);
  $("overview").addEventListener("pointermove", (event) => event.buttons && jump(event));
  $("play").addEventListener("click", play);
  $("before").addEventListener("click", () => visit(now() - 1));
  $("after").addEventListener("click", () => visit(now() + 1));
  $("wider").addEventListener("click", () => zoom(1.6, cursor));
  $("nearer").addEventListener("click", () => zoom(1 / 1.6, cursor));
  $("all").addEventListener("click", () => look(0, length));
  document.addEventListener("keydown", keys);
  new ResizeObserver(draw).observe($("timeline"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    dye();
    draw();
  });
}

function legend() {
  const entries = [
    ["you", "caller, and the likelihood of speech"], ["agent", "agent, as it was played"],
    ["you-soft", "held"], ["stt", "recogniser (pale: while the caller spoke; hollow: given up)"],
    ["end_of_turn", "silence until the turn was over"], ["llm", "model; ◆ answer begun"], ["tts", "voice"],
  ];
  $("legend").replaceChildren(
    ...entries.map(([colour, text]) => {
      const entry = element("span", "", text);
      entry.style.setProperty("--colour", `var(--${colour})`);
      return entry;
    }),
  );
}

function begin() {
  dye();
  const began = new Date(story.began);
  const when = Number.isNaN(began.getTime()) ? "" : began.toLocaleString();
  const engines = Object.values(story.engines);
  $("facts").textContent = [when, clock(story.length_s), `${story.turns.length} turns`, ...engines].filter(Boolean).join(" · ");
  const warnings = [];
  if (!story.whole) warnings.push("Parts of this recording are missing.");
  if (story.redacted) warnings.push("Words and sound were taken out of this recording.");
  $("warning").hidden = !warnings.length;
  $("warning").textContent = warnings.join(" ");
  legend();
  comparisons();
  list();
  hands();
  draw();
  if (story.sound) unseal();
}

begin();
