// The ring of ticks around the talk button: it shows who speaks, and that the agent thinks.

import { eachFrame } from "./frames.js";

const TICKS = 84;
const INNER = 0.378; // where ticks begin, as a share of the canvas's width
const REST = 3; // length of a tick at rest, in CSS pixels
const OUTER = 0.49; // where the loudest tick ends, as a share of the width
const WIDTH = 2.5;
const FIRST_BAND = 2; // 94 Hz at 48 kHz; below is rumble
const EASE = 0.39;
const COLOUR_EASE = 0.23;
const LAPS_PER_S = 0.45;

const reduced = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

export class Ring {
  /** `sources` gives the two Listeners: {mic, agent}, either may be null. */
  constructor(canvas, sources) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.sources = sources;
    this.mode = "idle";
    this.lengths = new Float32Array(TICKS);
    this.colour = null;
    this.readColours();
    dark.addEventListener("change", () => this.readColours());
    reduced.addEventListener("change", () => {
      this.still = null;
    });
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
    eachFrame((now) => this.frame(now / 1000));
  }

  /** mode: idle, busy, listening, thinking, speaking, off */
  show(mode) {
    this.mode = mode;
  }

  readColours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => parse(style.getPropertyValue(name).trim());
    this.palette = { rest: read("--tick"), you: read("--you"), agent: read("--agent") };
    this.still = null;
  }

  resize() {
    const scale = devicePixelRatio || 1;
    this.size = this.canvas.clientWidth;
    this.canvas.width = this.canvas.height = Math.round(this.size * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
    this.still = null;
  }

  frame(seconds) {
    if (reduced.matches && this.still === this.mode) return;
    this.draw(seconds);
    this.still = this.mode;
  }

  draw(seconds) {
    const { mic, agent } = this.sources();
    const heard = this.mode === "speaking" ? agent : this.mode === "listening" ? mic : null;
    const bands = heard && !reduced.matches ? heard.bands() : null;
    this.level = heard?.level ?? 0;
    const wanted = this.wantedColour();
    this.colour = this.colour && !reduced.matches ? mix(this.colour, wanted, COLOUR_EASE) : wanted;

    const { context, size } = this;
    const centre = size / 2;
    const inner = size * INNER;
    this.reach = size * (OUTER - INNER) - REST;
    context.clearRect(0, 0, size, size);
    context.lineWidth = WIDTH;
    context.lineCap = "round";
    for (let i = 0; i < TICKS; i += 1) {
      const [length, strength] = this.tick(i, bands, seconds);
      this.lengths[i] += (length - this.lengths[i]) * (reduced.matches ? 1 : EASE);
      const angle = (i / TICKS) * 2 * Math.PI - Math.PI / 2;
      const [x, y] = [Math.cos(angle), Math.sin(angle)];
      const [r, g, b] = mix(this.palette.rest, this.colour, strength);
      context.strokeStyle = `rgb(${r} ${g} ${b})`;
      context.beginPath();
      context.moveTo(centre + x * inner, centre + y * inner);
      context.lineTo(
        centre + x * (inner + REST + this.lengths[i]),
        centre + y * (inner + REST + this.lengths[i]),
      );
      context.stroke();
    }
  }

  wantedColour() {
    if (this.mode === "listening") return this.palette.you;
    if (this.mode === "idle" || this.mode === "off") return this.palette.rest;
    return this.palette.agent;
  }

  /** Additional length of one tick in pixels, and how much of the mode's colour it has. */
  tick(i, bands, seconds) {
    const { reach } = this;
    if (reduced.matches) return [this.mode === "speaking" ? reach / 3 : 0, 1];
    if (this.mode === "thinking" || this.mode === "busy") {
      const laps = this.mode === "thinking" ? LAPS_PER_S : LAPS_PER_S / 2;
      const tail = (((seconds * laps - i / TICKS) % 1) + 1) % 1;
      const glow = Math.max(0, 1 - tail * 2.4);
      return [glow * glow * reach * 0.5, glow];
    }
    if (bands) {
      // The same on both sides: low bands at the bottom, high ones at the top.
      const fromBottom = Math.abs(((i / TICKS + 0.5) % 1) - 0.5) * 2;
      const band = FIRST_BAND + Math.round((1 - fromBottom) * (TICKS / 2 - 1));
      const loud = Math.max(0, bands[band] / 255 - 0.25) / 0.75;
      return [loud ** 1.4 * reach * 0.85 + this.level * reach * 0.15, 0.55 + 0.45 * loud];
    }
    const breath = Math.sin(seconds * 0.9 + (i / TICKS) * 6 * Math.PI);
    return [this.mode === "idle" ? 1.6 + breath * 1.6 : 0, 1];
  }
}

function parse(hex) {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

function mix(from, to, share) {
  return from.map((value, i) => value + (to[i] - value) * share);
}
