// What each lane shows.

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
    pen.fillStyle = pen.strokeStyle = colours["you-soft"];
    pen.lineWidth = 1.5;
    box(pen, x(turn.from), top + 2, x(turn.to), top + height - 2);
    if (turn.over_agent) pen.stroke();
    else pen.fill();
    write(pen, turn.text, from + 6, top + height / 2, right - from - 8, turn.over_agent ? colours.muted : colours.ink);
    const what = turn.over_agent ? "The caller said over the agent, and no turn was made of it" : "The caller said";
    hit(from, top, Math.max(x(turn.to), from + 40), top + height, what, turn.text, `${clock(turn.from)} to ${clock(turn.to)}`);
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
