// The page: joins what the caller does to the call, and the call to what is seen.

import * as endpoint from "./endpoint.js";
import { Call, connectFault, libraryLoaded, microphones, openMicrophone } from "./call.js";
import { Cards } from "./cards.js";
import { Conversation } from "./conversation.js";
import { costLine } from "./cost.js";
import { Stopwatch } from "./levels.js";
import { ACTION, HINT, PROBLEM, STATE, fillPage } from "./strings.js";
import {
  $, heard, listenTo, showCost, showDevices, showEngines, showMicrophone, showMuted, showPhase,
  showState, wakeSound,
} from "./view.js";

const AGENT_POLL_MS = 1000;

const cards = new Cards($("cards"));
const conversation = new Conversation($("messages"), $("scroller"), $("announcer"));
let current = null; // the call in progress: {call, abort, connected, agentCame, agentState, …}

/** The words and the motion for what the call is doing now. */
function showCall() {
  const session = current;
  if (!session?.connected) return;
  if (session.reconnecting) showState("reconnecting");
  else if (!session.call.hasAgent()) showAbsence(session);
  else showAgent(session, session.agentState === "idle" ? "listening" : session.agentState);
}

function showAbsence(session) {
  if (session.agentCame || session.gaveUp) return showState("alone");
  return showState("waiting", session.dispatches > 1 ? HINT.asked(session.dispatches) : undefined);
}

function showAgent(session, state) {
  if (state !== "listening") return showState(state in STATE ? state : "initializing");
  if (!session.call.mic) return showState(state, HINT.textOnly);
  return showState(state, session.muted ? HINT.muted : HINT.listening);
}

// ---- microphone ----------------------------------------------------------------------------

function microphoneProblem(error) {
  if (!navigator.mediaDevices?.getUserMedia) return PROBLEM.insecure;
  if (error.name === "NotAllowedError" || error.name === "SecurityError") return PROBLEM.denied;
  if (error.name === "NotFoundError" || error.name === "OverconstrainedError") {
    return PROBLEM.noMicrophone;
  }
  return PROBLEM.busyMicrophone;
}

/** The microphone's track, or null after a card has said why there is none. */
async function microphoneOrCard(session) {
  try {
    const track = await openMicrophone();
    cards.drop("microphone");
    return track;
  } catch (error) {
    if (session !== current) return null;
    const actions = navigator.mediaDevices
      ? [{ label: ACTION.microphone, run: () => retryMicrophone(session) }]
      : [];
    cards.show("microphone", microphoneProblem(error), actions);
    return null;
  }
}

async function retryMicrophone(session) {
  if (session !== current) return;
  const track = await microphoneOrCard(session);
  if (track) await session.joined;
  if (!track || session !== current) return void track?.stop();
  try {
    await session.call.unpublish();
    await session.call.publish(track);
  } catch {
    track.stop();
    if (session === current) cards.show("microphone", PROBLEM.media);
    return;
  }
  session.track = track;
  useMicrophone(session, track);
}

function useMicrophone(session, track) {
  listenTo("mic", track.mediaStreamTrack);
  session.muted = false;
  showMuted(false);
  showMicrophone(true);
  listDevices(session);
  showCall();
}

async function listDevices(session) {
  const found = await microphones().catch(() => []);
  const chosen = session.call.mic?.mediaStreamTrack.getSettings().deviceId;
  if (session === current) showDevices(found, chosen);
}

// ---- the call ------------------------------------------------------------------------------

/** Begin a call; with a resume ticket the one that was interrupted, under the same identity. */
async function start(resume = null) {
  cards.clear();
  if (!libraryLoaded()) return fail(PROBLEM.library);
  conversation.clear();
  showEngines({});
  showCost(null);
  const session = {
    abort: new AbortController(), agentState: "initializing", dispatches: 1, resume,
  };
  session.joined = new Promise((resolve) => {
    session.resolveJoined = resolve; // also when the call ends before
  });
  current = session;
  showPhase("connecting");
  showState("microphone");
  showMicrophone(false);
  wakeSound();
  session.call = new Call(handlers(session));
  const [track, ticket] = await Promise.all([
    microphoneOrCard(session).then((opened) => {
      session.track = opened;
      if (session === current) showState("connecting");
      return opened;
    }),
    ticketOrCard(session),
  ]);
  if (session !== current || !ticket) return void track?.stop();
  session.resume = ticket.resume;
  try {
    await session.call.connect(ticket.server_url, ticket.participant_token, track);
  } catch (error) {
    track?.stop();
    if (session === current) connectFailed(error, ticket.server_url);
    return;
  }
  if (session !== current) return session.call.leave();
  session.connected = performance.now();
  session.resolveJoined();
  session.stopwatch = new Stopwatch(() => heard.mic, () => heard.agent);
  showPhase("call");
  if (track) useMicrophone(session, track);
  showCall();
  awaitAgent(session);
}

async function ticketOrCard(session) {
  for (let problem = PROBLEM.secret; ; problem = PROBLEM.wrongSecret) {
    try {
      const { needs_secret: needed } = await endpoint.config();
      if (needed && !endpoint.hasSecret()) {
        const secret = await cards.askSecret(problem);
        if (session !== current) return null;
        if (secret === null) return stopAt("idle");
        endpoint.keepSecret(secret);
      }
      return await endpoint.token(session.abort.signal, session.resume);
    } catch (error) {
      if (session !== current) return null;
      if (error.status !== 401 || !endpoint.hasSecret()) return tokenFailed(error);
      endpoint.forgetSecret();
    }
  }
}

function tokenFailed(error) {
  if (error.status === 0) return fail(PROBLEM.pageServer);
  if (error.status === 429) return fail(PROBLEM.tooMany(error.retryAfterS));
  return fail(PROBLEM.refused(error.message));
}

