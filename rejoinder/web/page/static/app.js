// The page: joins what the caller does to the call, and the call to what is seen.

import { Agent } from "./agent.js";
import { Call } from "./call.js";
import { Cards } from "./cards.js";
import { libraryLoaded } from "./connection.js";
import { Conversation } from "./conversation.js";
import { costLine, showCost } from "./cost.js";
import { $, fillPage } from "./elements.js";
import { KeptTicket } from "./endpoint.js";
import { connectionProblem, followDispatch, ticket as askTicket, tokenProblem } from "./joining.js";
import { Stopwatch } from "./levels.js";
import { Microphone, fillChooser } from "./microphone.js";
import { ACTION, COST, HINT, PROBLEM, STATE, TEXT } from "./strings.js";
import {
  heard, listenTo, showEngines, showMicrophone, showMuted, showPhase, showState,
  wakeSound,
} from "./view.js";

const kept = new KeptTicket("rejoinder.call");
const cards = new Cards($("cards"));
const conversation = new Conversation($("messages"), $("scroller"), $("announcer"));
let current = null; // the call in progress: {call, abort, connected, agentCame, agentState, …}

const agent = new Agent({ cards, conversation, call: () => current.call });

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

// ---- the call ------------------------------------------------------------------------------

/** Begin a call; with a resume ticket the one that was interrupted, under the same identity. */
async function start(resume = null) {
  cards.clear();
  if (!libraryLoaded()) return fail(PROBLEM.library);
  conversation.clear();
  showEngines({});
  showCost($("cost"), null);
  agent.called();
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
  session.microphone = microphoneOf(session);
  const [track, ticket] = await Promise.all([
    session.microphone.open().then((opened) => {
      session.microphone.track = opened;
      if (session === current) showState("connecting");
      return opened;
    }),
    ticketOrCard(session),
  ]);
  if (session !== current || !ticket) return void track?.stop();
  session.resume = ticket.resume;
  agent.memory.known = ticket.known;
  try {
    await session.call.connect(ticket.server_url, ticket.participant_token, track);
  } catch (error) {
    track?.stop();
    if (session === current) fail(connectionProblem(error, ticket.server_url, PROBLEM));
    return;
  }
  if (session !== current) return session.call.leave();
  session.connected = performance.now();
  session.resolveJoined();
  session.stopwatch = new Stopwatch(() => heard.mic, () => heard.agent);
  showPhase("call");
  if (track) session.microphone.use(track);
  showCall();
  awaitAgent(session);
}

function microphoneOf(session) {
  return new Microphone({
    connection: session.call,
    cards,
    problems: PROBLEM,
    wanted: () => session === current,
    joined: session.joined,
    on: {
      ready: (track) => {
        listenTo("mic", track.mediaStreamTrack);
        session.muted = false;
        showMuted(false);
        showMicrophone(true);
        showCall();
      },
      gone: () => {
        listenTo("mic", null);
        showMicrophone(false);
        showCall();
      },
      devices: (found, chosen) => fillChooser($("chooser"), found, chosen),
    },
  });
}

async function ticketOrCard(session) {
  await agent.personas.ready;
  const wish = {
    ...agent.personas.wish(),
    ...(session.resume && { resume: session.resume }),
    ...agent.memory.wish(),
  };
  const wanted = () => session === current;
  try {
    const ticket = await askTicket({ wish, signal: session.abort.signal, cards, problems: PROBLEM, wanted });
    if (!ticket && wanted()) stopAt("idle");
    return ticket;
  } catch (error) {
    return fail(tokenProblem(error, PROBLEM));
  }
}

/** Follow the dispatch until the agent is in the room or none will come. */
function awaitAgent(session) {
  return followDispatch(session.call.room.name, session.abort.signal, (known) => {
    if (session !== current || session.agentCame) return true;
    if (known) session.dispatches = known.dispatches;
    session.gaveUp = known?.state === "absent";
    if (session.gaveUp) {
      cards.show("agent", PROBLEM.noAgent(known.dispatches), [{ label: ACTION.retry, run: again }]);
    }
    showCall();
    return session.gaveUp;
  });
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
    tool: mine((tool) => conversation.tool(tool)),
    cost: mine((cost) => showCost($("cost"), costLine(cost, COST.call))),
    agentTrack: mine((track) => listenTo("agent", track)),
    agent: mine((present) => {
      if (present) {
        session.agentCame = true;
        cards.drop("agent");
      } else {
        conversation.settle();
        listenTo("agent", null);
        agent.left();
        cards.show("agent", PROBLEM.agentLeft, [{ label: ACTION.retry, run: again }]);
      }
      showCall();
    }),
    agentState: mine((state) => {
      session.agentState = state;
      if (state === "thinking") session.stopwatch?.arm();
      showCall();
    }),
    attributes: mine((attributes) => {
      showEngines(attributes);
      agent.told(attributes);
    }),
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
    microphoneLost: mine(() => session.microphone.lost()),
    devices: mine(() => session.microphone.devices()),
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
    session.microphone?.track?.stop();
    session.call?.leave().catch(() => {});
  }
  listenTo("mic", null);
  listenTo("agent", null);
  conversation.settle();
  agent.ended();
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

$("talk").addEventListener("click", () => (current ? stop() : start(kept.take())));

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
  await session.microphone.choose($("microphones").value);
  if (session === current) listenTo("mic", session.call.mic?.mediaStreamTrack);
});

$("chat").addEventListener("submit", async (event) => {
  event.preventDefault();
  const session = current;
  if (!session?.connected) return;
  const text = $("chat-text").value.trim();
  const shown = agent.pictures.take();
  if (!text && !shown.length) return;
  $("chat-text").value = "";
  conversation.typed(text, shown);
  try {
    for (const { file } of shown) await session.call.show(file); // first what the words are about
    if (text) await session.call.send(text);
  } catch {
    if (session === current) cards.show("chat", PROBLEM.notSent);
  }
});

addEventListener("pagehide", () => {
  if (current?.connected) kept.keep(current.resume);
  if (current) stop();
});

fillPage(TEXT);
showPhase("idle");
showState("idle", kept.there ? HINT.resume : undefined);
if (!navigator.mediaDevices?.getUserMedia) cards.show("microphone", PROBLEM.insecure);
