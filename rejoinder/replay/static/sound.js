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
