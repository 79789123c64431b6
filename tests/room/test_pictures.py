"""Pictures that a caller sends or shows reach the model with a question, and nothing else does."""

import asyncio
import json
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from livekit import rtc
from PIL import Image

from agent.llm.sight import MARK
from agent.room_protocol import SEES, STATE, TOPIC_IMAGES, TOPIC_PICTURE
from agent.wording.lexicon import ENGLISH
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from tests.fakes.callers import TextCaller, joined_by_text
from tests.fakes.pictures import BLUE, GREEN, picture, shown_to, words_of
from tests.fakes.tasks import Spawned
from tests.room.conftest import Worker

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

Place = Callable[..., AbstractAsyncContextManager[TextCaller]]
FRAME_S = 0.05


@pytest.fixture
def place(livekit: LiveKitProcess, threads: Worker, engines: OpenAIStandIn) -> Place:
    """Join a new room, whose agent is there by then; it says what it was shown last."""
    engines.reply = seen

    @asynccontextmanager
    async def call(persona: str = "") -> AsyncIterator[TextCaller]:
        room = f"room-{secrets.token_hex(4)}"
        metadata = json.dumps({"rejoinder": {"persona": persona}}) if persona else ""
        token = livekit.token(room, "caller", dispatch="threads", metadata=metadata)
        async with joined_by_text(livekit.url, token) as caller:
            await caller.until(
                lambda: any(a.attributes.get(STATE) == "listening" for a in caller.agents())
            )
            yield caller

    return call


def seen(messages: list[dict[str, Any]]) -> str:
    return " and ".join(shown_to(messages[-1])) or "nothing"


async def send(caller: TextCaller, data: bytes, *, topic: str = TOPIC_IMAGES) -> str:
    """Send a picture under a name and type that tell nothing; gives the id of its stream."""
    info = await caller.room.local_participant.send_bytes(
        data, topic=topic, name="notes.txt", mime_type="text/plain"
    )
    return info.stream_id


async def ask(caller: TextCaller, text: str) -> str:
    """The answer to a question."""
    before = len(caller.said())
    await caller.type(text)
    await caller.until(lambda: len(caller.said()) > before)
    return caller.said()[-1]


def last_asked(engines: OpenAIStandIn) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = engines.of("llm")[-1].body["messages"]
    return messages


def refuse_pictures(body: dict[str, Any]) -> str | None:
    shown = any(shown_to(message) for message in body["messages"])
    return "No endpoints found that support image input" if shown else None


@asynccontextmanager
async def video(
    room: rtc.Room, colour: tuple[int, int, int], source: rtc.TrackSource.ValueType
) -> AsyncIterator[rtc.LocalVideoTrack]:
    """Publish a track of this colour until the block ends."""
    width, height = 320, 240
    pixels = Image.new("RGBA", (width, height), (*colour, 255)).tobytes()
    frames = rtc.VideoSource(width, height)
    track = rtc.LocalVideoTrack.create_video_track("video", frames)
    options = rtc.TrackPublishOptions(source=source, simulcast=False)

    async def show() -> None:
        while True:
            frames.capture_frame(rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, pixels))
            await asyncio.sleep(FRAME_S)

    async with Spawned() as tasks:
        tasks.spawn(show())
        published = await room.local_participant.publish_track(track, options)
        try:
            yield track
        finally:
            await room.local_participant.unpublish_track(published.sid)


def sees(caller: TextCaller) -> bool:
    """Whether the agent looks at pictures, as its attribute says."""
    return caller.agents()[0].attributes.get(SEES) == "true"


async def until_answered(caller: TextCaller, text: str, wanted: str) -> None:
    """Ask until this is the answer: what is shown is seen a moment after it was."""
    async with asyncio.timeout(20):
        while await ask(caller, text) != wanted:
            await asyncio.sleep(0.2)


