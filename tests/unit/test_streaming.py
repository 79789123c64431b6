"""An engine that streams, behind the listener, on virtual time."""

import asyncio
import mmap
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, stt
from livekit.agents.types import NOT_GIVEN, NotGivenOr

from agent.hearing.ear import HOP, HOP_S, RATE_HZ
from agent.remote.failover import LineUp, Member
from agent.stt.failover import FailoverSpeechToText
from agent.turns.listener import Listener
from agent.turns.recognisers import recogniser_for
from agent.turns.stream_delays import StreamDelays
from agent.turns.streaming import StreamingRecogniser
from tests.fakes import caller_sound, virtual_time
from tests.fakes.caller_sound import SILENCE, Vocabulary
from tests.fakes.streaming_engine import StreamingEngine
from tests.unit.test_listener import Rest

QUESTION = "What is the weather like today?"
TIMEOUT_S = 2.0
ENOUGH_S = 3.0
EVERY_KIND = pytest.mark.parametrize(
    ("timed", "flushes"), [(True, True), (True, False), (False, True), (False, False)]
)


class Scene:
    """A caller whose words an engine streams, in real time on the loop's clock."""

    def __init__(
        self,
        engine: stt.STT[str],
        *,
        vocabulary: Vocabulary | None = None,
        delays: StreamDelays | None = None,
    ) -> None:
        self.language: NotGivenOr[str] = NOT_GIVEN
        self.engine, self.rest = engine, Rest()
        self.vocabulary = vocabulary or engine.vocabulary
        loop = asyncio.get_running_loop()
        recogniser = recogniser_for(
            engine, limits=APIConnectOptions(max_retry=0, timeout=TIMEOUT_S), delays=delays,
            language=lambda: self.language, clock=loop.time,
        )  # fmt: skip
        assert isinstance(recogniser, StreamingRecogniser)
        self.listener = Listener(
            recogniser,
            probability=caller_sound.probability,
            floor=self.rest,
            observer=self.rest,
            clock=loop.time,
        )
        self.listener.attach(self.rest)
        self.running = asyncio.create_task(self.listener.run())

    async def says(self, text: str, for_s: float) -> None:
        for amplitude in self.vocabulary.sound(text, for_s):
            await self._feed(amplitude)

    async def is_silent(self, for_s: float) -> None:
        for _ in range(round(for_s / HOP_S)):
            await self._feed(SILENCE)

    async def _feed(self, amplitude: int) -> None:
        pcm = caller_sound.hop(amplitude)
        self.listener.push(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, HOP))
        await asyncio.sleep(HOP_S)

    def told(self, kind: str) -> list[str]:
        """The texts of one kind of transcript."""
        lines = [line.partition(": ") for line in self.rest.told]
        return [text.removesuffix(" (en)") for said, _, text in lines if said.startswith(kind)]

    @property
    def ended(self) -> list[str]:
        return self.told("final")

    async def leave(self) -> None:
        self.running.cancel()
        with suppress(asyncio.CancelledError):
            await self.running


def played(scene: Callable[[], Awaitable[None]]) -> None:
    virtual_time.run(scene())  # type: ignore[arg-type]


def same(text: str) -> str:
    return text.lower().rstrip(".?!")


@EVERY_KIND
def test_all_words_of_a_turn_are_told(timed: bool, flushes: bool) -> None:
    async def talk() -> None:
        scene = Scene(StreamingEngine(Vocabulary(), timed=timed, flushes=flushes))
        await scene.is_silent(1.0)
        for _ in range(3):
            await scene.says(QUESTION, 1.8)
            await scene.is_silent(ENOUGH_S)
        assert [same(text) for text in scene.ended] == [same(QUESTION)] * 3
        assert [same(text) for text in scene.told("preflight")] == [same(QUESTION)] * 3
        assert scene.rest.failures == []
        await scene.leave()

    played(talk)


@EVERY_KIND
def test_an_answer_is_begun_when_the_last_word_is_there(timed: bool, flushes: bool) -> None:
    async def talk() -> None:
        scene = Scene(StreamingEngine(Vocabulary(), timed=timed, flushes=flushes))
        for _ in range(4):
            await scene.says(QUESTION, 1.8)
            spoken = len(scene.told("preflight"))
            await scene.is_silent(0.25)
            told = len(scene.told("preflight"))
            await scene.is_silent(ENOUGH_S)
        assert (spoken, told) == (3, 4), "150 ms after it was spoken, once the engine is known"
        await scene.leave()

    played(talk)


