"""How far ahead of the ear a reply is spoken, on virtual time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from livekit.agents.types import TimedString

from agent.tts.pacing import PacedStream, Progress
from agent.tts.sentences import SentenceTokenizer
from tests.fakes import virtual_time

SENTENCE = "This is a sentence of some length and it says nothing. "
SENTENCE_S = 2.0
SPEAKING_TAKES_S = 0.2


class Reply:
    """An engine that speaks each piece for two seconds, and a track that may play it."""

    def __init__(self) -> None:
        self.made_s = 0.0
        self.heard_s = 0.0
        self.sounding = False
        self.sent_along: list[str] = []
        self.pieces = PacedStream(SentenceTokenizer().stream(), self, self)
        self.ended = False
        self.reading = asyncio.create_task(self._speak())

    def pushed_duration(self) -> float:
        return self.made_s

    def push_timed_transcript(self, delta_text: TimedString) -> None:
        self.sent_along.append(delta_text)

    @property
    def captured_s(self) -> float:
        """All that is made is handed over once the reply may sound."""
        return self.made_s if self.sounding else 0.0

    @property
    def unheard_s(self) -> float:
        return self.captured_s - self.heard_s

    async def _speak(self) -> None:
        async for _ in self.pieces:
            await asyncio.sleep(SPEAKING_TAKES_S)
            self.made_s += SENTENCE_S
        self.ended = True

    async def sounds(self, for_s: float) -> None:
        """Play; a track does not play what is not made."""
        self.sounding = True
        for _ in range(round(for_s / 0.02)):
            await asyncio.sleep(0.02)
            assert self.heard_s < self.made_s or self.ended, "a gap"
            self.heard_s = min(self.made_s, self.heard_s + 0.02)

    async def leave(self) -> None:
        self.reading.cancel()
        await asyncio.wait({self.reading})


def run(scene: Coroutine[Any, Any, None]) -> None:
    virtual_time.run(scene)


def test_before_it_sounds_only_the_beginning_is_spoken() -> None:
    async def talk() -> None:
        reply = Reply()
        reply.pieces.push_text(SENTENCE * 10)
        await asyncio.sleep(10)
        assert reply.made_s <= 2 * SENTENCE_S
        await reply.leave()

    run(talk())


def test_once_it_sounds_it_stays_some_seconds_ahead_and_has_no_gap() -> None:
    async def talk() -> None:
        reply = Reply()
        reply.pieces.push_text(SENTENCE * 10)
        reply.pieces.end_input()
        await asyncio.sleep(0.5)
        for _ in range(6):
            await reply.sounds(2.0)
            ahead = reply.made_s - reply.heard_s
            assert 0.5 <= ahead <= 3.0 + SENTENCE_S
        await reply.sounds(20.0)
        assert reply.ended
        assert reply.heard_s == pytest.approx(reply.made_s)
        await reply.leave()

    run(talk())


def test_a_held_reply_is_not_spoken_on() -> None:
    async def talk() -> None:
        reply = Reply()
        reply.pieces.push_text(SENTENCE * 10)
        await asyncio.sleep(0.5)
        await reply.sounds(1.0)
        await asyncio.sleep(2.0)
        made_s = reply.made_s
        await asyncio.sleep(10)
        assert reply.made_s == made_s
        await reply.leave()

    run(talk())


def test_after_a_silence_in_the_middle_the_rest_is_spoken() -> None:
    """A word to the caller, played out before the model has gone on (LLM_FILLER)."""

    async def talk() -> None:
        reply = Reply()
        reply.pieces.push_text(SENTENCE * 2)
        reply.pieces.flush()
        await asyncio.sleep(0.5)
        reply.sounding = True
        await asyncio.sleep(0.5)
        reply.heard_s = reply.made_s
        made_s = reply.made_s
        reply.pieces.push_text(SENTENCE * 2)
        await asyncio.sleep(1.0)
        assert reply.made_s > made_s
        await reply.leave()

    run(talk())


def test_what_travels_with_the_audio_tells_which_pieces_are_complete() -> None:
    async def talk() -> None:
        reply = Reply()
        await asyncio.sleep(0.1)
        reply.pieces.push_text(SENTENCE * 2)
        reply.pieces.flush()
        await asyncio.sleep(SPEAKING_TAKES_S / 2)
        [progress] = reply.sent_along
        assert isinstance(progress, Progress)
        assert progress == ""
        reply.made_s = 0.7
        assert progress.whole_s == 0.0
        await asyncio.sleep(SPEAKING_TAKES_S)
        assert progress.whole_s == reply.made_s == SENTENCE_S + 0.7
        await reply.leave()

    run(talk())


def test_all_pieces_come_in_order_and_unchanged() -> None:
    async def talk() -> None:
        text = "Well, this is it. " + SENTENCE * 3
        reply = Reply()
        await reply.leave()
        pieces = PacedStream(SentenceTokenizer().stream(), reply, reply)
        pieces.push_text(text)
        pieces.flush()
        pieces.end_input()
        assert "".join([piece.token async for piece in pieces]) == text

    run(talk())


def test_waiting_ends_with_its_reader() -> None:
    async def talk() -> None:
        reply = Reply()
        reply.pieces.push_text(SENTENCE * 10)
        await asyncio.sleep(5)
        await reply.leave()
        await reply.pieces.aclose()
        assert reply.reading.cancelled()

    run(talk())
