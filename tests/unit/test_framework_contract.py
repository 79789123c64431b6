"""What we rely on in livekit-agents that no signature says: an upgrade that changes it fails here.

Each of these would break without a word: nothing raises, and the caller hears or reads what is
wrong. The session is the framework's own, made as for a call; its detector and recogniser tell
what the test says, and a sink in the track's place writes down what it is told.
"""

import asyncio
import io as text_io
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, ModelSettings, SpeechCreatedEvent, llm, stt
from livekit.agents.cli.log import JsonFormatter
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.utils import http_context, is_given
from livekit.agents.voice import SpeechHandle, io

from agent.audio.marks import Progress
from agent.call.session import build_session
from agent.job.log import PrivacyFilter
from agent.settings.load import load
from agent.turns.listener import Listener, Sink
from agent.wording.reader import Reader, preload_words
from tests.fakes import virtual_time
from tests.fakes.caller_sound import Vocabulary
from tests.fakes.playing import Captions
from tests.fakes.scripted_engines import Model, Recogniser, Reply, Voice, parts_of
from tests.fakes.whole_talk import Says, play

ASKED = "What is the weather like today?"
ANSWER = "It is sunny all day long, and warm. There is no wind at all, nor rain."
RATE_HZ = 24000
SETTINGS = load(environ={})

preload_words()


class Turns:
    """In the listener's place: the faces attach, and the test tells them."""

    def __init__(self) -> None:
        self.sinks: list[Sink] = []

    def attach(self, sink: Sink) -> Callable[[], None]:
        self.sinks.append(sink)
        return lambda: self.sinks.remove(sink)

    def begin(self) -> None:
        for sink in self.sinks:
            sink.speech_began()

    def hear(self, kind: stt.SpeechEventType, text: str) -> None:
        for sink in self.sinks:
            sink.words(kind, text, "en", 0.0)

    def end(self, text: str) -> None:
        self.hear(stt.SpeechEventType.FINAL_TRANSCRIPT, text)
        for sink in self.sinks:
            sink.speech_ended(0.4)

    async def ask(self, text: str, *, guess: str = "", guessed_s: float = 0.5) -> None:
        """A turn: its guess, which is all of its words unless another is given, and its end."""
        self.begin()
        self.hear(stt.SpeechEventType.PREFLIGHT_TRANSCRIPT, guess or text)
        await asyncio.sleep(guessed_s)
        self.end(text)


class Track(io.AudioOutput):
    """In the track's place: plays in time, and writes down what it is told and when."""

    def __init__(self) -> None:
        super().__init__(
            label="track", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=RATE_HZ
        )
        self.told: list[str] = []
        self.marks: list[tuple[float, float, TimedString]] = []
        """Where the frame that brought it begins and ends, and the mark."""
        self.captured_s = 0.0
        self._began = 0.0
        self._length_s = 0.0
        self._ending: asyncio.TimerHandle | None = None

    @property
    def unheard_s(self) -> float:
        return max(0.0, self._began + self._length_s - asyncio.get_running_loop().time())

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if not self._length_s:
            self._began = asyncio.get_running_loop().time()
            self.told.append("begins")
            self.on_playback_started(created_at=0.0)
        ends = self._length_s + frame.duration
        for mark in frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, ()):
            self.marks.append((self._length_s, ends, mark))
        self._length_s = ends
        self.captured_s += frame.duration

    def flush(self) -> None:
        super().flush()
        loop = asyncio.get_running_loop()
        self.told.append("flushed")
        loop.call_soon(self.told.append, "a turn of the loop later")
        if self._length_s:
            self._ending = loop.call_later(self.unheard_s, self._end, self._length_s)

    def clear_buffer(self) -> None:
        self.told.append("cleared")
        if self._length_s:
            self._end(self._length_s - self.unheard_s, interrupted=True)

    def _end(self, position_s: float, *, interrupted: bool = False) -> None:
        if self._ending is not None:
            self._ending.cancel()
        self._length_s = 0.0
        self.on_playback_finished(playback_position=position_s, interrupted=interrupted)

    def _mark_input_truncated(self) -> None:
        self.told.append("truncated")


class Stage:
    """A session as a call makes it, between `turns`, `model`, `voice` and `track`."""

    def __init__(self, model: Model, voice: Voice) -> None:
        self.turns, self.track, self.model = Turns(), Track(), model
        recogniser = Recogniser(Vocabulary(), delay_s=0.1)
        parts = parts_of(SETTINGS, recogniser, model, voice, voice)
        self.session: AgentSession[None] = build_session(
            parts,
            SETTINGS,
            cast(Listener, self.turns),
            track=self.track,
            reader=Reader("en"),
        )

    @asynccontextmanager
    async def started(self, agent: Agent | None = None) -> AsyncIterator["Stage"]:
        self.session.output.audio = self.track
        self.session.output.transcription = Captions()
        self.session.input.audio = _Silence()
        await self.session.start(agent or Agent(instructions=""))
        await asyncio.sleep(0.1)
        yield self
        await self.session.aclose()