def test_a_call_knows_how_late_words_are_from_those_before_it() -> None:
    async def talk() -> None:
        memory = mmap.mmap(-1, StreamDelays.BYTES)
        told: list[int] = []
        for delays in (StreamDelays(memory), StreamDelays(memory)):
            scene = Scene(StreamingEngine(Vocabulary(), timed=False), delays=delays)
            await scene.says(QUESTION, 1.8)
            await scene.is_silent(0.2)
            told.append(len(scene.told("preflight")))
            await scene.is_silent(ENOUGH_S)
            await scene.leave()
        assert told == [0, 1]

    played(talk)


@EVERY_KIND
def test_what_the_engine_takes_for_the_end_is_not_the_end_of_a_turn(
    timed: bool, flushes: bool
) -> None:
    async def talk() -> None:
        scene = Scene(StreamingEngine(Vocabulary(), timed=timed, flushes=flushes, ends_after_s=0.1))
        await scene.says("I would like to", 1.2)
        await scene.is_silent(0.7)
        assert scene.ended == []
        await scene.says("book a table.", 1.0)
        await scene.is_silent(ENOUGH_S)
        assert [same(text) for text in scene.ended] == ["i would like to book a table"]
        await scene.leave()

    played(talk)


@EVERY_KIND
@pytest.mark.parametrize("pause_s", [0.2, 0.45, 1.0])
def test_what_was_heard_before_a_barge_in_is_not_of_it(
    timed: bool, flushes: bool, pause_s: float
) -> None:
    async def talk() -> None:
        scene = Scene(StreamingEngine(Vocabulary(), timed=timed, flushes=flushes))
        await scene.says(QUESTION, 1.8)
        await scene.is_silent(ENOUGH_S)
        scene.rest.playing = scene.rest.busy = True
        await scene.says("mm-hm", 0.3)
        await scene.is_silent(0.3)
        while scene.rest.told[-1] != "go on":
            await scene.is_silent(HOP_S)
        await scene.is_silent(pause_s)
        await scene.says("Wait, what was that?", 1.2)
        assert "stop" in scene.rest.told
        scene.rest.playing = scene.rest.busy = False
        await scene.is_silent(ENOUGH_S)
        assert [same(text) for text in scene.ended] == [same(QUESTION), "wait, what was that"]
        assert not any("mm-hm" in line for line in scene.rest.told)
        await scene.leave()

    played(talk)


@pytest.mark.parametrize("timed", [True, False])
def test_slow_words_are_waited_for_where_the_engine_can_be_asked(timed: bool) -> None:
    async def talk() -> None:
        scene = Scene(StreamingEngine(Vocabulary(), timed=timed, delay_s=0.7))
        for _ in range(2):
            await scene.says(QUESTION, 1.8)
            await scene.is_silent(ENOUGH_S)
        assert [same(text) for text in scene.ended] == [same(QUESTION)] * 2
        await scene.leave()

    played(talk)


@EVERY_KIND
def test_a_voice_without_words_ends_without_words(timed: bool, flushes: bool) -> None:
    async def talk() -> None:
        scene = Scene(StreamingEngine(Vocabulary(), timed=timed, flushes=flushes))
        scene.engine.is_puzzled = True
        await scene.says("mumble", 0.6)
        await scene.is_silent(1.5)
        assert scene.rest.told == ["began", "utterance ended", "ended"]
        assert scene.rest.failures == []
        await scene.leave()

    played(talk)


@EVERY_KIND
def test_the_newest_words_told_once_more_are_not_all_words(timed: bool, flushes: bool) -> None:
    async def talk() -> None:
        scene = Scene(StreamingEngine(Vocabulary(), timed=timed, flushes=flushes))
        scene.engine.chunks = True
        for _ in range(2):
            await scene.says(QUESTION, 1.8)
            await scene.is_silent(ENOUGH_S)
        assert [same(text) for text in scene.ended] == [same(QUESTION)] * 2
        assert [same(text) for text in scene.told("preflight")] == [same(QUESTION)] * 2
        await scene.leave()

    played(talk)


def test_one_stream_is_kept_in_real_time_and_closed_with_the_call() -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary())
        scene = Scene(engine)
        await scene.is_silent(2.0)
        for _ in range(3):
            await scene.says(QUESTION, 1.8)
            await scene.is_silent(ENOUGH_S)
        (stream,) = engine.streams
        assert stream.heard_s == pytest.approx(2.0 + 3 * 4.8, abs=0.3)
        assert not stream.closed
        await scene.leave()
        assert stream.closed

    played(talk)


