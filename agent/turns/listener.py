"""Carries out what the turn taker decides: requests, timers, and two faces for the framework.

livekit-agents wants a detector and a recogniser. Both faces here (`agent.turns.faces`) are
fed by one listener, so that a track is looked at once and on one clock.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, stt
from livekit.agents.types import NOT_GIVEN
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, RATE_HZ, Ear, Hop, Probability
from agent.hearing.echo import Match
from agent.hearing.end_model import EndModel
from agent.options import TurnOptions
from agent.remote import urgency
from agent.remote.hedging import Pace, hedged
from agent.tasks import fault
from agent.turns.actions import (
    Abandon,
    Action,
    AskEnd,
    Began,
    Ended,
    GoOn,
    Guess,
    Heard,
    Hold,
    Recognise,
    Stop,
)
from agent.turns.observer import TurnObserver
from agent.turns.schedule import Eagerness, Schedule
from agent.turns.turn_taker import TurnTaker

logger = logging.getLogger(__name__)

_GRACE_S = 1.0
"""Added to the engine's own time-outs before a request is ended from outside."""
_MUTED_S = 0.1
"""A track that sends nothing for this long is silent, seconds."""


class Floor(Protocol):
    """The agent's side of the conversation, as the listener sees and moves it."""

    @property
    def playing(self) -> bool:
        """Whether a reply is heard, or held."""

    @property
    def busy(self) -> bool:
        """Whether a reply is decided and not over."""

    def match_played(self, heard: NDArray[np.int16]) -> Match:
        """What the agent has said that is most like what the caller's track holds; 16 kHz mono."""

    def hold(self) -> None:
        """Stop the play-out where it is."""

    def go_on(self) -> None:
        """Go on where it was held."""

    def stop(self) -> None:
        """End the reply and all work on it."""


class Sink(Protocol):
    """What the framework's faces take."""

    def speech_began(self) -> None:
        """The caller has the floor."""

    def words(self, kind: stt.SpeechEventType, text: str, language: str, ended: float) -> None:
        """An interim, preflight or final transcript; `ended`: wall clock of the last voice."""

    def speech_ended(self, silence_s: float) -> None:
        """The turn is over."""


@dataclass(slots=True)
class _Request:
    task: asyncio.Task[None]
    began: float
    alone: bool
    """Whether no other request was in flight when it was sent."""
    answered: float | None = None


