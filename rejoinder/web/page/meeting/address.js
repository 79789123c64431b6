// Which room the page is for: that of its address, or a new one that nobody can guess.

const LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"; // 32, none that looks like another
const PARTS = [5, 5, 3]; // 65 bits

/** The room of the page's address; without one a new room, which is put into the address. */
export function roomOfAddress() {
  const asked = new URL(location).searchParams.get("room")?.trim();
  if (asked) return asked;
  const room = newRoom();
  history.replaceState(null, "", linkTo(room));
  return room;
}

/** The address by which others join a room. */
export function linkTo(room) {
  const link = new URL(location.pathname, location.origin);
  link.searchParams.set("room", room);
  return link.href;
}

function newRoom() {
  const letter = () => LETTERS[crypto.getRandomValues(new Uint8Array(1))[0] % LETTERS.length];
  return ["meet", ...PARTS.map((length) => Array.from({ length }, letter).join(""))].join("-");
}
