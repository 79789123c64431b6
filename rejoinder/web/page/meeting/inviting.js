// The link by which others join, in a dialogue of its own.

import { $ } from "../static/elements.js";
import { INVITE, PROBLEM } from "./strings.js";

/** Give `link` away; `reachable` tells whether others get into the same room by it. */
export function setUpInviting(link, reachable) {
  const [dialog, field, copied] = [$("invitation"), $("invite-link"), $("copied")];
  field.value = link;
  $("copy").textContent = INVITE.copy;
  $("invite-note").textContent = PROBLEM.ownRoom.text;
  $("invite").addEventListener("click", () => {
    copied.textContent = "";
    $("invite-hint").hidden = !reachable();
    $("invite-note").hidden = reachable();
    dialog.showModal();
    field.select();
  });
  $("copy").addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(link); // undefined on pages that are not secure
      copied.textContent = INVITE.copied;
    } catch {
      copied.textContent = INVITE.byHand;
    }
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // outside of what is in it
  });
}