class Listener:
    """Listens to one caller's track. Made per call; `run` must run for as long as it is fed."""

    def __init__(
        self,
        *,
        engine: stt.STT[str],
        probability: Probability,
        options: TurnOptions,
        eagerness: Eagerness,
        limits: APIConnectOptions,
        floor: Floor,
        observer: TurnObserver,
        end_model: EndModel | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Recognise with `engine` within `limits`; move `floor`; tell `observer`.

        With `pace`, the request that a turn waits for is repeated when it is slower than most.
        Latencies and muted tracks are measured on `clock`, seconds.
        """
        self._engine = engine
        self._probability = probability
        self._options = options
        self._eagerness = eagerness
        self._limits = limits
        self._floor = floor
        self._observer = observer
        self._end_model = end_model
        self._pace = pace
        self._clock = clock
        self._sinks: list[Sink] = []
        self._language = ""
        self._running: asyncio.TaskGroup | None = None
        self._fault: asyncio.Future[None]
        self._start_afresh()

    def _start_afresh(self) -> None:
        """Forget all that was heard: also what an error may have left half done."""
        self._ear = Ear(self._probability)
        self._schedule = Schedule(self._eagerness)
        self._taker = TurnTaker(
            self._options,
            schedule=self._schedule,
            end_model=self._end_model is not None,
            match_played=self._floor.match_played,
        )
        self._requests: dict[int, _Request] = {}
        self._newest: _Request | None = None
        self._told = False
        self._speaking = False
        self._last_frame = self._clock()

    def attach(self, sink: Sink) -> Callable[[], None]:
        """Feed a face of the framework; call the result to stop."""
        self._sinks.append(sink)
        return lambda: self._sinks.remove(sink)

    async def run(self) -> None:
        """Listen until cancelled; all requests have ended then. May be called again.

        Each time it listens afresh: a turn that was in progress is over, without words.

        Raises:
            Exception: what the turn logic or the detector raised, also out of `push`.
        """
        self._start_afresh()
        self._fault = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.TaskGroup() as self._running:
                self._running.create_task(self._let_time_pass(), name="muted-track")
                await self._fault
        except Exception as error:
            if self._taker.listening:
                self._observer.recognition_failed(error=error)
            raise
        finally:
            self._running = None
            if self._taker.listening:
                self._floor.go_on()
            if self._speaking:
                for sink in self._sinks:
                    sink.speech_ended(0.0)

    async def _let_time_pass(self) -> None:
        """A track that is muted sends nothing."""
        while True:
            slept = self._clock()
            await asyncio.sleep(_MUTED_S / 2)
            now = self._clock()
            if now - slept > _MUTED_S:
                continue  # the event loop stood still: the frames wait to be read
            behind = now - self._last_frame
            if behind > _MUTED_S:
                self._last_frame += behind
                if not self._taker.listening:
                    continue
                for _ in range(round(behind / HOP_S)):
                    self._step(self._ear.silence())

    def push(self, frame: rtc.AudioFrame) -> None:
        """Take in audio of the caller, 16 kHz mono; what `run` does not listen to is lost.

        Never raises: the framework's reader of the track would end with it, unseen.
        """
        if self._running is None or self._fault.done():
            return
        self._last_frame = self._clock()
        try:
            for hop in self._ear.push(frame):
                self._step(hop)
        except Exception as error:  # noqa: BLE001 - `run` raises it
            self._fault.set_exception(error)

    def _step(self, hop: Hop) -> None:
        floor = self._floor
        for action in self._taker.step(hop, playing=floor.playing, busy=floor.busy):
            self._do(action)

    def _do(self, action: Action) -> None:
        match action:
            case Recognise():
                self._recognise(action)
            case AskEnd():
                self._group.create_task(self._judge(action), name="end-of-turn")
            case Abandon(number):
                request = self._requests.pop(number, None)
                if request is not None:
                    request.task.cancel()
            case Heard(text):
                self._words(stt.SpeechEventType.INTERIM_TRANSCRIPT, text)
            case Guess(text):
                self._tell_recognition()
                self._words(stt.SpeechEventType.PREFLIGHT_TRANSCRIPT, text)
            case Began():
                self._speaking = True
                for sink in self._sinks:
                    sink.speech_began()
            case Ended(text, silence_s):
                self._speaking = False
                now = self._clock()
                if text and not self._told:
                    self._tell_recognition()
                self._observer.utterance_ended(last_voiced=now - silence_s, at=now)
                if text:
                    self._words(stt.SpeechEventType.FINAL_TRANSCRIPT, text, silence_s)
                for sink in self._sinks:
                    sink.speech_ended(silence_s)
                self._newest, self._told = None, False
            case Hold():
                self._floor.hold()
            case GoOn(sound):
                if sound == "noise":
                    self._ear.was_noise(self._taker.noise_db)
                self._floor.go_on()
            case Stop():
                self._floor.stop()

    def _words(self, kind: stt.SpeechEventType, text: str, silence_s: float = 0.0) -> None:
        for sink in self._sinks:
            sink.words(kind, text, self._language, time.time() - silence_s)

    def _tell_recognition(self) -> None:
        self._told = True
        request = self._newest
        if request is not None and request.answered is not None:
            self._observer.recognised(asked=request.began, answered=request.answered)

    async def _judge(self, asked: AskEnd) -> None:
        assert self._end_model is not None
        language, probability = self._language, None
        try:
            probability = await asyncio.to_thread(self._end_model, asked.pcm, language)
        except Exception as error:  # noqa: BLE001 - the words decide without its opinion
            logger.warning("the end-of-turn model failed", extra=fault(error))
        self._taker.judged(asked.pause, probability)

    def _recognise(self, wanted: Recognise) -> None:
        task = self._group.create_task(self._request(wanted), name=f"recognise-{wanted.number}")
        self._requests[wanted.number] = _Request(task, self._clock(), alone=not self._requests)

    @property
    def _group(self) -> asyncio.TaskGroup:
        assert self._running is not None
        return self._running

    async def _request(self, wanted: Recognise) -> None:
        urgency.INTERIM.set(wanted.rolling)
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
                event = await hedged(
                    lambda: self._engine.recognize(frame, language=NOT_GIVEN, conn_options=limits),
                    after_s=late_s,
                )
        except Exception as error:  # noqa: BLE001 - an engine's bug must not end the call
            self._failed(wanted, error)
        else:
            if self._pace is not None and not wanted.rolling:
                self._pace.took(self._clock() - began)
            self._answered(wanted.number, event)

    def _answered(self, number: int, event: stt.SpeechEvent) -> None:
        request = self._requests.pop(number, None)
        if request is None:
            return
        request.answered = self._clock()
        self._schedule.answered(request.answered - request.began, alone=request.alone)
        best = event.alternatives[0] if event.alternatives else None
        if best is not None and best.text.strip():
            self._newest = request
            self._language = str(best.language or "")
        for action in self._taker.result(number, best.text if best is not None else ""):
            self._do(action)

    def _failed(self, wanted: Recognise, error: Exception) -> None:
        if self._requests.pop(wanted.number, None) is None:
            return
        # The beginning of an utterance may well be unclear: it is asked for again.
        level = logging.DEBUG if wanted.rolling else logging.WARNING
        logger.log(level, "an utterance was not recognised", extra={"error": type(error).__name__})
        for action in self._taker.failure(wanted.number):
            self._do(action)
        if not wanted.rolling:
            self._observer.recognition_failed(error=error)
