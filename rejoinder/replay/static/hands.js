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
  $("facts").textContent = [when, clock(story.length_s), `${story.turns.length} turn${story.turns.length === 1 ? "" : "s"}`, ...engines].filter(Boolean).join(" · ");
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
