"""Carries out what the turn taker decides: words, timers, and two faces for the framework.

livekit-agents wants a detector and a recogniser. Both faces here (`agent.turns.faces`) are
fed by one listener, so that a track is looked at once and on one clock.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from livekit import rtc
from livekit.agents import stt
from numpy.typing import NDArray

from agent.hearing.ear import HOP_S, Ear, Hop, Probability
from agent.hearing.echo import Match
from agent.hearing.end_model import EndModel
from agent.options.turns import TurnOptions
from agent.tasks import fault
from agent.turns.actions import (
    Action,
    AskEnd,
    Attend,
    Began,
    Ended,
    Forget,
    GoOn,
    Guess,
    Heard,
    Hold,
    Stop,
)
from agent.turns.observer import UNOBSERVED, TurnObserver
from agent.turns.recogniser import Recogniser, Words
from agent.turns.turn_taker import TurnTaker

logger = logging.getLogger(__name__)

_USUAL = TurnOptions()
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

    def stop(self) -> "asyncio.Future[None] | None":
        """End the reply and all work on it; done when the history has what was heard of it."""


class Sink(Protocol):
    """What the framework's faces take."""

    def speech_began(self) -> None:
        """The caller has the floor."""

    def words(self, kind: stt.SpeechEventType, text: str, language: str, ended: float) -> None:
        """An interim, preflight or final transcript; `ended`: wall clock of the last voice."""

    def speech_ended(self, silence_s: float) -> None:
        """The turn is over."""


class Listener:
    """Listens to one caller's track. Made per call; `run` must run for as long as it is fed."""

    def __init__(
        self,
        recogniser: Recogniser,
        *,
        probability: Probability,
        floor: Floor,
        observer: TurnObserver = UNOBSERVED,
        options: TurnOptions = _USUAL,
        speculate: bool = True,
        end_model: EndModel | None = None,
        taker: Callable[..., TurnTaker] = TurnTaker,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Tell turns by the words of `recogniser`; move `floor`; tell `observer`.

        With `speculate` answers are begun before a turn is over. `taker` makes what decides, with
        the arguments of `TurnTaker`. Muted tracks are noticed on `clock`, seconds.
        """
        self._recogniser = recogniser
        self._probability = probability
        self._floor = floor
        self._observer = observer
        self._options = options
        self._speculate = speculate
        self._end_model = end_model
        self._make_taker = taker
        self._clock = clock
        self._sinks: list[Sink] = []
        self._language = ""
        self._running: asyncio.TaskGroup | None = None
        self._fault: asyncio.Future[None]
        self._start_afresh()

    def _start_afresh(self) -> None:
        """Forget all that was heard: also what an error may have left half done."""
        self._ear = Ear(self._probability)
        self._taker = self._make_taker(
            self._options,
            speculate=self._speculate,
            end_model=self._end_model is not None,
            match_played=self._floor.match_played,
        )
        self._newest: Words | None = None
        self._told = False
        self._stopping: asyncio.Future[None] | None = None
        self._waiting = ""
        """A guess that is told when the reply has been stopped."""
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
                self._recogniser.start(self, self._running)
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
        floor, taker = self._floor, self._taker
        for action in taker.step(hop, playing=floor.playing, busy=floor.busy):
            self._do(action)
        self._recogniser.hear(hop, taker.voice)

    def words(self, words: Words) -> None:
        """The recogniser knows words of the utterance in progress."""
        if words.text:
            self._newest, self._language = words, words.language
        for action in self._taker.words(words):
            self._do(action)

    def unheard(self, upto: float, error: Exception) -> None:
        """The recogniser has lost what was said up to this position."""
        self._taker.unheard(upto)
        self._observer.recognition_failed(error=error)

    def _do(self, action: Action) -> None:
        match action:
            case Attend(onset):
                self._recogniser.begin(onset)
            case Forget():
                self._recogniser.abandon()
            case AskEnd():
                self._group.create_task(self._judge(action), name="end-of-turn")
            case Heard(text):
                self._waiting = ""
                self._words(stt.SpeechEventType.INTERIM_TRANSCRIPT, text)
            case Guess(text):
                self._tell_recognition()
                self._waiting = text
                if self._stopping is None or self._stopping.done():
                    self._tell_guess()
            case Began():
                self._speaking = True
                for sink in self._sinks:
                    sink.speech_began()
            case Ended(text, silence_s):
                self._speaking = False
                self._waiting = ""
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
                self._stopping = self._floor.stop()
                if self._stopping is not None:
                    self._stopping.add_done_callback(lambda _: self._tell_guess())

    def _words(self, kind: stt.SpeechEventType, text: str, silence_s: float = 0.0) -> None:
        for sink in self._sinks:
            sink.words(kind, text, self._language, time.time() - silence_s)

    def _tell_guess(self) -> None:
        """An answer begun before the history has what the caller interrupted would not be kept."""
        text, self._waiting = self._waiting, ""
        if text:
            self._words(stt.SpeechEventType.PREFLIGHT_TRANSCRIPT, text)

    def _tell_recognition(self) -> None:
        self._told = True
        if self._newest is not None:
            self._observer.recognised(asked=self._newest.asked, answered=self._newest.answered)

    async def _judge(self, asked: AskEnd) -> None:
        assert self._end_model is not None
        language, probability = self._language, None
        try:
            probability = await asyncio.to_thread(self._end_model, asked.pcm, language)
        except Exception as error:  # noqa: BLE001 - the words decide without its opinion
            logger.warning("the end-of-turn model failed", extra=fault(error))
        self._taker.judged(asked.pause, probability)

    @property
    def _group(self) -> asyncio.TaskGroup:
        assert self._running is not None
        return self._running
