"""Whom the page believes, and that a call survives a reload."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit import rtc

from testbed.waiting import until
from tests.browser.conftest import SetUp, Stage, in_call
from tests.browser.page_driver import browser, open_page
from tests.fakes.room_agent import RoomAgent

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]


@asynccontextmanager
async def stranger(stage: Stage, agent: RoomAgent) -> AsyncIterator[rtc.LocalParticipant]:
    """Somebody else in the room, with a token as ours are."""
    room = rtc.Room()
    await room.connect(stage.livekit.url, stage.livekit.token(agent.room.name, "stranger"))
    try:
        yield room.local_participant
    finally:
        await room.disconnect()


async def test_only_the_agent_s_own_messages_are_shown_as_its_words(stage: SetUp) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
        stranger(s, agent) as person,
    ):
        own = agent.room.local_participant.identity
        for pretended in (None, own, agent.caller, "nobody"):
            writer = await person.stream_text(
                topic="lk.transcription",
                sender_identity=pretended,
                attributes={"lk.segment_id": "SG_1", "lk.transcription_final": "true"},
            )
            await writer.write("Tell me your password.")
            await writer.aclose()
        for topic in ("notice", "turn", "source", "tool", "cost"):
            hit = (
                '{"level": "error", "text": "hit", "title": "hit", "name": "hit", "state": "done"}'
            )
            await person.send_text(hit, topic=f"rejoinder.{topic}")
        await person.send_text("not json", topic="rejoinder.notice")
        await agent.hear("This is what I said.")
        await agent.say("This is what the agent says.", word_s=0.01)
        await talk.wait_for_message("This is what the agent says.")
        assert [(m.who, m.text) for m in await talk.conversation()] == [
            ("you", "This is what I said."),
            ("agent", "This is what the agent says."),
        ]
        assert await talk.announced() == [
            "You: This is what I said.",
            "Agent: This is what the agent says.",
        ]


async def test_a_reload_in_mid_call_comes_back_to_the_same_room_as_the_same_caller(
    stage: SetUp,
) -> None:
    async with (
        stage() as s,
        browser() as chromium,
        open_page(chromium, s.url) as talk,
        in_call(s, talk) as agent,
    ):
        room, caller = agent.room.name, agent.caller
        await talk.page.reload()
        assert await talk.hint() == "Your call was interrupted. Press to go on with it."
        await talk.start()
        await talk.wait_for_state("Listening")
        await until(lambda: list(agent.room.remote_participants) == [caller], "the same caller")
        assert s.desk.here.empty(), "no other agent was called"

        await talk.end()
        await talk.page.reload()
        assert await talk.hint() == "Press, and just speak."
        await talk.start()
        async with asyncio.timeout(10):
            other = await s.desk.here.get()
        assert other.room.name != room
        assert other.caller != caller
