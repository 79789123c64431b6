// A caller without a screen, as an app has one: asks a question from a file, hears and reads the
// answer, types, and uses what the agent offers besides. It prints one JSON object a line.
//
//   npm ci && NODE_ENV=production node client.mjs http://127.0.0.1:8100/api/token question.wav heard.wav
//
// question.wav: 16 bit, mono. heard.wav: what the agent said.
import {
  AudioFrame, AudioSource, AudioStream, LocalAudioTrack, ParticipantKind, Room, RoomEvent,
  TrackKind, TrackPublishOptions, TrackSource, dispose,
} from "@livekit/rtc-node";
import { setTimeout as sleep } from "node:timers/promises";
import { readWav, writeWav } from "./wav.mjs";

const HEARD_HZ = 48000;
const FRAME_MS = 20;
const LOOK_MS = 50;
const PATIENCE_MS = 30_000;

const room = new Room();
const said = []; // by the agent: a text for each segment that is over
const heard = []; // samples of the agent's voice

function tell(what, fields) {
  console.log(JSON.stringify({ what, ...fields }));
}

async function until(holds, what) {
  for (let waited = 0; !holds(); waited += LOOK_MS) {
    if (waited > PATIENCE_MS) throw new Error(`not within ${PATIENCE_MS / 1000} s: ${what}`);
    await sleep(LOOK_MS);
  }
}

const agent = () =>
  [...room.remoteParticipants.values()].find((other) => other.kind === ParticipantKind.AGENT);
const state = () => agent()?.attributes["lk.agent.state"];

// The agent's captions are one stream for each segment, word by word as it speaks; the caller's
// come whole, and a later one with the same id takes the earlier one's place.
room.registerTextStreamHandler("lk.transcription", async (reader, { identity }) => {
  const segment = reader.info.attributes["lk.segment_id"];
  const text = await reader.readAll();
  const mine = identity === room.localParticipant.identity;
  if (!mine) said.push(text);
  tell("caption", { by: mine ? "caller" : "agent", segment, text });
});
for (const topic of ["rejoinder.turn", "rejoinder.notice"]) {
  room.registerTextStreamHandler(topic, async (reader) => {
    tell(topic, JSON.parse(await reader.readAll()));
  });
}
room.on(RoomEvent.ParticipantAttributesChanged, (attributes, participant) => {
  if (participant.identity === agent()?.identity) tell("attributes", { attributes });
});
room.on(RoomEvent.TrackSubscribed, async (track) => {
  if (track.kind !== TrackKind.KIND_AUDIO) return;
  for await (const frame of new AudioStream(track, HEARD_HZ, 1)) heard.push(frame.data);
});

/** A place in a new room; with `resume` of an earlier one, in that call again. */
async function ticket(endpoint, resume) {
  const answer = await fetch(endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(resume ? { resume } : { participant_name: "Node" }),
  });
  if (!answer.ok) throw new Error(`${endpoint}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Publishes a microphone that never stops: between the words there is silence. */
async function openMicrophone(rate) {
  const source = new AudioSource(rate, 1, 100);
  const track = LocalAudioTrack.createAudioTrack("microphone", source);
  const options = new TrackPublishOptions();
  options.source = TrackSource.SOURCE_MICROPHONE;
  await room.localParticipant.publishTrack(track, options);
  const microphone = { words: new Int16Array(0), open: true };
  const length = (rate * FRAME_MS) / 1000;
  (async () => {
    while (microphone.open) {
      const samples = new Int16Array(length);
      samples.set(microphone.words.subarray(0, length));
      microphone.words = microphone.words.subarray(length);
      await source.captureFrame(new AudioFrame(samples, rate, 1, length));
    }
  })();
  return microphone;
}

async function request(method, payload = "") {
  const destinationIdentity = agent().identity;
  const text = await room.localParticipant.performRpc({ destinationIdentity, method, payload });
  tell("answer", { method, answer: JSON.parse(text) });
  return JSON.parse(text);
}

async function reply(begin, what) {
  const before = said.length;
  await begin();
  await until(() => said.length > before && state() === "listening", what);
}

async function talk(endpoint, questionFile) {
  const question = await readWav(questionFile);
  const { server_url, participant_token } = await ticket(endpoint);
  await room.connect(server_url, participant_token, { autoSubscribe: true });
  tell("joined", { room: room.name, identity: room.localParticipant.identity });
  const microphone = await openMicrophone(question.rate);
  await until(() => state() === "listening", "an agent that listens");

  await reply(() => (microphone.words = question.pcm), "the answer to the question");
  await request("get_latency");

  await reply(async () => {
    await room.localParticipant.sendText("Tell me more.", { topic: "lk.chat" });
    await until(() => state() === "speaking", "the answer to what was typed");
    await sleep(1000);
    await request("interrupt");
  }, "silence");

  await request("set_language", JSON.stringify({ speaks: "de" }));
  const { personas } = await request("get_personas");
  if (personas.length > 0) {
    const { name } = personas.at(-1);
    await reply(() => request("set_persona", JSON.stringify({ name })), "the other persona");
  }
  microphone.open = false;
}

const [endpoint, questionFile, heardFile] = process.argv.slice(2);
if (!heardFile) {
  console.error("usage: node client.mjs TOKEN_ENDPOINT QUESTION.wav HEARD.wav");
  process.exit(2);
}
try {
  await talk(endpoint, questionFile);
} catch (error) {
  console.error(error.message ?? error);
  process.exitCode = 1;
} finally {
  await room.disconnect();
  await writeWav(heardFile, heard, HEARD_HZ);
  await dispose();
}
