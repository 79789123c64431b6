"""A streaming recogniser without a wire, for virtual time.

It knows exactly the words whose audio it was given, in whatever pieces (`caller_sound`).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectionError,
    APIConnectOptions,
    APIStatusError,
    LanguageCode,
    stt,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr, TimedString
from livekit.agents.utils import AudioBuffer
from numpy.typing import NDArray

from agent.hearing.ear import HOP, HOP_S
from agent.stt.telling import TellingStream
from agent.tasks import first_of
from tests.fakes.caller_sound import KNOWN_SHARE, Vocabulary


@dataclass(eq=False)
class Opened:
    """A stream, from the engine's side."""

    language: NotGivenOr[str] = NOT_GIVEN
    """That it was told."""
    heard_s: float = 0.0
    flushes: int = 0
    closed: bool = False
    end: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: the server closes the connection."""


class StreamingEngine(stt.STT[str]):
    """Tells each word `delay_s` after its end."""

    def __init__(
        self, vocabulary: Vocabulary, *, delay_s: float = 0.15, timed: bool = True,
        flushes: bool = True, ends_after_s: float = 5.0,
    ) -> None:  # fmt: skip
        """`timed`: words have times; `ends_after_s`: silence that ends its segment."""
        super().__init__(
            capabilities=stt.STTCapabilities(
                streaming=True, interim_results=True, offline_recognize=False, manual_flush=flushes,
                aligned_transcript="word" if timed else False,
            )
        )  # fmt: skip
        self.delay_s, self.timed, self.ends_after_s = delay_s, timed, ends_after_s
        self.vocabulary = vocabulary
        self.streams: list[Opened] = []
        self.refuses: bool | int = False
        """Whether it takes no stream, or the status by which it says so."""
        self.is_mute = False
        """Whether it says nothing at all."""
        self.is_puzzled = False
        """Whether it hears voices, and no words in them."""
        self.chunks = False
        """Whether it tells its newest words once more, as AssemblyAI does."""
        self.connects_after_s = self.closes_after_s = 0.0

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        self.streams.append(Opened(language))
        return _Stream(self, conn_options, self.streams[-1])


class _Stream(TellingStream):
    def __init__(self, engine: StreamingEngine, options: APIConnectOptions, how: Opened) -> None:
        super().__init__(stt=engine, conn_options=options)
        self._engine, self._how = engine, how
        self._counts: dict[int, int] = {}
        self._segment: list[TimedString] = []
        self._known: set[int] = set()
        self._quiet = self._timers = 0
        self._current: tuple[int, str, int] | None = None

    async def _run(self) -> None:
        if self._engine.refuses is True:
            raise APIConnectionError("refused")
        if self._engine.refuses:
            raise APIStatusError("refused", status_code=self._engine.refuses)
        await asyncio.sleep(self._engine.connects_after_s)
        self.listening = True
        try:
            async with first_of(APIConnectionError), asyncio.TaskGroup() as group:
                dying = group.create_task(self._die())
                await self._listen()
                await asyncio.sleep(self._engine.delay_s)
                dying.cancel()
        finally:
            await asyncio.sleep(self._engine.closes_after_s)
            self._how.closed = True

    async def _die(self) -> None:
        await self._how.end.wait()
        raise APIConnectionError("the server died")

    async def _listen(self) -> None:
        async for item in self._input_ch:
            if not isinstance(item, rtc.AudioFrame):
                self._how.flushes += 1
                self._later(self._finish)
                continue
            pcm = np.frombuffer(item.data, np.int16)
            assert len(pcm) % HOP == 0
            for hop in pcm.reshape(-1, HOP):
                self._hop(hop)

    def _hop(self, hop: NDArray[np.int16]) -> None:
        self._how.heard_s += HOP_S
        word = self._engine.vocabulary.word_in(hop)
        self._quiet = 0 if word else self._quiet + 1
        if self._quiet == round(self._engine.ends_after_s / HOP_S):
            self._later(self._finish)
        before, self._current = self._current, word
        if word and not before and self._engine.is_puzzled:
            self._event_ch.send_nowait(stt.SpeechEvent(stt.SpeechEventType.START_OF_SPEECH))
        if before and before != word and not (self._engine.is_mute or self._engine.is_puzzled):
            self._know(*before, self._how.heard_s - HOP_S)
        if word:
            self._counts[word[0]] = self._counts.get(word[0], 0) + 1

    def _know(self, number: int, text: str, hops: int, end_s: float) -> None:
        if number not in self._known and self._counts[number] >= KNOWN_SHARE * hops:
            self._known.add(number)
            word = TimedString(text, start_time=end_s - hops * HOP_S, end_time=end_s)
            self._later(lambda: self._add(word))

    def _later(self, do: Callable[[], None]) -> None:
        self._timers += 1  # those of one moment come in order
        delay_s = self._engine.delay_s + self._timers * 1e-9
        loop = asyncio.get_running_loop()
        loop.call_later(delay_s, lambda: None if self._event_ch.closed else do())

    def _add(self, word: TimedString) -> None:
        self._segment.append(word)
        text = " ".join(self._segment).rstrip(".?!。？").lower()
        self._tell(stt.SpeechEventType.INTERIM_TRANSCRIPT, text)
        if self._engine.chunks:
            self._tell(stt.SpeechEventType.PREFLIGHT_TRANSCRIPT, word, [word])

    def _finish(self) -> None:
        if self._segment:
            self._tell(stt.SpeechEventType.FINAL_TRANSCRIPT, " ".join(self._segment))
            self._event_ch.send_nowait(stt.SpeechEvent(stt.SpeechEventType.END_OF_SPEECH))
        self._segment = []

    def _tell(
        self, kind: stt.SpeechEventType, text: str, newest: list[TimedString] | None = None
    ) -> None:
        words = list(newest or self._segment) if self._engine.timed else None
        language = LanguageCode("en" if text.isascii() else "zh")
        data = stt.SpeechData(language=language, text=text, words=words)
        self._event_ch.send_nowait(stt.SpeechEvent(kind, alternatives=[data]))
