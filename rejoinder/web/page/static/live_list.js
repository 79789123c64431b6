// A list that grows while it is read: it stays at its end, and what is new is read out.

const NEAR_END_PX = 80;
const SPOKEN_S = 8; // how long a line stays for the screen reader before it is cleared

/** Change what is in a scroller; who is at its end stays there. */
export function keepEnd(scroller, change) {
  const away = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
  change();
  if (away < NEAR_END_PX) scroller.scrollTop = scroller.scrollHeight;
}

/** Have a screen reader read a line; `place` is a live region. */
export function announce(place, text, language = "") {
  const line = document.createElement("p");
  line.textContent = text;
  line.lang = language;
  place.append(line);
  setTimeout(() => line.remove(), SPOKEN_S * 1000);
}
