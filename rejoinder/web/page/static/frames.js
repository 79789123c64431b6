// Motion at half of most screens' rate: the eye misses nothing, a phone's battery lasts.

const LEAST_MS = 1000 / 30 - 4; // two frames of 60 Hz, which come a little early or late

/** Calls `draw` with the time in milliseconds, 30 times a second while the page is seen. */
export function eachFrame(draw) {
  let drawn = 0;
  const frame = (now) => {
    requestAnimationFrame(frame);
    if (now - drawn < LEAST_MS) return;
    drawn = now;
    draw(now);
  };
  requestAnimationFrame(frame);
}