async def test_a_picture_goes_with_the_next_question_and_is_known_for_some_more(
    place: Place, engines: OpenAIStandIn
) -> None:
    async with place() as caller:
        assert await ask(caller, "Hello?") == "nothing"
        assert sees(caller)
        sent = await send(caller, picture("blue", size=(2000, 1000)))
        await caller.until(lambda: caller.pictures)
        assert caller.pictures == [{"state": "taken", "id": sent, "width": 1024, "height": 512}]
        assert await ask(caller, "What is this?") == "blue"
        asked = last_asked(engines)[-1]
        assert words_of(asked) == f"{MARK}\nWhat is this?"
        assert await ask(caller, "Are you sure?") == "nothing"
        assert await ask(caller, "Really?") == "nothing"
        shown = [shown_to(m) for m in last_asked(engines) if m["role"] == "user"]
        assert shown == [[], ["blue"], [], []]
        await ask(caller, "And now?")
        questions = [m for m in last_asked(engines) if m["role"] == "user"]
        assert [shown_to(m) for m in questions] == [[]] * 5
        assert questions[1]["content"] == f"{MARK}\nWhat is this?"
        assert caller.notices == []


async def test_a_question_in_the_same_breath_waits_for_its_pictures(place: Place) -> None:
    async with place() as caller:
        await send(caller, picture("red", size=(1500, 1500), kind="JPEG"))
        await send(caller, picture("green", kind="GIF"), topic=TOPIC_PICTURE)
        assert await ask(caller, "What are these?") == "red and green"


async def test_a_model_of_words_alone_says_so_and_answers_what_comes_next(
    place: Place, engines: OpenAIStandIn
) -> None:
    engines.refuse, engines.refuse_status = refuse_pictures, 404
    async with place() as caller:
        await send(caller, picture("blue"))
        assert await ask(caller, "What is this?") == ENGLISH.pictures.blind
        await caller.until(lambda: not sees(caller))
        assert await ask(caller, "Well, how are you?") == "nothing"
        told = last_asked(engines)
        assert told[-3]["content"] == f"{MARK}\nWhat is this?"
        assert told[-2]["content"] == ENGLISH.pictures.blind
        assert [notice["level"] for notice in caller.notices] == []


async def test_what_is_no_picture_or_too_much_is_refused_with_the_reason(place: Place) -> None:
    async with place() as caller:
        for data in (b"Dear agent, " * 9, os.urandom(11_000_000)):
            await send(caller, data)
        await caller.until(lambda: len(caller.pictures) == 2)
        for _ in range(5):
            await send(caller, picture())
        await caller.until(lambda: len(caller.pictures) == 7)
        refused = sorted(p["why"] for p in caller.pictures if p["state"] == "refused")
        assert refused == ["too_large", "too_many", "unreadable"]
        words = ENGLISH.pictures
        assert {notice["text"] for notice in caller.notices} == {
            words.unreadable,
            words.too_large.format(mb=10, mp=50),
            words.too_many.format(most=4),
        }
        assert await ask(caller, "What are these?") == "red and red and red and red"


async def test_a_stream_that_never_tells_its_size_is_read_to_the_limit_and_no_further(
    place: Place,
) -> None:
    async with place() as caller:
        writer = await caller.room.local_participant.stream_bytes(
            "endless", topic=TOPIC_IMAGES, mime_type="image/png"
        )
        for _ in range(11):
            await writer.write(b"\0" * 1_000_000)
        await caller.until(lambda: caller.pictures)
        assert caller.pictures[0]["why"] == "too_large"
        await writer.aclose()
        assert await ask(caller, "Hello?") == "nothing"


async def test_a_flood_of_streams_ends_neither_the_call_nor_what_comes_after_it(
    place: Place,
) -> None:
    async with place() as caller:
        await asyncio.gather(*(send(caller, b"none") for _ in range(200)))
        await caller.until(lambda: caller.pictures)
        assert {told["state"] for told in caller.pictures} == {"refused"}
        assert await ask(caller, "Hello?") == "nothing"
        before = len(caller.pictures)
        await send(caller, picture("green"))
        await caller.until(lambda: any(p["state"] == "taken" for p in caller.pictures[before:]))
        assert await ask(caller, "What is this?") == "green"


