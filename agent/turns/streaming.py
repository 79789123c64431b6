"""A recogniser made of an engine that listens all the time: one stream a call, kept warm.

Any livekit plug-in whose `capabilities.streaming` is true. The stream is fed in real time, so that
no service takes it for dead: an utterance with what came 0.5 s before it, and silence between
utterances, so that nothing is recognised which the turn taker takes for no speech. When the
engine thinks that an utterance is over is of no interest: it ends a segment, no turn.

A stream that is lost, or says nothing to somebody who surely speaks, is replaced by another, which
is given what was not final of the utterance in progress; what stays unheard for as long as an
answer may take is lost.
"""

import asyncio
import logging
import time
from collections.abc import Callable

import numpy as np
from livekit.agents import APIConnectionError, APIConnectOptions, APITimeoutError, stt
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from numpy.typing import NDArray

from agent.hearing.ear import HOP, HOP_S, RATE_HZ, Hop
from agent.turns import stream_results
from agent.turns.recogniser import Hearer, Onset, Voice, Words
from agent.turns.stream_delays import StreamDelays
from agent.turns.stream_words import StreamedWords, Told
from agent.turns.streams import KeptStream
from agent.wording.transcripts import spoken, tagged_language

logger = logging.getLogger(__name__)

_SILENT_HOPS = 10
"""Silence is sent 100 ms at a time."""
_LONGEST_KEPT_S = 30.0
"""Audio of an utterance that is kept for a stream that is opened anew, seconds."""
_MOST_UNANSWERED = 3
"""A stream that has said nothing to so many sounds in a row that may have been voices is replaced.
One that is surely a voice is enough."""


