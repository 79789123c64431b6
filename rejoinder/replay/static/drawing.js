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
