"""A recogniser made of an engine that takes whole utterances: sends what `Asking` wants asked."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from livekit import rtc
from livekit.agents import APIConnectOptions, stt
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.costs.purpose import PURPOSE, Wanted
from agent.hearing.ear import RATE_HZ, Hop
from agent.remote import urgency
from agent.remote.hedging import Pace, hedged
from agent.turns.asking import Abandon, Asking, Recognise, Request
from agent.turns.recogniser import Hearer, Onset, Voice, Words
from agent.turns.schedule import Eagerness, Schedule
from agent.wording.transcripts import tagged_language

logger = logging.getLogger(__name__)

_GRACE_S = 1.0
"""Added to the engine's own time-outs before a request is ended from outside."""


@dataclass(slots=True)
class _Sent:
    task: asyncio.Task[None]
    began: float
    alone: bool
    """Whether no other request was in flight when it was sent."""


class BatchRecogniser:
    """Words of one call's utterances; `agent.turns.recogniser.Recogniser`."""

    def __init__(
        self,
        engine: stt.STT[str],
        *,
        limits: APIConnectOptions,
        eagerness: Eagerness = "eager",
        pace: Pace | None = None,
        language: Callable[[], NotGivenOr[str]] = lambda: NOT_GIVEN,
        asking: Callable[[Schedule], Asking] = Asking,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Ask `engine` within `limits`, as often as `eagerness` allows.

        `language` says the tag that it is told in place of the one that it is set to; empty: to
        find out itself.
        With `pace`, the request that a turn waits for is repeated when it is slower than most.
        `asking` makes what says what to ask. Latencies are measured on `clock`, seconds.
        """
        self._engine = engine
        self._limits = limits
        self._spoken = language
        self._eagerness = eagerness
        self._pace = pace
        self._make_asking = asking
        self._clock = clock
        self._hearer: Hearer
        self._tasks: asyncio.TaskGroup

    def start(self, hearer: Hearer, tasks: asyncio.TaskGroup) -> None:
        """Begin afresh, and tell `hearer`; requests are cancelled with `tasks`."""
        self._hearer, self._tasks = hearer, tasks
        self._schedule = Schedule(self._eagerness)
        self._asking = self._make_asking(self._schedule)
        self._sent: dict[int, _Sent] = {}
        self._purposes: dict[int, Wanted] = {}
        """Of the requests of the utterance in progress."""
        self._language = ""

    def begin(self, onset: Onset) -> None:
        """Words are wanted from here on."""
        # A server's version may have become known meanwhile.
        self._schedule.cancels = getattr(self._engine, "cancels", True)
        self._asking.begin(onset)

    def hear(self, hop: Hop, voice: Voice | None) -> None:
        """Take in the next 10 ms."""
        if voice is not None:
            self._do(self._asking.hear(hop, voice))

    def abandon(self) -> None:
        """Cancel what is in flight. Of use were the requests that made its last words."""
        in_use = self._asking.in_use
        for number, purpose in self._purposes.items():
            purpose.kept = number in in_use
        self._purposes.clear()
        self._do(self._asking.abandon())

    def _do(self, requests: list[Request]) -> None:
        for request in requests:
            match request:
                case Recognise(number):
                    asking = self._ask(request)
                    task = self._tasks.create_task(asking, name=f"recognise-{number}")
                    self._sent[number] = _Sent(task, self._clock(), alone=not self._sent)
                case Abandon(number):
                    sent = self._sent.pop(number, None)
                    if sent is not None:
                        sent.task.cancel()

    async def _ask(self, wanted: Recognise) -> None:
        urgency.INTERIM.set(wanted.rolling)
        PURPOSE.set(self._purposes.setdefault(wanted.number, Wanted()))
        samples = wanted.pcm
        frame = rtc.AudioFrame(samples.tobytes(), RATE_HZ, 1, len(samples))
        limits = self._limits
        if wanted.rolling:
            limits = APIConnectOptions(max_retry=0, timeout=limits.timeout)
        longest_s = (limits.max_retry + 1) * (limits.timeout + limits.retry_interval) + _GRACE_S
        began = self._clock()
        try:
            late_s = None if self._pace is None or wanted.rolling else self._pace.late_s
            async with asyncio.timeout(longest_s):
                spoken = self._spoken()
                event = await hedged(
                    lambda: self._engine.recognize(frame, language=spoken, conn_options=limits),
                    after_s=late_s,
                )
        except Exception as error:  # noqa: BLE001 - an engine's bug must not end the call
            self._failed(wanted, error)
        else:
            if self._pace is not None and not wanted.rolling:
                self._pace.took(self._clock() - began)
            self._answered(wanted.number, event)

    def _answered(self, number: int, event: stt.SpeechEvent) -> None:
        sent = self._sent.pop(number, None)
        if sent is None:
            return
        answered = self._clock()
        best = event.alternatives[0] if event.alternatives else None
        text = best.text if best is not None else ""
        if best is not None and text.strip():
            self._language = tagged_language(text) or str(best.language or "")
        known = self._asking.answered(
            number,
            text,
            language=self._language,
            took_s=answered - sent.began,
            alone=sent.alone,
        )
        self._tell(known, asked=sent.began)

    def _failed(self, wanted: Recognise, error: Exception) -> None:
        sent = self._sent.pop(wanted.number, None)
        if sent is None:
            return
        # The beginning of an utterance may well be unclear: it is asked for again.
        level = logging.DEBUG if wanted.rolling else logging.WARNING
        logger.log(level, "an utterance was not recognised", extra={"error": type(error).__name__})
        lost_upto, known = self._asking.failed(wanted.number)
        if not wanted.rolling:
            self._hearer.unheard(lost_upto, error)
        self._tell(known, asked=sent.began)

    def _tell(self, known: tuple[str, float] | None, *, asked: float) -> None:
        if known is not None:
            text, upto = known
            self._hearer.words(
                Words(text, upto, language=self._language, asked=asked, answered=self._clock())
            )
