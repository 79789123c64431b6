"""Clients that join, speak and type in other ways than our own page does."""

import asyncio
import secrets

import numpy as np
import pytest
from livekit import rtc

from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from tests.fakes.callers import joined_by_text, send_buffer, speaking
from tests.room.conftest import GREETING, Worker
from tests.room.test_conversation import user_messages
from tests.room.test_leaving import wait_idle

pytestmark = pytest.mark.timeout(120)

MICROPHONE = rtc.TrackSource.SOURCE_MICROPHONE


async def test_a_track_without_a_source_is_heard_until_there_is_a_microphone(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn, question
) -> None:
    engines.transcribe = lambda request: "Am I heard?"
    engines.reply = lambda messages: "Yes."
    token = livekit.token(f"room-{secrets.token_hex(4)}", "caller")
    async with joined_by_text(livekit.url, token) as caller:
        await caller.until(lambda: GREETING in caller.said(), within_s=30)
        async with speaking(caller.room, rtc.TrackSource.SOURCE_UNKNOWN) as unnamed:
            await unnamed.say(question).done.wait()
            await caller.until(lambda: "Yes." in caller.said())
            await asyncio.sleep(1.0)  # a busy machine may make two turns of one
            asked = len(engines.of("llm"))
            async with speaking(caller.room, MICROPHONE) as named:
                await unnamed.say(question).done.wait()
                await asyncio.sleep(1.5)
                assert len(engines.of("llm")) == asked
                await named.say(question).done.wait()
                await caller.until(lambda: len(engines.of("llm")) > asked)


async def test_a_client_without_sound_is_answered_in_text_at_once(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn
) -> None:
    engines.reply = lambda messages: "Here it is. All of it."
    token = livekit.token(f"room-{secrets.token_hex(4)}", "caller")
    async with joined_by_text(livekit.url, token) as caller:
        await caller.until(lambda: GREETING in caller.said(), within_s=30)
        await caller.type("Can I read you?")
        await caller.until(lambda: "Here it is. All of it." in caller.said(), within_s=8)
    assert len(engines.of("llm")) == 1


def asked_last(engines: OpenAIStandIn) -> str:
    """All that the caller has said, as the newest request to the model has it."""
    return "\n".join(user_messages(engines.of("llm")[-1])) if engines.of("llm") else ""


async def test_typed_messages_at_once_are_one_question_and_a_flood_ends_nothing(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn, question
) -> None:
    engines.reply = lambda messages: "Read."
    engines.transcribe = lambda request: "Am I heard?"
    token = livekit.token(f"room-{secrets.token_hex(4)}", "caller")
    async with joined_by_text(livekit.url, token) as caller:
        await caller.until(lambda: GREETING in caller.said(), within_s=30)
        await asyncio.gather(*(caller.type(f"message {n}") for n in range(6)), caller.type("  "))
        await caller.until(
            lambda: asked_last(engines).count("message") == 6 and "Read." in caller.said()
        )
        # How many of them are one question is a matter of time (tests/unit/test_typed_text.py), and
        # the order that of the tasks that send them.
        assert sorted(asked_last(engines).split("\n")) == [f"message {n}" for n in range(6)]

        await caller.type("x" * 1_000_000)
        await caller.until(lambda: len(caller.notices) == 1)
        assert "4000 characters" in caller.notices[0]["text"]

        for _ in range(20):  # the room's library puts the topic into its log
            await caller.room.local_participant.send_text("", topic="-" * 14_000)
        await caller.type("still there?")
        await caller.until(lambda: "still there?" in asked_last(engines))

        before = len(engines.of("llm"))
        for n in range(300):  # as fast as one client can
            await caller.type(f"flood {n}")
        await caller.until(lambda: "flood 299" in asked_last(engines), within_s=30)
        assert len(engines.of("llm")) - before < 150
        assert all(len(str(request.body)) < 60_000 for request in engines.of("llm"))
        assert len(caller.notices) <= 12

        engines.reply = lambda messages: "And heard."
        async with speaking(caller.room, MICROPHONE) as microphone:
            await microphone.say(question).done.wait()
            await caller.until(lambda: "And heard." in caller.said())
    await wait_idle(worker, timeout_s=20)


async def test_what_was_said_before_the_agent_came_is_answered_in_the_greeting_s_place(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn, question
) -> None:
    """Mobile clients record while they connect."""
    engines.transcribe = lambda request: "What is barge in?"
    engines.reply = lambda messages: "You can speak over me."
    token = livekit.token(f"room-{secrets.token_hex(4)}", "caller")
    async with (
        joined_by_text(livekit.url, token, hears=True) as caller,
        speaking(caller.room, MICROPHONE, buffered=True) as microphone,
    ):
        [track] = caller.room.local_participant.track_publications
        await send_buffer(caller.room, track, question)
        await caller.until(lambda: "You can speak over me." in caller.said())
        assert microphone.said == []
    assert is_recording_of(question, engines)
    assert user_messages(engines.of("llm")[-1]) == ["What is barge in?"]


async def test_nobody_speaks_in_another_s_name_before_they_are_heard(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn, question
) -> None:
    engines.transcribe = lambda request: "What is barge in?"
    engines.reply = lambda messages: "You can speak over me."
    room = f"room-{secrets.token_hex(4)}"
    async with joined_by_text(livekit.url, livekit.token(room, "caller")) as caller:
        await caller.until(lambda: GREETING in caller.said(), within_s=30)
        async with (
            joined_by_text(livekit.url, livekit.token(room, "mallory")) as mallory,
            speaking(caller.room, MICROPHONE, buffered=True),
        ):
            [track] = caller.room.local_participant.track_publications
            await send_buffer(mallory.room, track, np.tile(question, 3))
            await send_buffer(caller.room, track, question)
            await caller.until(lambda: "You can speak over me." in caller.said())
    assert is_recording_of(question, engines)


def is_recording_of(pcm: Pcm, engines: OpenAIStandIn) -> bool:
    """Whether what was recognised last is as long as this, and no silence."""
    heard = engines.of("stt")[-1]
    longer_s = len(heard.audio) / heard.audio_rate_hz - len(pcm) / RATE_HZ
    return abs(longer_s) < 1.0 and float(np.abs(heard.audio).max()) > 0.01
