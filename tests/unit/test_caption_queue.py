"""Captions on their way into the room: in order, the newest version of each, no final one lost."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

from agent.interpreting.captions import MOST_WAITING, Caption, Captions
from agent.tasks import CallTasks


class Room:
    """Takes a stream when a test lets it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Mapping[str, str], str]] = []
        self.open = asyncio.Semaphore(0)
        self.broken = False
        self.local_participant = SimpleNamespace(stream_text=self._stream_text)

    async def _stream_text(
        self, *, topic: str, sender_identity: str, attributes: Mapping[str, str]
    ) -> Any:
        await self.open.acquire()
        if self.broken:
            raise RuntimeError("no connection")

        async def write(text: str) -> None:
            self.sent.append((sender_identity, attributes, text))

        async def aclose() -> None: ...

        return SimpleNamespace(write=write, aclose=aclose)

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.sent]


@asynccontextmanager
async def captions(room: Room) -> AsyncIterator[tuple[Captions, CallTasks]]:
    async with CallTasks() as tasks:
        shown = Captions(room, tasks)  # type: ignore[arg-type]
        tasks.carry(shown.run, name="captions", lost=lambda: None)
        yield shown, tasks


def caption(segment: str, text: str, *, final: bool = False, **fields: Any) -> Caption:
    return Caption(segment, text, "ann", "TR_1", "en", "original", final, **fields)


async def settle(room: Room, count: int) -> None:
    for _ in range(count):
        room.open.release()
        for _ in range(8):
            await asyncio.sleep(0)


async def test_each_says_whose_it_is_and_what() -> None:
    room = Room()
    async with captions(room) as (shown, _):
        shown.show(caption("s1", "Hello.", final=True, of="s0", untranslated=True))
        await settle(room, 1)
    [(sender, attributes, text)] = room.sent
    assert (sender, text) == ("ann", "Hello.")
    assert attributes == {
        "lk.segment_id": "s1",
        "lk.transcribed_track_id": "TR_1",
        "lk.transcription_final": "true",
        "rejoinder.language": "en",
        "rejoinder.caption": "original",
        "rejoinder.caption_of": "s0",
        "rejoinder.untranslated": "true",
    }


async def test_a_version_that_was_not_sent_is_replaced_by_the_next_one() -> None:
    room = Room()
    async with captions(room) as (shown, _):
        shown.show(caption("s1", "I"))
        await asyncio.sleep(0.01)
        for text in ("I went", "I went to", "I went to town"):
            shown.show(caption("s1", text))
        shown.show(caption("s2", "Bye."))
        await settle(room, 5)
    assert room.texts == ["I", "I went to town", "Bye."]


async def test_what_is_final_is_not_replaced_by_what_is_not() -> None:
    room = Room()
    async with captions(room) as (shown, _):
        shown.show(caption("s0", "first"))
        await asyncio.sleep(0.01)
        shown.show(caption("s1", "whole", final=True))
        shown.show(caption("s1", "who"))
        await settle(room, 5)
    assert room.texts == ["first", "whole"]


async def test_in_a_room_that_takes_none_what_is_not_final_goes_first() -> None:
    room = Room()
    async with captions(room) as (shown, _):
        shown.show(caption("s", "first"))
        await asyncio.sleep(0.01)
        for number in range(MOST_WAITING):
            shown.show(caption(f"s{number}", str(number), final=number != 7))
        shown.show(caption("last", "last", final=True))
        await settle(room, MOST_WAITING + 2)
    assert "7" not in room.texts
    assert len(room.texts) == MOST_WAITING + 1


async def test_one_that_cannot_be_sent_ends_nothing() -> None:
    room = Room()
    room.broken = True
    async with captions(room) as (shown, tasks):
        shown.show(caption("s1", "lost", final=True))
        await settle(room, 1)
        room.broken = False
        shown.show(caption("s2", "there", final=True))
        await settle(room, 1)
    assert room.texts == ["there"]
    assert tasks.uninformed == 1
