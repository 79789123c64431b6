// Every word that the meeting page shows.

import { ACTION as TALK_ACTION, PROBLEM as TALK_PROBLEM } from "../static/strings.js";

export const TEXT = {
  lobbyTitle: "Join the meeting",
  lobbyHint: "Speak your language. Read and hear the others in yours.",
  name: "Your name",
  languages: "Languages",
  speaks: "I speak",
  hears: "I want to hear and read",
  room: "Room",
  peopleRegion: "People and settings",
  people: "Who is here",
  options: "Languages and sound",
  mute: "Mute",
  microphone: "Microphone",
  originals: "Volume of the originals",
  originalsHint: "While a translation is spoken.",
  ownVoice: "My own voice",
  invite: "Invite",
  inviteTitle: "Invite others",
  inviteHint: "Whoever opens this link can join.",
  inviteLink: "Link to this meeting",
  leave: "Leave",
  rejoin: "Join again",
  transcriptRegion: "Transcript",
  captions: "What is said",
  announcements: "What is said, read out",
  shown: "Translations shown",
  save: "Save",
  saveRegion: "Save the transcript",
  saved: "What is saved",
  original: "As it was said",
  empty: "What people say appears here, in your language beside theirs.",
  close: "Close",
};

export const JOIN = { lobby: "Join", joining: "Cancel" };

export const LANGUAGE = {
  unknownSpoken: "Find out",
  originalOnly: "The original only",
  all: "All languages",
  // What Intl.DisplayNames has another name for.
  names: { zh: "Mandarin Chinese" },
};

export const STATE = {
  microphone: "Asking for your microphone",
  connecting: "Connecting",
  waiting: "Waiting for the agent",
  asked: (count) => `No worker was free. Asked ${count} times so far.`,
  captions: "Everybody is captioned",
  interpret: "Everybody is captioned and interpreted",
  alone: "No agent here: nothing is captioned",
  reconnecting: "The connection was lost; trying to get it back",
  left: "You have left the meeting",
};

// What is kept of the meeting.
export const RECORDED = { audio: "Recorded, with sound", events: "Recorded in writing" };

export const PERSON = {
  guest: "Guest",
  agent: "Agent",
  you: (name) => `${name} (you)`,
  again: (name, count) => `${name} (${count})`,
  languages: (speaks, hears) => (speaks === hears ? speaks : `${speaks} → ${hears}`),
  findsOut: "any language",
  original: "the original",
  muted: "microphone off",
  interpreted: (language) => `in ${language}`,
};

export const TRANSCRIPT = {
  translation: (language) => `In ${language}`,
  translations: "In all languages",
  untranslated: "not translated",
  says: (name, text) => `${name}: ${text}`,
};

export const ORIGINALS = { off: "Off", low: "Low", full: "Full" };

export const OWN_VOICE = {
  state: {
    none: "The interpreter speaks for you with another voice.",
    asked: "Say the sentence aloud.",
    recording: "Go on talking.",
    own: "The interpreter speaks with your voice.",
  },
  button: {
    none: "Speak with my voice",
    asked: "Cancel",
    recording: "Cancel",
    own: "Delete my voice",
  },
  sayAloud: (sentence) => ({ title: "Say this aloud, then pause", text: sentence }),
  goOn: {
    title: "Go on talking",
    text: "A few more seconds of your voice are needed.",
  },
  refused: (reason) => ({
    title: "Your own voice could not be asked for",
    text: reason ? `The interpreter says: ${reason}.` : "The interpreter did not answer. Try again.",
  }),
};

export const SAVE = {
  what: { shown: "What is shown", original: "What was said", translation: "The translation" },
  format: { txt: "Text", srt: "SRT", vtt: "VTT" },
  name: (format) => `Save as ${format}`,
};

export const INVITE = {
  copy: "Copy",
  copied: "Copied",
  byHand: "Copy the marked link by hand.",
};

export const ACTION = {
  retry: TALK_ACTION.retry,
  sound: TALK_ACTION.sound,
  cancel: "Cancel",
  rejoin: "Join again",
};

const READ_ON = "You can read and listen meanwhile.";

// Title and remedy of everything that can go wrong.
export const PROBLEM = {
  ...TALK_PROBLEM,
  insecure: {
    title: "No microphone on an insecure page",
    text: "Browsers give the microphone to https:// pages and to localhost only. Open this page "
      + `under one of these. ${READ_ON}`,
  },
  denied: {
    title: "The microphone is blocked",
    text: `Allow it with the icon beside the address of this page, then try again. ${READ_ON}`,
  },
  noMicrophone: {
    title: "No microphone found",
    text: "Plug one in, or choose one in the system's sound settings, then try again. "
      + READ_ON,
  },
  busyMicrophone: {
    title: "The microphone does not start",
    text: `Another program may be using it. Close that one, then try again. ${READ_ON}`,
  },
  lostMicrophone: {
    title: "The microphone is gone",
    text: `It was unplugged or switched off. Plug it in, then try again. ${READ_ON}`,
  },
  secret: {
    title: "This meeting asks for a secret",
    text: "Whoever runs it can tell you. It stays in this tab only.",
  },
  wrongSecret: {
    title: "That secret is not right",
    text: "Check for missing letters, or ask whoever runs this meeting.",
  },
  refused: (reason) => ({ title: "You could not join", text: `${reason}.` }),
  tooMany: (seconds) => ({
    title: "Too many tries in a short time",
    text: `Wait ${seconds} s, then try again.`,
  }),
  calls: {
    title: "The worker here takes calls",
    text: "For meetings start it with AGENT_MODE=captions, or AGENT_MODE=interpret for voices too.",
  },
  noAgent: (count) => ({
    title: "No agent came",
    text: `It was called ${count} times. Is a worker running, and is it not full? You hear each `
      + "other all the same.",
  }),
  agentLeft: {
    title: "The agent has left",
    text: "Its worker may have stopped. Another one is called if there is one.",
  },
  languages: {
    title: "The agent was not told your languages",
    text: "It did not answer. Try again, or choose the languages once more.",
  },
  ownRoom: {
    title: "Others cannot join this room",
    text: "The server gives each visitor a room of their own. Start it with "
      + "TALK_SHARED_ROOMS=true, then join again.",
  },
  ended: {
    ROOM_DELETED: { title: "The meeting was closed", text: "The agent or its operator ended it." },
    PARTICIPANT_REMOVED: {
      title: "You were removed", text: "The operator took you out of the meeting.",
    },
    DUPLICATE_IDENTITY: {
      title: "Joined from elsewhere", text: "You have joined a second time, in another tab.",
    },
    SERVER_SHUTDOWN: { title: "LiveKit was stopped", text: "Start it again, then join again." },
    other: { title: "The connection was lost", text: "Check your network, then join again." },
  },
};