class _Silence(io.AudioInput):
    def __init__(self) -> None:
        super().__init__(label="silence")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.sleep(0.1)
        return rtc.AudioFrame(bytes(3200), 16000, 1, 1600)


def on_stage(
    scene: Callable[[Stage], Coroutine[Any, Any, None]],
    *,
    reply: Reply | str = ANSWER,
    voice: Voice | None = None,
    agent: Callable[[Stage], Agent] | None = None,
) -> None:
    async def run() -> None:
        stage = Stage(Model({}, reply), voice or Voice())
        async with stage.started(agent(stage) if agent is not None else None):
            await scene(stage)

    virtual_time.run(run())


def asked(stage: Stage) -> list[str]:
    return [request.text for request in stage.model.asked]


def test_the_words_of_the_guess_as_the_final_words_keep_the_answer() -> None:
    async def scene(stage: Stage) -> None:
        await stage.turns.ask(ASKED, guessed_s=2.0)
        assert stage.track.told == [], "an answer sounds before the caller has ended"
        await asyncio.sleep(0.1)
        assert stage.track.told, "the answer that was ready does not sound when the turn is over"
        await asyncio.sleep(8.0)
        assert asked(stage) == [ASKED], "each answer is made twice: 0.4 s and more later, and paid"

    on_stage(scene)


def test_other_final_words_begin_the_answer_anew() -> None:
    async def scene(stage: Stage) -> None:
        await stage.turns.ask(f"{ASKED} In Rome.", guess=ASKED)
        await asyncio.sleep(8.0)
        said = asked(stage)
        assert said == [ASKED, f"{ASKED} In Rome."], "callers get the answer to half of their words"

    on_stage(scene)


def test_a_detector_without_inferences_never_stops_the_agent() -> None:
    async def scene(stage: Stage) -> None:
        await stage.turns.ask(ASKED)
        await asyncio.sleep(1.0)
        stage.turns.begin()
        stage.turns.hear(stt.SpeechEventType.INTERIM_TRANSCRIPT, "mm-hmm")
        await asyncio.sleep(2.0)
        told = stage.track.told
        assert "cleared" not in told, "each sign of listening stops the agent: the framework did"
        assert stage.track.unheard_s > 0

    on_stage(scene)


def test_what_is_stopped_is_flushed_and_cleared_in_one_turn_of_the_loop() -> None:
    async def scene(stage: Stage) -> None:
        await stage.turns.ask(ASKED)
        await asyncio.sleep(1.0)
        stage.session.interrupt(force=True)
        await asyncio.sleep(0.5)
        told = stage.track.told[:3]
        assert told == ["begins", "flushed", "cleared"], (
            "what there is of an answer when it is stopped is taken for all of it: a wrong history"
        )

    on_stage(scene, reply=Reply(ANSWER, word_s=0.3))


def test_an_answer_whose_voice_fails_is_called_truncated_before_it_is_flushed() -> None:
    async def scene(stage: Stage) -> None:
        await stage.turns.ask(ASKED)
        await asyncio.sleep(8.0)
        told = [word for word in stage.track.told if word != "a turn of the loop later"]
        assert told == ["begins", "truncated", "flushed"], "half-spoken answers count as heard"
        # "… and warm." and half of the next piece, once by the voice and once as the spare one.
        assert stage.track.captured_s > 12 * 0.3, "what was said before the failure is lost"

    on_stage(scene, voice=Voice(dies_at="wind"))


def test_marks_come_with_the_audio_that_they_were_made_with() -> None:
    async def scene(stage: Stage) -> None:
        await stage.turns.ask(ASKED)
        await asyncio.sleep(8.0)
        marks = stage.track.marks
        progress = marks[0][2]
        assert isinstance(progress, Progress), "how much of an answer is whole is never known"
        placed = [m for m in marks if m[2]]
        assert "".join(mark for _, _, mark in placed).split() == ANSWER.split()
        for begins, ends, mark in placed:
            assert is_given(mark.start_time)
            # The framework keeps the last 10 ms of what it was given.
            assert begins - 0.011 <= mark.start_time < ends, "the history is off by a piece"
        assert progress.whole_s == pytest.approx(stage.track.captured_s, abs=0.011)

    on_stage(scene)


_REPLY: ContextVar[SpeechHandle | None] = ContextVar("reply", default=None)


class Told(Agent):
    """Writes down which reply the model's and the voice's tasks belong to."""

    def __init__(self, stage: Stage, *, throws_away: bool = False) -> None:
        super().__init__(instructions="")
        self.stage = stage
        self.throws_away = throws_away
        self.replies: list[tuple[str, SpeechHandle | None, bool]] = []
        stage.session.on("speech_created", self._on_created)

    def _on_created(self, event: SpeechCreatedEvent) -> None:
        _REPLY.set(event.speech_handle)

    def _note(self, what: str) -> None:
        reply = _REPLY.get()
        self.replies.append((what, reply, reply is not None and reply.scheduled))

    async def on_user_turn_completed(
        self, turn_ctx: llm.ChatContext, new_message: llm.ChatMessage
    ) -> None:
        if self.throws_away:
            self.stage.session.interrupt(force=True)

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncIterator[llm.ChatChunk | str | Any]:
        self._note("llm")
        async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
            yield chunk

    async def tts_node(
        self, text: Any, model_settings: ModelSettings
    ) -> AsyncIterator[rtc.AudioFrame]:
        self._note("tts")
        async for frame in Agent.default.tts_node(self, text, model_settings):
            yield frame