function connectFailed(error, url) {
  const fault = connectFault(error);
  if (fault === "refused") return fail(PROBLEM.refused(error.message));
  return fail(fault === "media" ? PROBLEM.media : PROBLEM.livekit(url));
}

/** Follow the dispatch until the agent is in the room or none will come. */
async function awaitAgent(session) {
  while (session === current && !session.agentCame) {
    const known = await endpoint.agentState(session.call.room.name, session.abort.signal).catch(() => null);
    if (session !== current || session.agentCame) return;
    if (known) session.dispatches = known.dispatches;
    if (known?.state === "absent") {
      session.gaveUp = true;
      cards.show("agent", PROBLEM.noAgent(known.dispatches), [{ label: ACTION.retry, run: again }]);
      return showCall();
    }
    showCall();
    await new Promise((wake) => setTimeout(wake, AGENT_POLL_MS));
  }
}

function handlers(session) {
  const mine = (run) => (...args) => {
    if (session === current) run(...args);
  };
  return {
    caption: mine((...caption) => conversation.caption(...caption)),
    turn: mine((turn) => {
      const measured = session.stopwatch?.take() ?? null;
      const beyond = measured === null ? null : measured - turn.total_ms;
      conversation.turn(turn, beyond);
    }),
    notice: mine(({ level, text }) => conversation.notice(level === "error" ? "error" : "info", text)),
    source: mine((source) => conversation.from(source)),
    cost: mine((cost) => showCost(costLine(cost))),
    agentTrack: mine((track) => listenTo("agent", track)),
    agent: mine((present) => {
      if (present) {
        session.agentCame = true;
        cards.drop("agent");
      } else {
        conversation.settle();
        listenTo("agent", null);
        cards.show("agent", PROBLEM.agentLeft, [{ label: ACTION.retry, run: again }]);
      }
      showCall();
    }),
    agentState: mine((state) => {
      session.agentState = state;
      if (state === "thinking") session.stopwatch?.arm();
      showCall();
    }),
    attributes: mine(showEngines),
    playback: mine((allowed) => {
      if (allowed) return cards.drop("sound");
      const run = () => session.call.allowSound();
      return cards.show("sound", PROBLEM.sound, [{ label: ACTION.sound, run }]);
    }),
    reconnecting: mine(() => {
      session.reconnecting = true;
      showCall();
    }),
    reconnected: mine(() => {
      session.reconnecting = false;
      showCall();
    }),
    ended: mine((reason) => {
      if (!session.connected) return; // connect() rejects
      if (reason === null) return stop();
      const problem = PROBLEM.ended[reason];
      fail(problem ?? PROBLEM.ended.other, problem ? null : session.resume);
    }),
    microphoneLost: mine(() => {
      session.call.unpublish();
      listenTo("mic", null);
      showMicrophone(false);
      const run = () => retryMicrophone(session);
      cards.show("microphone", PROBLEM.lostMicrophone, [{ label: ACTION.microphone, run }]);
      showCall();
    }),
    devices: mine(() => listDevices(session)),
  };
}

/** Leave the call, whatever stage it is in, and show `next`. */
function stopAt(next) {
  const session = current;
  current = null;
  if (session) {
    session.abort.abort();
    session.resolveJoined();
    session.stopwatch?.close();
    session.track?.stop();
    session.call?.leave().catch(() => {});
  }
  listenTo("mic", null);
  listenTo("agent", null);
  conversation.settle();
  showPhase(next);
  showState(next, next === "ended" ? lasted(session) : undefined);
  return null;
}

function lasted(session) {
  const seconds = Math.round((performance.now() - session.connected) / 1000);
  return HINT.ended(Math.floor(seconds / 60), seconds % 60);
}

function stop() {
  cards.clear();
  return stopAt(current?.connected ? "ended" : "idle");
}

/** End the call with a card; "Try again" resumes it when there is a ticket for it. */
function fail(problem, resume = null) {
  const wasInCall = Boolean(current?.connected);
  stopAt(wasInCall ? "ended" : "idle");
  if (!wasInCall) showState("failed", "");
  cards.clear();
  cards.show("call", problem, [{ label: ACTION.retry, run: () => start(resume) }]);
  return null;
}

function again() {
  stopAt("ended");
  start();
}

// ---- what the caller does ------------------------------------------------------------------

$("talk").addEventListener("click", () => (current ? stop() : start(endpoint.takeCall())));

$("mute").addEventListener("click", async () => {
  const session = current;
  if (!session?.call.mic) return;
  session.muted = !session.muted;
  showMuted(session.muted);
  showCall();
  await session.call.mute(session.muted);
});

$("microphones").addEventListener("change", async () => {
  const session = current;
  if (!session?.call.mic) return;
  try {
    await session.call.choose($("microphones").value);
  } catch (error) {
    if (session === current) cards.show("microphone", microphoneProblem(error));
  }
  if (session === current) listenTo("mic", session.call.mic?.mediaStreamTrack);
});

$("chat").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("chat-text").value.trim();
  if (!text || !current?.connected) return;
  $("chat-text").value = "";
  conversation.typed(text);
  try {
    await current.call.send(text);
  } catch {
    cards.show("chat", PROBLEM.notSent);
  }
});

addEventListener("pagehide", () => {
  if (current?.connected) endpoint.keepCall(current.resume);
  if (current) stop();
});

fillPage();
showPhase("idle");
showState("idle", endpoint.hasCall() ? HINT.resume : undefined);
if (!navigator.mediaDevices?.getUserMedia) cards.show("microphone", PROBLEM.insecure);