class StreamingRecogniser:
    """Words of one call's utterances; `agent.turns.recogniser.Recogniser`."""

    def __init__(
        self,
        engine: stt.STT[str],
        *,
        limits: APIConnectOptions,
        language: Callable[[], NotGivenOr[str]] = lambda: NOT_GIVEN,
        delays: StreamDelays | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Listen with a stream of `engine`; `limits.timeout` is the longest wait for its words.

        `language` says the tag that it is told in place of the one that it is set to; empty: that
        one. Where it changes, another stream is opened.
        `delays` is what other calls know of it; without, each learns anew. Latencies are measured
        on `clock`, seconds.
        """
        self._engine = engine
        self._delays = delays or StreamDelays()
        self._spoken: Callable[[], NotGivenOr[str]] = lambda: language() or NOT_GIVEN
        # What a plug-in would try again by itself has lost its audio.
        self._limits = APIConnectOptions(max_retry=0, timeout=limits.timeout)
        self._clock = clock
        self._hearer: Hearer
        self._stream: KeptStream

    def start(self, hearer: Hearer, tasks: asyncio.TaskGroup) -> None:
        """Begin afresh, and tell `hearer`; the stream is closed with `tasks`."""
        self._hearer = hearer
        offered = self._engine.capabilities
        self._words = StreamedWords(
            flushes=offered.manual_flush, interims=offered.interim_results, delays=self._delays
        )
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
        self._messages = 0
        """What its service had said when this was last looked at."""
        self._replaced = False
        """Whether this utterance was given to another stream, as one said nothing."""
        self._voiced_at = 0.0
        self._language = ""
        self._lost_at: float | None = None
        self._stream = KeptStream(
            self._engine,
            self,
            language=self._spoken,
            limits=self._limits,
            clock=self._clock,
            tasks=tasks,
        )

    # From the caller to the stream.

    def begin(self, onset: Onset) -> None:
        """Words are wanted from here on."""
        fresh = round((self._now - self._heard_to) / HOP_S)
        self._kept = list(onset.before)[max(0, len(onset.before) - fresh) :]
        begins = self._now - len(self._kept) * HOP_S
        self._words.begin(begins=begins, shift_s=self._stream_s - begins, now=self._now)
        self._lost_at, self._replaced = None, False
        self._messages = self._stream.messages
        if not self._stream.hears:
            self._lose()
        self._ahead_s += len(self._kept) * HOP_S - self._silent_hops * HOP_S
        self._silent_hops = 0
        self._attending, self._voice = True, None
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
        if not self._stream.hears:
            self._lose()
        else:
            self._look(voice)
        if self._lost_at is not None:
            self._give_up(voice, self._lost_at)
        self._tell()

    def abandon(self) -> None:
        """No word of it is wanted; the engine ends its segment."""
        voiced = self._voice is not None and self._voice.last is not None
        self._attending, self._voice, self._kept = False, None, []
        if voiced and self._stream.hears:
            self._unanswered = 0 if self._words.is_answered else self._unanswered + 1
        if self._words.end():
            self._stream.flush()
        if self._unanswered == _MOST_UNANSWERED:
            self._unanswered = 0
            self._stream.leave()

    def _look(self, voice: Voice) -> None:
        """See to what a stream that hears the voice does with it."""
        if self._stream.messages != self._messages:
            self._messages = self._stream.messages
            self._words.answered()
        if self._words.flush_due(voice.now):
            self._stream.flush()
        if not self._words.is_unanswered(
            voice.now, patience_s=self._limits.timeout, speaks_on=not self._replaced
        ):
            return
        if self._replaced:
            self._unheard(voice, APITimeoutError("no stream says anything to a voice"))
        else:
            self._replaced, self._unanswered = True, 0
            self._stream.leave()
            self._lose()

    def _send_silence(self) -> None:
        if self._ahead_s >= HOP_S:
            self._ahead_s -= HOP_S
            return
        self._silent_hops += 1
        if self._silent_hops == _SILENT_HOPS:
            self._silent_hops = 0
            self._send(np.zeros(_SILENT_HOPS * HOP, np.int16))
            if self._stream.language != self._spoken():
                self._stream.leave(mute=False)

    def _send(self, pcm: NDArray[np.int16]) -> None:
        self._stream_s += len(pcm) / RATE_HZ
        self._stream.send(pcm)

    # From the stream to the turn taker.

    def opened(self) -> None:
        """A new stream is given what was not final."""
        self._stream_s, self._ahead_s, self._messages = 0.0, 0.0, 0
        if self._attending:
            begins = self._now - len(self._kept) * HOP_S
            self._words.moved(begins=begins, shift_s=-begins)
            self._ahead_s = len(self._kept) * HOP_S
            if self._kept:
                self._send(np.concatenate(self._kept))

    def lost(self, error: Exception) -> None:
        """What was not final is kept for the next one."""
        self._lose()
        self._keep_open()
        level = logging.WARNING if self._attending else logging.INFO
        logger.log(level, "a stream was lost", extra={"error": type(error).__name__})

    def heard(self, event: stt.SpeechEvent) -> None:
        """Take in what it says; how much it was given is nothing that a service says."""
        if event.type is stt.SpeechEventType.RECOGNITION_USAGE:
            return
        self._words.answered()
        told = stream_results.told(event, preflight_stays=self._stream.preflight_stays)
        if told is not None:
            self._take(told, str(event.alternatives[0].language or ""))

    def _lose(self) -> None:
        if self._words.lost(self._now) and self._lost_at is None:
            self._lost_at = self._now

    def _keep_open(self) -> None:
        """What is final is never asked for again."""
        open_hops = round((self._now - self._words.final_to) / HOP_S)
        self._kept = self._kept[max(0, len(self._kept) - open_hops) :]

    def _take(self, told: Told, language: str) -> None:
        self._words.told(told, self._now)
        if not self._attending:
            return
        self._lost_at = None
        self._language = tagged_language(told.text) or language or self._language
        if told.final:
            self._keep_open()
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
            self._unheard(voice, APIConnectionError("the stream was lost"))

    def _unheard(self, voice: Voice, error: Exception) -> None:
        self._lost_at = None
        self._hearer.unheard(voice.now, error)