def test_a_reply_is_told_before_its_tasks_begin_and_a_guess_is_not_scheduled() -> None:
    async def scene(stage: Stage) -> None:
        agent = cast(Told, stage.session.current_agent)
        await stage.turns.ask(ASKED)
        await asyncio.sleep(8.0)
        what = "a guess that fails is taken for an answer: the agent apologises to who speaks"
        assert [(part, scheduled) for part, _, scheduled in agent.replies] == [
            ("llm", False), ("tts", False)
        ], what  # fmt: skip
        [whose] = {speech for _, speech, _ in agent.replies}
        assert whose is not None, what

    on_stage(scene, agent=Told)


def test_a_guess_may_be_thrown_away_before_it_is_taken_up() -> None:
    async def scene(stage: Stage) -> None:
        await stage.turns.ask(ASKED)
        await asyncio.sleep(8.0)
        assert asked(stage) == [ASKED, ASKED], "a guess that failed is the answer: silence"
        assert stage.track.told.count("begins") == 1

    on_stage(scene, agent=lambda stage: Told(stage, throws_away=True))


SECRET = "marmalade"


class Silent(Voice):
    """Takes texts, and gives no audio."""

    def tones_of(self, text: str) -> list[int]:
        return []


@pytest.fixture
def logs() -> Iterator[tuple[text_io.StringIO, text_io.StringIO]]:
    """All that is logged at any level: as it is written, and without the filter."""
    root, sinks, handlers = logging.getLogger(), [], []
    for filtered in (True, False):
        sink = text_io.StringIO()
        handler = logging.StreamHandler(sink)
        handler.setFormatter(JsonFormatter())
        if filtered:
            handler.addFilter(PrivacyFilter())
        sinks.append(sink)
        handlers.append(handler)
    # The filter cleans the record itself: it comes last, and others may have it too.
    handlers_before, root.handlers = root.handlers, handlers[::-1]
    # Whoever has loaded the worker has a filter there that protects every handler.
    loggers = [
        logging.getLogger(name) for name in ("", "livekit", "livekit.agents", "agent", "asyncio")
    ]
    before = [(logger.level, logger.filters) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.filters = []
    yield sinks[0], sinks[1]
    root.handlers = handlers_before
    for logger, (level, filters) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.filters = filters


@pytest.mark.parametrize(
    ("voice", "told"),
    [
        (None, "received user transcript"),
        (Silent(), "no audio frames were pushed for text"),
        (Voice(dies_at=f"{SECRET}."), "a piece was not spoken"),
    ],
    ids=["a plain talk", "a voice without audio", "a voice that dies"],
)
def test_no_line_of_the_framework_tells_what_was_said(
    voice: Voice | None, told: str, logs: tuple[text_io.StringIO, text_io.StringIO]
) -> None:
    question = f"Where is my {SECRET} please?"
    play(
        Says(question, 0.5, 1.8),
        Says(f"No, wait, the other {SECRET}.", 1.0, 2.4, over=1),
        replies={question: f"I have put your {SECRET}. It is where you have left it, of course."},
        voice=voice,
        spare=voice,
        settings={"LLM_INSTRUCTIONS": f"Keep the {SECRET}."},
    )
    written, whole = (log.getvalue() for log in logs)
    assert told in whole, "the framework tells it in other words: look at what they hold"
    assert SECRET in whole, "the framework hides it itself: is agent.job.log still needed?"
    lines = [line for line in written.splitlines() if SECRET in line]
    assert lines == [], "callers' words are in the logs"


def test_plugins_take_their_http_session_from_a_context_that_can_be_given() -> None:
    what = "plug-ins have no connections outside of a job: `rejoinder check` fails for each of them"
    ours = object()
    bound: ContextVar[Any] = getattr(http_context, "_ContextVar", ContextVar("it is elsewhere"))
    token = bound.set(lambda: ours)
    try:
        assert http_context.http_session() is ours, what
    except RuntimeError:
        pytest.fail(what)
    finally:
        bound.reset(token)
    assert isinstance(http_context._create_ssl_context(), ssl.SSLContext), what


def test_the_end_of_turn_model_of_the_framework_is_not_loaded_before_it_is_wanted() -> None:
    from livekit.agents.ipc import _preload  # else one name that has moved ends all of these tests

    name = "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE"
    assert name == _preload.ENV_PRELOAD_LOCAL_INFERENCE, "each worker takes 244 MB more"