def test_another_language_is_told_to_another_stream_and_no_word_is_lost() -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary())
        scene = Scene(engine)
        scene.language = "en"
        await scene.is_silent(0.5)
        await scene.says(QUESTION, 1.8)
        scene.language = "de"
        await scene.is_silent(ENOUGH_S)
        await scene.says("Und jetzt auf Deutsch.", 1.8)
        await scene.is_silent(ENOUGH_S)
        assert [stream.language for stream in engine.streams][-1] == "de"
        assert [stream.closed for stream in engine.streams][:-1] == [True] * (
            len(engine.streams) - 1
        )
        assert [same(text) for text in scene.ended] == [same(QUESTION), "und jetzt auf deutsch"]
        assert scene.rest.failures == []
        await scene.leave()

    played(talk)


@EVERY_KIND
def test_the_words_of_a_lost_stream_are_asked_again(timed: bool, flushes: bool) -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary(), timed=timed, flushes=flushes)
        scene = Scene(engine)
        await scene.says(QUESTION, 1.8)
        await scene.is_silent(ENOUGH_S)
        await scene.says("Please tell me how", 1.2)
        engine.streams[-1].end.set()
        await scene.says("it is done.", 0.9)
        await scene.is_silent(ENOUGH_S)
        assert len(engine.streams) == 2
        assert [same(text) for text in scene.ended][1:] == ["please tell me how it is done"]
        assert scene.rest.failures == []
        await scene.leave()

    played(talk)


def test_final_words_are_not_asked_again() -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary(), ends_after_s=0.1)
        scene = Scene(engine)
        await scene.says("I would like to", 1.2)
        await scene.is_silent(0.5)
        engine.streams[-1].end.set()
        await scene.says("book a table.", 1.0)
        await scene.is_silent(ENOUGH_S)
        assert [same(text) for text in scene.ended] == ["i would like to book a table"]
        await scene.leave()

    played(talk)


def test_a_stream_that_stays_lost_is_told_and_the_call_goes_on() -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary())
        scene = Scene(engine)
        await scene.says("Please tell me", 1.2)
        engine.refuses = True
        engine.streams[-1].end.set()
        await scene.says("more about it.", 0.9)
        await scene.is_silent(TIMEOUT_S + 1.0)
        assert len(scene.rest.failures) == 1
        assert scene.rest.told[-1] == "ended"
        assert len(engine.streams) < 10, "it is opened ever less often"
        engine.refuses = False
        await scene.is_silent(5.0)
        await scene.says(QUESTION, 1.8)
        await scene.is_silent(ENOUGH_S)
        assert same(scene.ended[-1]) == same(QUESTION)
        assert len(scene.rest.failures) == 1
        await scene.leave()

    played(talk)


@pytest.mark.parametrize("flushes", [True, False])
@pytest.mark.parametrize("connects_after_s", [0.5, 1.8])
def test_what_is_said_while_a_connection_is_opened_is_heard(
    connects_after_s: float, flushes: bool
) -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary(), flushes=flushes)
        engine.connects_after_s = connects_after_s
        scene = Scene(engine)
        await scene.says("Hello? Are you there?", 0.9)
        await scene.is_silent(ENOUGH_S)
        assert [same(text) for text in scene.ended] == ["hello? are you there"]
        assert scene.rest.failures == []
        # How late those words were tells nothing of the next ones.
        await scene.says(QUESTION, 1.8)
        spoken = len(scene.told("preflight"))
        await scene.is_silent(0.25)
        assert len(scene.told("preflight")) == spoken + 1
        await scene.leave()

    played(talk)


def test_a_connection_that_never_opens_is_told() -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary())
        engine.connects_after_s = 100.0
        scene = Scene(engine)
        await scene.says(QUESTION, 0.9)
        await scene.is_silent(TIMEOUT_S + 0.5)
        assert len(scene.rest.failures) == 1
        assert scene.rest.told[-1] == "ended"
        await scene.leave()

    played(talk)


def test_a_sound_that_is_hardly_a_voice_is_no_failure_of_a_stream_that_connects() -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary())
        engine.connects_after_s, engine.is_mute = 1.0, True
        scene = Scene(engine)
        await scene.says("uh", 0.1)
        await scene.is_silent(ENOUGH_S)
        assert scene.rest.failures == []
        assert scene.rest.told[-1] == "ended"
        await scene.leave()

    played(talk)


