// One bar per turn: where its time went.

import { STAGES, WATERFALL } from "./strings.js";

const PLAUSIBLE_MS = 10000; // beyond it, something else than this turn was measured

/**
 * A figure for one `rejoinder.turn` message, or null when it holds no times.
 * `transportMs` is what this page measured beyond `total_ms`; null or an absurd time is left out.
 */
export function waterfall(turn, transportMs) {
  const stages = turn.stages.filter((s) => s.stage in STAGES && s.to_ms >= s.from_ms);
  let total = turn.total_ms;
  if (!stages.length || !(total > 0)) return null;
  if (transportMs !== null && transportMs >= 0 && transportMs < PLAUSIBLE_MS) {
    stages.push({ stage: "transport", from_ms: total, to_ms: total + transportMs });
    total += transportMs;
  }
  // Work may have begun before the last word was over: left of zero.
  const begin = Math.min(0, ...stages.map((s) => s.from_ms));
  const end = Math.max(total, ...stages.map((s) => s.to_ms));

  const figure = document.createElement("figure");
  figure.className = "waterfall";
  figure.append(bars(stages, begin, end), legend(stages, total));
  const parts = stages.map((s) => WATERFALL.part(STAGES[s.stage], Math.round(s.to_ms - s.from_ms)));
  figure.setAttribute("role", "img");
  figure.setAttribute("aria-label", WATERFALL.summary(WATERFALL.total(total), parts.join(", ")));
  return figure;
}

function bars(stages, begin, end) {
  const track = document.createElement("div");
  track.className = "bars";
  const span = end - begin;
  const lanes = []; // per lane, where its last stage ends
  for (const stage of [...stages].sort((a, b) => a.from_ms - b.from_ms)) {
    let lane = lanes.findIndex((busyUntil) => busyUntil <= stage.from_ms);
    if (lane < 0) lane = lanes.length;
    lanes[lane] = stage.to_ms;
    const bar = document.createElement("i");
    bar.dataset.stage = stage.stage;
    bar.style.left = `${((stage.from_ms - begin) / span) * 100}%`;
    bar.style.width = `${((stage.to_ms - stage.from_ms) / span) * 100}%`;
    bar.style.gridRow = lane + 1;
    track.append(bar);
  }
  return track;
}

function legend(stages, total) {
  const list = document.createElement("figcaption");
  const sum = document.createElement("b");
  sum.textContent = WATERFALL.total(total);
  list.append(sum);
  for (const stage of stages) {
    const entry = document.createElement("span");
    entry.dataset.stage = stage.stage;
    const ms = Math.round(stage.to_ms - stage.from_ms);
    entry.textContent = WATERFALL.stage(STAGES[stage.stage], ms);
    list.append(entry);
  }
  return list;
}
