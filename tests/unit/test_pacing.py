"""How far ahead of the ear a reply is spoken, on virtual time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from livekit.agents import APIConnectOptions, tts
from livekit.agents.types import (
    DEFAULT_API_CONNECT_OPTIONS,
    USERDATA_TIMED_TRANSCRIPT,
    TimedString,
)

from agent.audio.marks import Progress
from agent.tts.spoken_reply import ReplyVoice
from agent.wording.sentences import SentenceTokenizer
from tests.fakes import virtual_time

RATE_HZ = 16000
SENTENCE = "This is a sentence of some length and it says nothing. "
SENTENCE_S = 2.0
SPEAKING_TAKES_S = 0.2


class Slow(tts.TTS):
    """Makes two seconds of sound of any text, all at once after a moment."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE_HZ, num_channels=1
        )

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        return _Speech(tts=self, input_text=text, conn_options=conn_options)


class _Speech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="speech", sample_rate=RATE_HZ, num_channels=1, mime_type="audio/pcm"
        )
        await asyncio.sleep(SPEAKING_TAKES_S)
        output_emitter.push(b"\x00\x20" * round(SENTENCE_S * RATE_HZ))


class Reply:
    """A reply that is spoken, and a track that may play it."""

    def __init__(self) -> None:
        self.made_s = 0.0
        self.heard_s = 0.0
        self.sounding = False
        self.sent_along: list[TimedString] = []
        voice = ReplyVoice(Slow(), spares=(), tokenizer=SentenceTokenizer(), track=self)
        self.stream = voice.stream()
        self.ended = False
        self.reading = asyncio.create_task(self._listen())

    @property
    def captured_s(self) -> float:
        """All that is made is handed over once the reply may sound."""
        return self.made_s if self.sounding else 0.0

    @property
    def unheard_s(self) -> float:
        return self.captured_s - self.heard_s

    async def _listen(self) -> None:
        async for event in self.stream:
            self.sent_along += event.frame.userdata[USERDATA_TIMED_TRANSCRIPT]
            self.made_s += event.frame.duration
        self.ended = True

    async def sounds(self, for_s: float) -> None:
        """Play; a track does not play what is not made."""
        self.sounding = True
        for _ in range(round(for_s / 0.02)):
            await asyncio.sleep(0.02)
            assert self.heard_s < self.made_s or self.ended, "a gap"
            self.heard_s = min(self.made_s, self.heard_s + 0.02)

    async def leave(self) -> None:
        await self.stream.aclose()
        await asyncio.wait({self.reading})


def run(scene: Coroutine[Any, Any, None]) -> None:
    virtual_time.run(scene)


def test_before_it_sounds_only_the_beginning_is_spoken() -> None:
    async def talk() -> None:
        reply = Reply()
        reply.stream.push_text(SENTENCE * 10)
        await asyncio.sleep(10)
        assert 0 < reply.made_s <= 2 * SENTENCE_S
        await reply.leave()

    run(talk())


def test_once_it_sounds_it_stays_some_seconds_ahead_and_has_no_gap() -> None:
    async def talk() -> None:
        reply = Reply()
        reply.stream.push_text(SENTENCE * 10)
        reply.stream.end_input()
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
        reply.stream.push_text(SENTENCE * 10)
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
        reply.stream.push_text(SENTENCE * 2)
        reply.stream.flush()
        await asyncio.sleep(0.5)
        reply.sounding = True
        await asyncio.sleep(0.5)
        reply.heard_s = reply.made_s
        made_s = reply.made_s
        reply.stream.push_text(SENTENCE * 2)
        await asyncio.sleep(1.0)
        assert reply.made_s > made_s
        await reply.leave()

    run(talk())


def test_what_travels_with_the_audio_tells_which_pieces_are_complete() -> None:
    async def talk() -> None:
        reply = Reply()
        reply.stream.push_text("Well, this is it. ")
        reply.stream.flush()
        await asyncio.sleep(1.5 * SPEAKING_TAKES_S)
        progress, first, *_ = reply.sent_along
        assert isinstance(progress, Progress)
        assert (progress, first.start_time) == ("", 0.0)
        assert progress.whole_s % SENTENCE_S == pytest.approx(0.0, abs=1e-6)
        await asyncio.sleep(10)
        assert progress.whole_s == pytest.approx(reply.made_s)
        await reply.leave()

    run(talk())


def test_all_pieces_come_in_order_and_unchanged() -> None:
    async def talk() -> None:
        text = "Well, this is it. " + SENTENCE * 3
        reply = Reply()
        reply.stream.push_text(text)
        reply.stream.flush()
        reply.stream.end_input()
        await reply.sounds(0.02 if reply.made_s else 0.0)
        reply.sounding = True
        for _ in range(40):
            await asyncio.sleep(1.0)
            reply.heard_s = reply.made_s
        assert reply.ended
        assert "".join(reply.sent_along) == text
        await reply.leave()

    run(talk())


def test_waiting_ends_with_its_reader() -> None:
    async def talk() -> None:
        reply = Reply()
        reply.stream.push_text(SENTENCE * 10)
        await asyncio.sleep(5)
        await reply.leave()
        assert reply.reading.done()

    run(talk())
