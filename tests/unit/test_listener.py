"""What the listener does with the turn taker's decisions, on virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, APIStatusError, LanguageCode, stt
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.agents.utils import AudioBuffer
from numpy.typing import NDArray

from agent.hearing.ear import Ear
from agent.hearing.echo import NOWHERE, Match
from agent.hearing.end_model import EndModel
from agent.remote import urgency
from agent.turns.batch import BatchRecogniser
from agent.turns.listener import Listener
from agent.turns.schedule import Eagerness
from agent.turns.turn_taker import TurnTaker
from tests.fakes import virtual_time

HOP, HOP_S, RATE_HZ = 160, 0.01, 16000
WORDS = "What is the weather like today?"
ENOUGH_S = 3.0


class Engine(stt.STT[str]):
    """Answers after `delay_s`; every request leaves a trace."""

    def __init__(self, *, delay_s: float = 0.2, fails: bool = False) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self.delay_s = delay_s
        self.fails = fails
        self.asked: list[tuple[float, bool]] = []
        """Length of the audio and whether it was marked as interim."""
        self.told: set[NotGivenOr[str]] = set()
        """Languages."""
        self.cancelled = 0
        self.cancels = True

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        assert isinstance(buffer, rtc.AudioFrame)
        self.told.add(language)
        self.asked.append((buffer.samples_per_channel / RATE_HZ, urgency.INTERIM.get()))
        try:
            await asyncio.sleep(self.delay_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.fails:
            raise APIStatusError("out of order", status_code=500, retryable=False)
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT,
            alternatives=[stt.SpeechData(language=LanguageCode("en"), text=WORDS)],
        )


class Rest:
    """Floor, observer and the framework's face in one: writes down what it is told."""

    playing = busy = False

    def __init__(self) -> None:
        self.told: list[str] = []
        self.failures: list[Exception] = []

    def match_played(self, heard: NDArray[np.int16]) -> Match:
        return NOWHERE

    def hold(self) -> None:
        self.told.append("hold")

    def go_on(self) -> None:
        self.told.append("go on")

    def stop(self) -> None:
        self.told.append("stop")

    def recognised(self, *, asked: float, answered: float) -> None:
        self.told.append(f"recognised in {answered - asked:.1f} s")

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        self.told.append("utterance ended")

    def recognition_failed(self, *, error: Exception) -> None:
        self.failures.append(error)

    def speech_began(self) -> None:
        self.told.append("began")

    def words(self, kind: stt.SpeechEventType, text: str, language: str, ended: float) -> None:
        self.told.append(f"{kind.value}: {text} ({language})")

    def speech_ended(self, silence_s: float) -> None:
        self.told.append("ended")


class Scene:
    """A listener that is fed in real time, on the loop's clock."""

    def __init__(
        self,
        engine: Engine,
        *,
        eagerness: Eagerness = "eager",
        end_model: EndModel | None = None,
        language: NotGivenOr[str] = NOT_GIVEN,
    ) -> None:
        self.engine, self.rest = engine, Rest()
        self.speaking = False
        loop = asyncio.get_running_loop()
        limits = APIConnectOptions(max_retry=0, timeout=2.0)
        self.listener = Listener(
            BatchRecogniser(
                engine,
                limits=limits,
                eagerness=eagerness,
                language=lambda: language,
                clock=loop.time,
            ),
            probability=lambda window: 0.95 if np.abs(window).max() > 0.001 else 0.02,
            floor=self.rest,
            observer=self.rest,
            speculate=eagerness != "patient",
            end_model=end_model,
            clock=loop.time,
        )
        self.detach = self.listener.attach(self.rest)
        self.running = asyncio.create_task(self.listener.run())

    async def speaks(self, for_s: float) -> None:
        """Syllables of 200 ms, each of which nearly dies away."""
        for n in range(round(for_s / HOP_S)):
            await self._feed(3000 if n % 20 < 15 else 180)

    async def is_silent(self, for_s: float) -> None:
        for _ in range(round(for_s / HOP_S)):
            await self._feed(3)

    async def _feed(self, amplitude: int) -> None:
        phase = np.arange(HOP) * (2 * np.pi * 200 / RATE_HZ)
        pcm = (amplitude * np.sin(phase)).astype(np.int16)
        self.listener.push(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, HOP))
        await asyncio.sleep(HOP_S)

    async def leave(self) -> None:
        self.running.cancel()
        with suppress(asyncio.CancelledError):
            await self.running


def played(scene: Coroutine[Any, Any, None]) -> None:
    virtual_time.run(scene)


def test_a_turn_is_told_in_order() -> None:
    async def talk() -> None:
        scene = Scene(Engine())
        await scene.is_silent(0.5)
        await scene.speaks(1.6)
        await scene.is_silent(ENOUGH_S)
        told = [line for line in scene.rest.told if not line.startswith("interim")]
        assert told == [
            "began",
            "recognised in 0.2 s",
            f"preflight_transcript: {WORDS} (en)",
            "utterance ended",
            f"final_transcript: {WORDS} (en)",
            "ended",
        ]
        await scene.leave()

    played(talk())


@pytest.mark.parametrize("eagerness", ["eager", "pauses", "patient"])
def test_requests_while_the_voice_goes_on_are_marked_as_interim(eagerness: Eagerness) -> None:
    async def talk() -> None:
        scene = Scene(Engine(), eagerness=eagerness)
        await scene.speaks(2.0)
        asked = list(scene.engine.asked)
        await scene.is_silent(ENOUGH_S)
        assert bool(asked) is (eagerness == "eager")
        assert all(interim for _, interim in asked)
        if eagerness != "eager":
            assert [interim for _, interim in scene.engine.asked] == [False]
        assert scene.engine.asked[-1][0] > 1.9
        await scene.leave()

    played(talk())


