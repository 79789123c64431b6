"""A recogniser made of an engine that listens all the time: one stream a call, kept warm.

Any livekit plug-in whose `capabilities.streaming` is true. The stream is fed in real time, so that
no service takes it for dead: an utterance with what came 0.5 s before it, and silence between
utterances, so that nothing is recognised which the turn taker takes for no speech. When the
engine thinks that an utterance is over is of no interest: it ends a segment, no turn.

A stream that is lost is opened anew at once, then ever less often, and is given what was not
final of the utterance in progress; what stays unheard for as long as an answer may take is lost.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, stt
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from numpy.typing import NDArray

from agent.hearing.ear import HOP, HOP_S, RATE_HZ, Hop
from agent.turns.recogniser import Hearer, Onset, Voice, Words
from agent.turns.stream_delays import StreamDelays
from agent.turns.stream_words import StreamedWords, Told
from agent.wording.transcripts import spoken

logger = logging.getLogger(__name__)

_SILENT_HOPS = 10
"""Silence is sent 100 ms at a time."""
_LONGEST_KEPT_S = 30.0
"""Audio of an utterance that is kept for a stream that is opened anew, seconds."""
_AGAIN_S, _SELDOM_S = 0.25, 4.0
"""After a failure a stream is opened anew at once, then after 0.25, 0.5, … 4 s."""
_MOST_UNANSWERED = 3
"""A stream that has said nothing to so many voices in a row is opened anew."""
_WORDS = (
    stt.SpeechEventType.INTERIM_TRANSCRIPT,
    stt.SpeechEventType.PREFLIGHT_TRANSCRIPT,
    stt.SpeechEventType.FINAL_TRANSCRIPT,
)


@runtime_checkable
class Accountable(Protocol):
    """A stream that is told why it is closed."""

    def was_mute(self) -> None:
        """It has said nothing to several voices."""


class StreamingRecogniser:
    """Words of one call's utterances; `agent.turns.recogniser.Recogniser`."""

    def __init__(
        self,
        engine: stt.STT[str],
        *,
        limits: APIConnectOptions,
        language: NotGivenOr[str] = NOT_GIVEN,
        delays: StreamDelays | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Listen with a stream of `engine`; `limits.timeout` is the longest wait for its words.

        `language`: the tag that it is told in place of the one that it is set to; empty: that one.
        `delays` is what other calls know of it; without, each learns anew. Latencies are measured
        on `clock`, seconds.
        """
        self._engine = engine
        self._delays = delays or StreamDelays()
        self._spoken = language or NOT_GIVEN
        # What a plug-in would try again by itself has lost its audio.
        self._limits = APIConnectOptions(max_retry=0, timeout=limits.timeout)
        self._clock = clock
        self._hearer: Hearer
        self._tasks: asyncio.TaskGroup

    def start(self, hearer: Hearer, tasks: asyncio.TaskGroup) -> None:
        """Begin afresh, and tell `hearer`; the stream is closed with `tasks`."""
        self._hearer, self._tasks = hearer, tasks
        flushes = self._engine.capabilities.manual_flush
        self._words = StreamedWords(flushes=flushes, delays=self._delays)
        self._stream: stt.RecognizeStream | None = None
        self._stream_s = 0.0
        """Audio that the stream was given."""
        self._ahead_s = 0.0
        """How much more than real time it was given."""
        self._silent_hops = 0
        self._now = 0.0
        self._heard_to = 0.0
        """Position up to which audio of utterances was sent."""
        self._kept: list[NDArray[np.int16]] = []
        """Audio of the utterance that an interim word may be of, up to now."""
        self._voice: Voice | None = None
        self._attending = False
        self._unanswered = 0
        """Utterances in a row to which the stream has said nothing at all."""
        self._answered = False
        self._voiced_at = 0.0
        self._language = ""
        self._lost_at: float | None = None
        tasks.create_task(self._listen(), name="recognise-stream")

    # From the caller to the stream.

    def begin(self, onset: Onset) -> None:
        """Words are wanted from here on."""
        fresh = round((self._now - self._heard_to) / HOP_S)
        self._kept = list(onset.before)[max(0, len(onset.before) - fresh) :]
        begins = self._now - len(self._kept) * HOP_S
        self._words.begin(begins=begins, shift_s=self._stream_s - begins, now=self._now)
        self._lost_at = None
        if self._stream is None:
            self._lose()
        self._ahead_s += len(self._kept) * HOP_S - self._silent_hops * HOP_S
        self._silent_hops = 0
        self._attending, self._voice, self._answered = True, None, False
        if self._kept:
            self._send(np.concatenate(self._kept))

    def hear(self, hop: Hop, voice: Voice | None) -> None:
        """Take in the next 10 ms."""
        self._now = self._now + HOP_S if voice is None else voice.now
        if voice is None:
            self._send_silence()
            return
        self._heard_to = self._now
        self._voice = voice
        self._kept.append(hop.pcm)
        if len(self._kept) > _LONGEST_KEPT_S / HOP_S:
            del self._kept[: len(self._kept) // 2]
        self._send(hop.pcm)
        if voice.last == voice.now:
            self._voiced_at = self._clock()
        self._words.went_on(voice)
        if self._words.flush_due(voice.now):
            self._flush()
        if self._lost_at is not None:
            self._give_up(voice, self._lost_at)
        self._tell()

    def abandon(self) -> None:
        """No word of it is wanted; the engine ends its segment."""
        voiced = self._voice is not None and self._voice.last is not None
        self._attending, self._voice, self._kept = False, None, []
        if self._words.end():
            self._flush()
        if voiced:
            self._unanswered = 0 if self._answered else self._unanswered + 1
        if self._unanswered == _MOST_UNANSWERED and self._stream is not None:
            self._unanswered = 0
            if isinstance(self._stream, Accountable):
                self._stream.was_mute()
            self._tasks.create_task(self._stream.aclose(), name="close-mute-stream")

    def _send_silence(self) -> None:
        if self._ahead_s >= HOP_S:
            self._ahead_s -= HOP_S
            return
        self._silent_hops += 1
        if self._silent_hops == _SILENT_HOPS:
            self._silent_hops = 0
            self._send(np.zeros(_SILENT_HOPS * HOP, np.int16))

    def _send(self, pcm: NDArray[np.int16]) -> None:
        self._stream_s += len(pcm) / RATE_HZ
        if self._stream is not None:
            frame = rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm))
            self._give(lambda stream: stream.push_frame(frame))

    def _flush(self) -> None:
        self._give(lambda stream: stream.flush())

    def _give(self, what: Callable[[stt.RecognizeStream], None]) -> None:
        if self._stream is not None:
            try:
                what(self._stream)
            except RuntimeError:
                self._stream = None  # it has just ended: `_listen` will know

    # From the stream to the turn taker.

    async def _listen(self) -> None:
        failures = 0
        while True:
            opened = self._clock()
            error = await self._hear_stream()
            failures = 0 if self._clock() - opened > self._limits.timeout else failures + 1
            self._stream = None
            self._lose()
            level = logging.WARNING if self._attending else logging.INFO
            logger.log(level, "a stream was lost", extra={"error": type(error).__name__})
            if failures > 1:
                await asyncio.sleep(min(_SELDOM_S, _AGAIN_S * 2 ** (failures - 2)))

    def _lose(self) -> None:
        if self._words.lost() and self._lost_at is None:
            self._lost_at = self._now

    async def _hear_stream(self) -> Exception:
        """Take in the results of a new stream; returns why it ended."""
        try:
            stream = self._engine.stream(language=self._spoken, conn_options=self._limits)
        except Exception as error:  # noqa: BLE001 - an engine's bug must not end the call
            return error
        try:
            self._opened(stream)
            while True:
                try:
                    event = await anext(stream)
                except StopAsyncIteration:
                    return APIConnectionError("the stream has ended")
                except Exception as error:  # noqa: BLE001 - an engine's bug must not end the call
                    return error
                self._answered = True
                if event.type in _WORDS and event.alternatives:
                    self._take(event)
        finally:
            await stream.aclose()

    def _opened(self, stream: stt.RecognizeStream) -> None:
        self._stream, self._stream_s, self._ahead_s = stream, 0.0, 0.0
        if self._attending:
            begins = self._now - len(self._kept) * HOP_S
            self._words.moved(begins=begins, shift_s=-begins)
            self._ahead_s = len(self._kept) * HOP_S
            if self._kept:
                self._send(np.concatenate(self._kept))

    def _take(self, event: stt.SpeechEvent) -> None:
        data = event.alternatives[0]
        final = event.type is stt.SpeechEventType.FINAL_TRANSCRIPT
        self._words.told(Told(data.text, final, _placed(data)), self._now)
        if not self._attending:
            return
        self._lost_at = None
        self._language = str(data.language or "") or self._language
        if final:
            # What is final is never asked for again.
            open_hops = round((self._now - self._words.final_to) / HOP_S)
            self._kept = self._kept[max(0, len(self._kept) - open_hops) :]
        self._tell()

    def _tell(self) -> None:
        known = self._words.news(self._now)
        if known is None:
            return
        self._hearer.words(
            Words(
                spoken(known.text),
                known.upto,
                final=known.final,
                language=self._language,
                asked=self._voiced_at,
                answered=self._clock(),
            )
        )

    def _give_up(self, voice: Voice, lost_at: float) -> None:
        """What a lost stream was given and no new one has told in time is lost."""
        since = max(lost_at, voice.now if voice.last is None else voice.last)
        if voice.now - since >= self._limits.timeout:
            self._lost_at = None
            self._hearer.unheard(voice.now, APIConnectionError("the stream was lost"))


def _placed(data: stt.SpeechData) -> tuple[tuple[str, float, float], ...]:
    """The words of a result with their times, seconds of the stream; empty: it has none."""
    words = [
        (str(word), word.start_time, word.end_time)
        for word in data.words or ()
        if isinstance(word.start_time, float | int) and isinstance(word.end_time, float | int)
    ]
    if words and len(words) == len(data.words or ()) and words[-1][2] > 0:
        return tuple(words)
    if data.end_time > data.start_time >= 0:
        return ((data.text, data.start_time, data.end_time),)
    return ()
