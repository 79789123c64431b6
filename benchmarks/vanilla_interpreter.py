"""Captions and voice the framework's usual way: wait for the end of the sentence, then translate.

    AGENT_NAME=vanilla python -m livekit.agents start benchmarks/vanilla_interpreter.py

livekit-agents' own StreamAdapter and Silero with their defaults, around the same recogniser; each
final transcript is translated by the same server, written as captions and spoken by the same voice.
"""

import os

os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")

import asyncio

from livekit import rtc
from livekit.agents import AgentServer, AutoSubscribe, JobContext
from livekit.agents import stt as stt_module
from livekit.plugins import silero

from agent.interpreting.captions import Caption, Captions
from agent.settings.engines import load_engine
from agent.settings.load import load
from agent.tasks import CallTasks
from agent.translate.translator import Wish

SETTINGS = load()
STT, TRANSLATE, TTS = SETTINGS.stt[0], SETTINGS.translate[0], SETTINGS.tts[0]
TARGET = SETTINGS.interpret.to[0]
for _stage, _choice in (("stt", STT), ("translate", TRANSLATE), ("tts", TTS)):
    load_engine(_stage, _choice.engine)  # type: ignore[arg-type]

server = AgentServer(
    ws_url=SETTINGS.livekit.url,
    api_key=SETTINGS.livekit.api_key,
    api_secret=SETTINGS.livekit.api_secret.get_secret_value()
    if SETTINGS.livekit.api_secret
    else None,
    num_idle_processes=1,
    load_fnc=lambda: 0.0,
    http_proxy=None,
    host="127.0.0.1",
    port=0,
)


@server.rtc_session(agent_name=SETTINGS.agent.name)
async def caption(ctx: JobContext) -> None:
    """Caption the first person of a room."""
    recogniser = load_engine("stt", STT.engine).build(STT.options)
    translator = load_engine("translate", TRANSLATE.engine).build(TRANSLATE.options)
    voice = load_engine("tts", TTS.engine).build(TTS.options)
    heard: asyncio.Future[tuple[rtc.Track, str]] = asyncio.get_running_loop().create_future()

    def take(track: rtc.Track, by: rtc.RemoteParticipant) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO and not heard.done():
            heard.set_result((track, by.identity))

    ctx.room.on("track_subscribed", lambda track, _, by: take(track, by))
    await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
    track, speaker = await heard
    source = rtc.AudioSource(voice.sample_rate, 1)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await ctx.room.local_participant.publish_track(
        rtc.LocalAudioTrack.create_audio_track(TARGET, source), options
    )
    texts: asyncio.Queue[str] = asyncio.Queue()
    adapter = stt_module.StreamAdapter(stt=recogniser, vad=silero.VAD.load())
    async with CallTasks() as tasks, adapter.stream() as stream:
        captions = Captions(ctx.room, tasks)
        tasks.carry(captions.run, name="captions", lost=lambda: None)

        async def feed() -> None:
            async for event in rtc.AudioStream(track, sample_rate=16000, num_channels=1):
                stream.push_frame(event.frame)

        async def speak() -> None:
            while True:
                async with voice.synthesize(await texts.get()) as spoken:
                    async for audio in spoken:
                        await source.capture_frame(audio.frame)

        tasks.carry(feed, name="feed", lost=lambda: None)
        tasks.carry(speak, name="speak", lost=lambda: None)
        number = 0
        async for event in stream:
            if event.type == stt_module.SpeechEventType.FINAL_TRANSCRIPT:
                text = event.alternatives[0].text
                wish = Wish(text, "en", TARGET)
                translated = await translator.translate(wish, timeout_s=TRANSLATE.timeout_s)
                texts.put_nowait(translated)
                number += 1
                for kind, shown in (("original", text), ("translation", translated)):
                    captions.show(
                        Caption(
                            f"{number}-{kind}", shown, speaker, track.sid, TARGET,
                            kind,  # type: ignore[arg-type]
                            final=True,
                        )
                    )  # fmt: skip