@EVERY_KIND
def test_a_stream_that_says_nothing_to_a_voice_is_replaced_in_the_same_turn(
    timed: bool, flushes: bool
) -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary(), timed=timed, flushes=flushes)
        # Not even goodbye.
        engine.closes_after_s = 10.0
        scene = Scene(engine)
        engine.is_mute = True
        await scene.says(QUESTION, 1.0)
        await scene.is_silent(0.9)
        engine.is_mute = False
        await scene.is_silent(2.0)
        assert [same(text) for text in scene.ended] == [same(QUESTION)]
        assert scene.rest.failures == []
        assert len(engine.streams) == 2
        engine.closes_after_s = 0.0
        await scene.leave()

    played(talk)


@EVERY_KIND
def test_a_service_that_says_nothing_is_told_and_the_call_goes_on(
    timed: bool, flushes: bool
) -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary(), timed=timed, flushes=flushes)
        scene = Scene(engine)
        engine.is_mute = True
        await scene.says(QUESTION, 1.0)
        await scene.is_silent(2.5)
        assert len(scene.rest.failures) == 1
        assert scene.rest.told[-1] == "ended"
        assert len(engine.streams) == 2
        engine.is_mute = False
        await scene.says(QUESTION, 1.8)
        await scene.is_silent(ENOUGH_S)
        assert same(scene.ended[-1]) == same(QUESTION)
        assert len(scene.rest.failures) == 1
        await scene.leave()

    played(talk)


def test_who_speaks_on_is_not_left_with_a_stream_that_says_nothing() -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary())
        scene = Scene(engine)
        engine.is_mute = True
        await scene.says("I would like to book a table", TIMEOUT_S - 0.1)
        engine.is_mute = False
        await scene.says("for two people.", 1.2)
        await scene.is_silent(0.5)
        assert len(engine.streams) == 2
        await scene.is_silent(ENOUGH_S)
        assert [same(text) for text in scene.ended] == [
            "i would like to book a table for two people"
        ]
        await scene.leave()

    played(talk)


def test_a_stream_that_says_nothing_to_several_sounds_is_opened_anew() -> None:
    async def talk() -> None:
        engine = StreamingEngine(Vocabulary())
        scene = Scene(engine)
        engine.is_mute = True
        for _ in range(3):
            await scene.says("uh", 0.1)
            await scene.is_silent(2.0)
        engine.is_mute = False
        await scene.is_silent(1.0)
        assert len(engine.streams) == 2
        await scene.says(QUESTION, 1.8)
        await scene.is_silent(ENOUGH_S)
        assert same(scene.ended[-1]) == same(QUESTION)
        assert scene.rest.failures == []
        await scene.leave()

    played(talk)


@pytest.mark.parametrize("fault", ["mute", 400, 403])
def test_an_engine_of_a_list_that_does_not_hear_is_replaced_by_the_next(fault: str | int) -> None:
    async def talk() -> None:
        vocabulary = Vocabulary()
        deaf, other = StreamingEngine(vocabulary), StreamingEngine(vocabulary)
        limits = APIConnectOptions(max_retry=0, timeout=5.0)
        members = [Member("deaf", deaf, limits), Member("other", other, limits)]
        engine = FailoverSpeechToText(LineUp(members))
        deaf.is_mute = fault == "mute"
        deaf.refuses = fault if isinstance(fault, int) else False
        scene = Scene(engine, vocabulary=vocabulary)
        for _ in range(2):
            await scene.says(QUESTION, 1.8)
            await scene.is_silent(ENOUGH_S)
        assert [same(text) for text in scene.ended] == [same(QUESTION)] * 2
        assert scene.rest.failures == []
        assert (len(deaf.streams), len(other.streams)) == (1, 1)
        assert engine.line_up.serving.label == "other"
        await scene.leave()

    played(talk)


def test_where_the_time_went_is_told() -> None:
    async def talk() -> None:
        scene = Scene(StreamingEngine(Vocabulary()))
        await scene.says(QUESTION, 1.8)
        await scene.is_silent(ENOUGH_S)
        (line,) = [line for line in scene.rest.told if line.startswith("recognised")]
        assert line in ("recognised in 0.1 s", "recognised in 0.2 s")
        await scene.leave()

    played(talk)