def test_an_engine_that_works_on_in_vain_is_asked_in_silences_alone() -> None:
    async def talk() -> None:
        engine = Engine()
        engine.cancels = False
        scene = Scene(engine)
        await scene.speaks(3.0)
        assert not engine.asked
        await scene.is_silent(ENOUGH_S)
        assert engine.asked
        await scene.leave()

    played(talk())


def test_a_request_that_nobody_waits_for_any_more_is_cancelled() -> None:
    async def talk() -> None:
        scene = Scene(Engine(delay_s=1.5))
        await scene.speaks(2.0)
        await scene.is_silent(0.5)
        assert scene.engine.cancelled >= 1
        await scene.leave()
        await asyncio.sleep(0)
        assert scene.engine.cancelled == len(scene.engine.asked), "leaving ends them all"

    played(talk())


def test_a_failure_counts_when_all_was_said() -> None:
    async def talk() -> None:
        scene = Scene(Engine(fails=True))
        await scene.speaks(2.0)
        assert scene.engine.asked
        assert not scene.rest.failures, "the beginning is asked for again"
        await scene.is_silent(ENOUGH_S)
        assert len(scene.rest.failures) == 1
        assert scene.rest.told[-2:] == ["utterance ended", "ended"]
        await scene.leave()

    played(talk())


def test_an_engine_that_never_answers_is_given_up() -> None:
    async def talk() -> None:
        scene = Scene(Engine(delay_s=600), eagerness="patient")
        await scene.speaks(1.0)
        await scene.is_silent(6.0)
        assert [type(error) for error in scene.rest.failures] == [TimeoutError]
        assert scene.rest.told[-1] == "ended"
        await scene.leave()

    played(talk())


def test_a_muted_track_is_silent() -> None:
    async def talk() -> None:
        scene = Scene(Engine())
        await scene.speaks(1.6)
        await asyncio.sleep(ENOUGH_S)
        assert scene.rest.told[-1] == "ended"
        await scene.leave()

    played(talk())


def test_a_stall_of_the_event_loop_is_no_silence() -> None:
    async def talk() -> None:
        scene = Scene(Engine())
        await scene.speaks(1.0)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, virtual_time.VirtualLoop)
        loop.now += 2 * ENOUGH_S
        for _ in range(5):
            await asyncio.sleep(0)  # what was sent meanwhile goes through some tasks first
        await scene.speaks(1.0)
        assert max(length for length, _ in scene.engine.asked) <= 2.0
        await scene.leave()

    played(talk())


def test_a_detached_face_is_told_nothing() -> None:
    async def talk() -> None:
        scene = Scene(Engine())
        scene.detach()
        await scene.speaks(1.6)
        await scene.is_silent(ENOUGH_S)
        assert "utterance ended" in scene.rest.told, "the observer still is"
        assert not [line for line in scene.rest.told if "transcript" in line]
        await scene.leave()

    played(talk())


@pytest.mark.parametrize("where", ["detector", "turn logic"])
def test_a_bug_while_somebody_speaks_is_raised_by_run_and_listening_begins_afresh(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk() -> None:
        scene = Scene(Engine(delay_s=1.0))
        await scene.speaks(1.0)
        with monkeypatch.context() as broken:
            if where == "detector":
                broken.setattr(Ear, "push", failing)
            else:
                broken.setattr(TurnTaker, "step", failing)
            await scene.speaks(0.1)
        with pytest.RaisesGroup(ZeroDivisionError):
            await scene.running
        assert scene.engine.cancelled == len(scene.engine.asked), "no request is left behind"
        assert scene.rest.told[-2:] == ["go on", "ended"], "nothing stays held or open"
        assert len(scene.rest.failures) == 1, "the caller is asked to say it again"
        scene.rest.told.clear()
        scene.running = asyncio.create_task(scene.listener.run())
        await scene.is_silent(0.5)
        await scene.speaks(1.6)
        await scene.is_silent(ENOUGH_S)
        assert scene.rest.told[-1] == "ended"
        assert f"final_transcript: {WORDS} (en)" in scene.rest.told
        await scene.leave()

    played(talk())


def test_a_bug_at_an_answer_of_the_recogniser_is_raised_by_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def talk() -> None:
        scene = Scene(Engine())
        monkeypatch.setattr(TurnTaker, "words", failing)
        await scene.speaks(1.6)
        await scene.is_silent(1.0)
        with pytest.RaisesGroup(ZeroDivisionError):
            await scene.running

    played(talk())


def test_an_end_of_turn_model_that_fails_costs_its_opinion_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(pcm: NDArray[np.int16], language: str) -> float | None:
        raise ZeroDivisionError

    async def at_once(work: Callable[..., object], *args: object) -> object:
        return work(*args)

    monkeypatch.setattr(asyncio, "to_thread", at_once)  # virtual time has no threads

    async def talk() -> None:
        scene = Scene(Engine(), end_model=broken)
        await scene.speaks(1.6)
        await scene.is_silent(ENOUGH_S)
        assert scene.rest.told[-1] == "ended"
        await scene.leave()

    played(talk())


def failing(*args: object, **named: object) -> list[object]:
    raise ZeroDivisionError


@pytest.mark.parametrize("language", [NOT_GIVEN, "de", ""])
def test_every_request_is_told_the_language_of_the_call(language: NotGivenOr[str]) -> None:
    async def talk() -> None:
        scene = Scene(Engine(), language=language)
        await scene.speaks(2.0)
        await scene.is_silent(ENOUGH_S)
        assert scene.engine.told == {language}
        await scene.leave()

    played(talk())