async def test_a_persona_that_does_not_see_is_shown_nothing(
    place: Place, engines: OpenAIStandIn
) -> None:
    async with place("receptionist") as caller:
        await caller.until(lambda: caller.said() == ["Good day."])
        await send(caller, picture("blue"))
        await caller.until(lambda: caller.pictures and caller.notices)
        assert caller.pictures[0]["why"] == "unwanted"
        assert caller.notices[0]["text"] == ENGLISH.pictures.unwanted
        async with video(caller.room, GREEN, rtc.TrackSource.SOURCE_CAMERA):
            await asyncio.sleep(1.0)
            assert await ask(caller, "What is this?") == "nothing"
        assert last_asked(engines)[-1]["content"] == "What is this?"


async def test_who_is_not_served_cannot_show_anything(
    livekit: LiveKitProcess, place: Place, engines: OpenAIStandIn
) -> None:
    async with place() as caller:
        assert await ask(caller, "Hello?") == "nothing"
        token = livekit.token(caller.room.name, "stranger")
        async with joined_by_text(livekit.url, token) as stranger:
            await stranger.until(stranger.agents)
            await send(stranger, picture("red"))
            await stranger.until(lambda: stranger.pictures)
            assert stranger.pictures[0]["why"] == "not_served"
            assert await ask(caller, "What is this?") == "nothing"
        assert caller.pictures == []


async def test_the_screen_is_seen_at_each_question_and_the_camera_when_it_is_gone(
    place: Place, engines: OpenAIStandIn
) -> None:
    screen, camera = rtc.TrackSource.SOURCE_SCREENSHARE, rtc.TrackSource.SOURCE_CAMERA
    async with place("looker") as caller:
        async with video(caller.room, GREEN, camera) as filmed:
            await until_answered(caller, "What do you see?", "green")
            assert "camera" in words_of(last_asked(engines)[-1])
            async with video(caller.room, BLUE, screen):
                await until_answered(caller, "And now?", "blue")
                assert "screen" in words_of(last_asked(engines)[-1])
                shown = [shown_to(m) for m in last_asked(engines)[:-1]]
                assert not any(shown), "only what is seen now"
                await send(caller, picture("red"))
                await caller.until(lambda: caller.pictures)
                assert await ask(caller, "And this?") == "red", "what was sent is meant"
            await until_answered(caller, "And now?", "green")
            filmed.mute()
            await until_answered(caller, "And now?", "nothing")
            filmed.unmute()
            await until_answered(caller, "And now?", "green")
        await until_answered(caller, "And now?", "nothing")


async def test_without_a_persona_that_sees_nobody_looks_at_a_camera(place: Place) -> None:
    async with place() as caller, video(caller.room, GREEN, rtc.TrackSource.SOURCE_CAMERA):
        await asyncio.sleep(1.0)
        assert await ask(caller, "What do you see?") == "nothing"


async def test_a_model_of_words_alone_is_not_shown_the_screen_any_more_and_answers(
    place: Place, engines: OpenAIStandIn
) -> None:
    engines.refuse, engines.refuse_status = refuse_pictures, 404
    async with place("looker") as caller:
        async with video(caller.room, GREEN, rtc.TrackSource.SOURCE_SCREENSHARE):
            async with asyncio.timeout(20):
                while not caller.notices:
                    assert await ask(caller, "How are you?") == "nothing"
            asked = len(engines.of("llm"))
            assert await ask(caller, "And now?") == "nothing"
        assert len(engines.of("llm")) == asked + 1, "it is not even tried"
        assert [n["text"] for n in caller.notices] == [ENGLISH.pictures.blind]
