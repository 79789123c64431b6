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
