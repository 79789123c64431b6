// What every page does to get into a room; what goes wrong becomes one of the page's problems.

import { connectFault } from "./connection.js";
import * as endpoint from "./endpoint.js";

const AGENT_POLL_MS = 1000;

/**
 * A token for `wish` (`endpoint.token`); the shared secret is asked for where one is needed.
 * Null when that was dismissed, or when the person, by `wanted`, joins no longer.
 */
export async function ticket({ wish, signal, cards, problems, wanted }) {
  for (let problem = problems.secret; ; problem = problems.wrongSecret) {
    try {
      const { needs_secret: needed } = await endpoint.config();
      if (needed && !endpoint.hasSecret()) {
        const secret = await cards.askSecret(problem);
        if (secret === null || !wanted()) return null;
        endpoint.keepSecret(secret);
      }
      return await endpoint.token(wish, signal);
    } catch (error) {
      if (!wanted()) return null;
      if (error.status !== 401 || !endpoint.hasSecret()) throw error;
      endpoint.forgetSecret();
    }
  }
}

/** Why `ticket` failed. */
export function tokenProblem(error, problems) {
  if (error.status === 0) return problems.pageServer;
  if (error.status === 429) return problems.tooMany(error.retryAfterS);
  return problems.refused(error.message);
}

/** Why LiveKit at `url` could not be joined. */
export function connectionProblem(error, url, problems) {
  const fault = connectFault(error);
  if (fault === "refused") return problems.refused(error.message);
  return fault === "media" ? problems.media : problems.livekit(url);
}

/** Tell what becomes of the agent's dispatch, until `told` returns true or the signal aborts. */
export async function followDispatch(room, signal, told) {
  while (!signal.aborted) {
    const known = await endpoint.agentState(room, signal).catch(() => null);
    if (signal.aborted || told(known)) return;
    await new Promise((wake) => setTimeout(wake, AGENT_POLL_MS));
  }
}
