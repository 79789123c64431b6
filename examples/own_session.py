"""Our turn-taking and held play-out in an AgentSession of your own, with your own plug-ins."""

import asyncio

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, room_io
from livekit.plugins import openai

from agent.hearing.caller_input import CallerInput
from agent.hearing.ear import load_detector
from agent.playout.floor import AgentFloor
from agent.playout.heard_output import Playout
from agent.playout.voice_track import VoiceTrack
from agent.turns.faces import SESSION_OPTIONS, StreamAdapter, TurnDetector
from agent.turns.listener import Listener
from agent.turns.recognisers import recogniser_for

server = AgentServer()


@server.rtc_session()
async def answer(ctx: JobContext) -> None:
    engine = openai.STT(model="whisper-1")  # any plug-in; one that streams is given a stream
    voice = VoiceTrack(rate_hz=24000)
    floor = AgentFloor(voice)
    listener = Listener(recogniser_for(engine), probability=load_detector()(), floor=floor)
    vad, stt = TurnDetector(listener), StreamAdapter(listener, engine=engine)
    llm, tts = openai.LLM(), openai.TTS(response_format="pcm")
    session = AgentSession(vad=vad, stt=stt, llm=llm, tts=tts, **SESSION_OPTIONS)
    floor.take(session)
    heard = room_io.AudioInputOptions(sample_rate=16000, frame_size_ms=10)
    shown = room_io.TextOutputOptions(sync_transcription=False)
    options = room_io.RoomOptions(audio_input=heard, audio_output=False, text_output=shown)
    await session.start(Agent(instructions="Be brief."), room=ctx.room, room_options=options)
    session.input.audio = CallerInput(session.input.audio, listener.push)
    playout = Playout(voice=voice, text=session.output.transcription)
    session.output.audio, session.output.transcription = playout.audio, playout.text
    async with asyncio.TaskGroup() as group:
        parts = (listener.run(), playout.run(), voice.run(), voice.publish(ctx.room))
        tasks = [group.create_task(part) for part in parts]
        session.on("close", lambda _: [task.cancel() for task in tasks])
