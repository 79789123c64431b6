// Every word that the page shows.

export const TEXT = {
  tagline: "Talk. Interrupt. Type, if you like.",
  callRegion: "Call",
  conversationRegion: "Conversation",
  captions: "Captions",
  announcements: "What is said",
  you: "You",
  agent: "Agent",
  mute: "Mute",
  microphone: "Microphone",
  typeHere: "Type a message",
  send: "Send",
  empty: "What you both say appears here.",
  interrupted: "interrupted",
  secret: "Shared secret",
  personas: "Who answers",
  persona: "Who speaks",
  attach: "Add a picture",
  camera: "Take a picture",
  pictures: "Pictures to send",
  remember: "Remember me",
  stored: "What is stored",
  storedExplained: "What the agent knows of you from your calls: correct it, or delete it for good.",
  forgetAll: "Delete all",
  close: "Close",
};

export const PERSONA = {
  none: { title: "Agent", about: "As it is set up here." },
  tookOver: (title) => `${title} has taken over.`,
};

export const SOURCES = {
  label: "Sources",
  count: (count) => `${count} sources`,
};

export const TOOL = {
  state: { running: "working", done: "done", failed: "failed", asks: "needs your yes" },
  done: (seconds) => `done in ${seconds} s`,
  stopped: "stopped",
  argument: (name, value) => `${name}: ${value}`,
  told: (name, state) => `${name}: ${state}`,
};

export const PICTURE = {
  alt: (name) => `Picture ${name}`,
  remove: (name) => `Remove ${name}`,
};

export const MEMORY = {
  on: "What matters is kept for your next call.",
  off: "You cannot be known again here.",
  ask: "Nothing is kept before you say yes.",
  sure: {
    title: "Be forgotten?",
    text: "What is stored about you is deleted, and nothing of this call is kept.",
  },
  nothing: "Nothing is stored about you.",
  summary: "In short",
  facts: "In detail",
  since: (date) => `since ${date}`,
  correct: "Correct",
  correctFact: (text) => `Correct: ${text}`,
  save: "Save",
  cancel: "Cancel",
  forget: "Delete",
  forgetFact: (text) => `Delete: ${text}`,
  newText: "The fact, as it should be",
  sureAll: "Really delete all",
};

export const TALK = {
  idle: { label: "Talk", name: "Start the call" },
  connecting: { label: "Cancel", name: "Stop connecting" },
  call: { label: "End", name: "End the call" },
  ended: { label: "Talk again", name: "Start another call" },
};

export const STATE = {
  idle: "Ready when you are",
  microphone: "Asking for your microphone",
  connecting: "Connecting",
  waiting: "Waiting for the agent",
  initializing: "The agent is getting ready",
  listening: "Listening",
  thinking: "Thinking",
  speaking: "Speaking",
  reconnecting: "Reconnecting",
  ended: "Call ended",
  failed: "Not connected",
  alone: "No agent here",
};

export const HINT = {
  idle: "Press, and just speak.",
  resume: "Your call was interrupted. Press to go on with it.",
  microphone: "Please allow it in the browser's question.",
  waiting: "It usually joins within a second or two.",
  asked: (count) => `No worker was free. Asked ${count} times so far.`,
  listening: "Go ahead.",
  speaking: "Speak over it whenever you want.",
  muted: "Your microphone is off.",
  textOnly: "Without a microphone: type below.",
  reconnecting: "The connection was lost; trying to get it back.",
  ended: (minutes, seconds) => `It lasted ${minutes}:${String(seconds).padStart(2, "0")}.`,
};

export const ENGINES = {
  "rejoinder.stt": "Hears with",
  "rejoinder.llm": "Thinks with",
  "rejoinder.tts": "Speaks with",
};

export const STAGES = {
  end_of_turn: "end of turn",
  stt: "recognition",
  llm: "answer",
  tts: "voice",
  transport: "transport",
};

export const STAGE_OF = {
  stt: "Hearing with",
  llm: "Thinking with",
  translate: "Translating with",
  tts: "Speaking with",
};

export const COST = {
  call: (what) => `This call: ${what}.`,
  meeting: (what) => `This meeting: ${what}.`,
  own: "costs nothing, its engines are your own",
  sum: (amount, estimated) => (estimated ? `about ${amount}` : amount),
  atLeast: (amount) => `at least ${amount}`,
  under: (amount) => `under ${amount}`,
  thrown: (amount) => `${amount} of it for guesses thrown away`,
  unknown: (engines) => `no price is known for ${engines}`,
  used: (stage, engine, used, thrown) =>
    `${stage} ${engine}: ${used}${thrown ? ` (thrown away: ${thrown})` : ""}`,
  pricesOf: (date) => `List prices of ${date} or later.`,
  amounts: {
    requests: (n) => `${n} requests`,
    seconds: (n) => `${n} s of sound`,
    characters: (n) => `${n} characters`,
    prompt_tokens: (n) => `${n} prompt tokens`,
    cached_tokens: (n) => `${n} of them cached`,
    completion_tokens: (n) => `${n} tokens of answers`,
  },
};

