// The page's own server: configuration, tokens, and whether an agent is on its way.

const SECRET = "rejoinder.secret";
const LIST_MS = 5000; // the longest that a list of personas is waited for
const KEPT_MS = 120_000; // later the agent has gone, and a new room is what is meant

/** A refusal or silence of the page's server. `status` is 0 when it did not answer. */
export class EndpointError extends Error {
  constructor(status, reason, retryAfterS = 0) {
    super(reason);
    this.status = status;
    this.retryAfterS = retryAfterS;
  }
}

export function keepSecret(secret) {
  sessionStorage.setItem(SECRET, secret);
}

export function forgetSecret() {
  sessionStorage.removeItem(SECRET);
}

export function hasSecret() {
  return sessionStorage.getItem(SECRET) !== null;
}

async function ask(path, { signal, body } = {}) {
  const headers = {};
  const secret = sessionStorage.getItem(SECRET);
  if (secret !== null) headers.Authorization = `Bearer ${secret}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method: body === undefined ? "GET" : "POST",
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new EndpointError(0, error.message);
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    const wait = Number(answer.headers.get("Retry-After")) || 0;
    throw new EndpointError(answer.status, said.error ?? answer.statusText, wait);
  }
  return said;
}

/** What the page must know: {needs_secret, mode}, the mode as `AGENT_MODE` has it. */
export function config() {
  return ask("/api/config");
}

/** Who can answer: {personas: [{name, title, about, picture}], default}. */
export function personas() {
  return ask("/api/personas", { signal: AbortSignal.timeout(LIST_MS) });
}

/**
 * A join token: {server_url, participant_token, room_name, resume}. `wish` may have a `room_name`,
 * a `participant_name`, a `room_config` (LiveKit's), and the `resume` of an earlier answer: then it is for the same room and
 * identity, else for new ones.
 */
export function token(wish, signal) {
  return ask("/api/token", { body: wish, signal });
}

/** The resume ticket of one kind of visit, kept over a reload of this tab. */
export class KeptTicket {
  constructor(key) {
    this.key = key;
  }

  keep(resume) {
    sessionStorage.setItem(this.key, JSON.stringify({ resume, at: Date.now() }));
  }

  /** Whether this tab was left in the middle of it a moment ago. */
  get there() {
    return this.look() !== null;
  }

  /** The ticket, once; null without one. */
  take() {
    const kept = this.look();
    sessionStorage.removeItem(this.key);
    return kept;
  }

  look() {
    const { resume, at } = JSON.parse(sessionStorage.getItem(this.key) ?? "{}");
    return resume && Date.now() - at < KEPT_MS ? resume : null;
  }
}

/** {state: "waiting" | "joined" | "absent", dispatches}; null when the server does not know. */
export async function agentState(room, signal) {
  try {
    return await ask(`/api/rooms/${encodeURIComponent(room)}/agent`, { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    return null;
  }
}
