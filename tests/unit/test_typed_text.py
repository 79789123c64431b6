"""Typed messages on virtual time: what is answered together, and what is refused."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from agent.call.typed_text import TypedText
from agent.tasks import CallTasks
from tests.fakes import virtual_time

MOST = 100
Message = tuple[float, str]


def answered(*messages: Message, takes_s: float = 0.0) -> tuple[list[str], int]:
    """The texts that were answered, and how often somebody was told that it was too long."""
    texts: list[str] = []
    refused: list[None] = []

    async def answer(text: str) -> None:
        texts.append(text)
        await asyncio.sleep(takes_s)

    async def scene() -> None:
        async with CallTasks() as tasks:
            typed = TypedText(
                tasks,
                most_chars=MOST,
                heeded=lambda identity: True,
                answer=answer,
                too_long=lambda: refused.append(None),
            )
            tasks.carry(typed.run, name="typed", lost=lambda: pytest.fail("it failed"))
            loop = asyncio.get_running_loop()
            for at, text in messages:
                await asyncio.sleep(max(0.0, at - loop.time()))
                typed.add(text)
            await asyncio.sleep(10.0)

    virtual_time.run(scene())
    return texts, len(refused)


def test_messages_that_come_together_are_one_question() -> None:
    assert answered(*((n * 0.004, f"m{n}") for n in range(6))) == (["m0\nm1\nm2\nm3\nm4\nm5"], 0)


def test_messages_one_after_another_are_answered_one_by_one() -> None:
    assert answered((0, "one"), (2, "two"), (4, "three")) == (["one", "two", "three"], 0)


def test_what_comes_while_an_answer_is_begun_waits_for_it() -> None:
    assert answered((0, "one"), (0.2, "two"), (0.3, "three"), takes_s=1.0) == (
        ["one", "two\nthree"],
        0,
    )


@pytest.mark.parametrize("blank", ["", " ", "\n\t \n", "\u200b\u200b", "\u00a0\u2003"])
def test_a_blank_message_is_none(blank: str) -> None:
    assert answered((0, blank), (1, "one"), (1.01, blank)) == (["one"], 0)


def test_a_message_that_is_too_long_is_refused_and_the_next_is_answered() -> None:
    assert answered((0, "x" * (MOST + 1)), (1, "short")) == (["short"], 1)
    assert answered((0, "x" * MOST)) == (["x" * MOST], 0)


def test_of_a_flood_the_newest_is_answered_within_the_limit() -> None:
    texts, refused = answered(*((n * 0.001, f"message {n}") for n in range(1000)))
    assert texts[-1].endswith("message 999")
    assert all(len(text) <= MOST + 20 for text in texts)
    assert len(texts) <= 5
    assert 1 <= refused <= len(texts)


class Reader:
    """A text stream as the room gives it."""

    def __init__(self, *pieces: str, stalls: bool = False) -> None:
        self.pieces = pieces
        self.stalls = stalls
        self.closed = 0

    async def __aiter__(self) -> AsyncIterator[str]:
        for piece in self.pieces:
            yield piece
        if self.stalls:
            await asyncio.Event().wait()

    def close(self) -> None:
        self.closed += 1


class Room:
    def register_text_stream_handler(self, topic: str, handler: Any) -> None:
        assert topic == "lk.chat"
        self.deliver = handler


def listening(
    tasks: CallTasks,
    texts: list[str],
    *,
    heeded: Callable[[str], bool] = lambda identity: True,
    known: Callable[[str], bool] = lambda identity: True,
) -> Room:
    """A room whose chat is answered: each answered text goes to `texts`."""

    async def answer(text: str) -> None:
        texts.append(text)

    room = Room()
    typed = TypedText(
        tasks,
        most_chars=MOST,
        heeded=heeded,
        known=known,
        answer=answer,
        too_long=lambda: None,
    )
    typed.listen(room)  # type: ignore[arg-type]
    tasks.carry(typed.run, name="typed", lost=lambda: pytest.fail("it failed"))
    return room


class Cut(Reader):
    """As the room's: closed in the midst of a message it ends like one that is whole."""

    async def __aiter__(self) -> AsyncIterator[str]:
        for piece in self.pieces:
            yield piece
            while not self.closed:
                await asyncio.sleep(0.1)
            return


def test_of_a_message_that_was_dropped_no_part_is_answered() -> None:
    texts: list[str] = []
    readers = [Cut("half", " a message") for _ in range(65)]

    async def scene() -> None:
        async with CallTasks() as tasks:
            room = listening(tasks, texts)
            for reader in readers:
                room.deliver(reader, "caller")
                await asyncio.sleep(0)
            await asyncio.sleep(3.0)

    virtual_time.run(scene())
    assert texts == []
    assert readers[0].closed


def test_streams_that_never_end_or_are_endless_are_given_up() -> None:
    texts: list[str] = []
    endless, stalled = Reader(*["x" * 60] * 1000), [Reader("x", stalls=True) for _ in range(100)]
    stranger = Reader("psst")

    async def scene() -> None:
        async with CallTasks() as tasks:
            room = listening(tasks, texts, heeded=lambda identity: identity == "caller")
            room.deliver(stranger, "other")
            for reader in stalled:
                room.deliver(reader, "caller")
            room.deliver(endless, "caller")
            room.deliver(Reader("hel", "lo"), "caller")
            await asyncio.sleep(10.0)

    virtual_time.run(scene())
    assert texts == ["hello"]
    assert all(reader.closed for reader in [*stalled, endless, stranger])


def test_a_message_that_is_here_before_its_sender_waits_for_them() -> None:
    """Data may be quicker than the news of who is there, as where all have come back at once."""
    texts: list[str] = []
    known: set[str] = set()
    early, nobodys = Reader("hel", "lo"), Reader("who", "?")

    async def scene() -> None:
        async with CallTasks() as tasks:
            room = listening(tasks, texts, heeded=known.__contains__, known=known.__contains__)
            room.deliver(early, "caller")
            room.deliver(nobodys, "nobody")
            await asyncio.sleep(0.4)
            assert texts == []
            known.add("caller")
            await asyncio.sleep(10.0)

    virtual_time.run(scene())
    assert texts == ["hello"]
    assert early.closed
    assert nobodys.closed