export const WATERFALL = {
  total: (ms) => `${(ms / 1000).toFixed(ms < 9950 ? 2 : 1)} s`,
  stage: (name, ms) => `${name} ${ms}`,
  part: (name, ms) => `${name} ${ms} ms`,
  summary: (total, parts) => `Answered after ${total}: ${parts}.`,
};

export const ACTION = {
  retry: "Try again",
  microphone: "Try the microphone again",
  sound: "Turn sound on",
  secret: "Continue",
  dismiss: "Dismiss",
  forgetMe: "Forget me",
};

// Title and remedy of everything that can go wrong.
export const PROBLEM = {
  insecure: {
    title: "No microphone on an insecure page",
    text: "Browsers give the microphone to https:// pages and to localhost only. Open this page "
      + "under one of these. You can type meanwhile.",
  },
  denied: {
    title: "The microphone is blocked",
    text: "Allow it with the icon beside the address of this page, then try again. You can type "
      + "meanwhile.",
  },
  noMicrophone: {
    title: "No microphone found",
    text: "Plug one in, or choose one in the system's sound settings, then try again. You can type "
      + "meanwhile.",
  },
  busyMicrophone: {
    title: "The microphone does not start",
    text: "Another program may be using it. Close that one, then try again. You can type meanwhile.",
  },
  lostMicrophone: {
    title: "The microphone is gone",
    text: "It was unplugged or switched off. Plug it in, then try again. You can type meanwhile.",
  },
  secret: {
    title: "This agent asks for a secret",
    text: "Whoever runs it can tell you. It stays in this tab only.",
  },
  wrongSecret: {
    title: "That secret is not right",
    text: "Check for missing letters, or ask whoever runs this agent.",
  },
  refused: (reason) => ({ title: "The call was refused", text: `${reason}.` }),
  tooMany: (seconds) => ({
    title: "Too many calls in a short time",
    text: `Wait ${seconds} s, then try again.`,
  }),
  pageServer: {
    title: "The page's server does not answer",
    text: "Is it still running? Check the terminal it was started in, then try again.",
  },
  library: {
    title: "A part of this page is missing",
    text: "livekit-client did not load. Start the web server again; it fetches it.",
  },
  livekit: (address) => ({
    title: "LiveKit cannot be reached",
    text: `Nothing answers at ${address}. Is livekit-server running, and does a firewall let you `
      + "through?",
  }),
  media: {
    title: "Sound cannot get through",
    text: "LiveKit answers, but the audio connection fails. A firewall may block its UDP ports.",
  },
  noAgent: (count) => ({
    title: "No agent came",
    text: `It was called ${count} times. Is a worker running, and is it not full? You can call again.`,
  }),
  agentLeft: {
    title: "The agent has left",
    text: "Its worker may have stopped. Another one is called if there is one.",
  },
  sound: {
    title: "The browser holds the sound back",
    text: "It wants a click before it plays anything.",
  },
  notSent: {
    title: "Your message was not sent",
    text: "The connection may be broken. Try again.",
  },
  persona: (title, reason) => ({ title: `${title} has not taken over`, text: reason }),
  memory: (reason) => ({ title: "The agent's memory does not answer", text: reason }),
  noPicture: (name) => ({
    title: "That picture cannot be read",
    text: `${name} is no picture that this browser knows. JPEG, PNG and WebP are.`,
  }),
  manyPictures: (most) => ({
    title: "Too many pictures",
    text: `Send ${most} at a time.`,
  }),
  ended: {
    ROOM_DELETED: { title: "The call was closed", text: "The agent or its operator ended it." },
    PARTICIPANT_REMOVED: { title: "You were removed", text: "The operator took you out of the call." },
    DUPLICATE_IDENTITY: { title: "Called from elsewhere", text: "The same caller joined a second time." },
    SERVER_SHUTDOWN: { title: "LiveKit was stopped", text: "Start it again, then call again." },
    other: { title: "The connection was lost", text: "Check your network, then call again." },
  },
};

// Why the agent did not do what it was asked, by code, where it has not said so itself.
export const REFUSED = {
  1400: "This agent cannot do that.",
  1502: "It did not answer in time. Try again.",
  other: "It could not be reached. Try again.",
};
