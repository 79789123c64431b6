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
