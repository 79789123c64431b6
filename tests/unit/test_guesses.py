"""An answer that is begun before the turn is over and fails.

The real session with scripted engines, on virtual time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    ConversationItemAddedEvent,
    ErrorEvent,
    llm,
    stt,
    tts,
)
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from livekit.agents.voice import io

from agent.call.guesses import Guesses
from agent.call.parts import Parts
from agent.call.reply import CallAgent
from agent.call.session import build_session
from agent.call.timeline import Timeline
from agent.llm.reply_filter import Habit
from agent.settings.load import load
from agent.turns.listener import Listener
from agent.wording.reader import Reader
from tests.fakes import virtual_time
from tests.unit.test_listener import Engine as Recogniser

SETTINGS = load(environ={}, flags={"LLM_FILLER": ""})
RATE_HZ = 24000
QUESTION, LONGER = "Book a table.", "Book a table for two."
INTERIM = stt.SpeechEventType.INTERIM_TRANSCRIPT
PREFLIGHT = stt.SpeechEventType.PREFLIGHT_TRANSCRIPT
FINAL = stt.SpeechEventType.FINAL_TRANSCRIPT


class Model(llm.LLM):
    """Fails as often as it is told, at once or after its first words; then it answers."""

    def __init__(self, *, failures: int = 0, first: str = "") -> None:
        super().__init__()
        self.failures = failures
        self.first = first
        self.asked: list[str] = []

    def chat(self, *, chat_ctx: llm.ChatContext, **_: Any) -> llm.LLMStream:
        self.asked.append(cast(llm.ChatMessage, chat_ctx.items[-1]).text_content or "")
        return _Answer(self, chat_ctx=chat_ctx, tools=[], conn_options=APIConnectOptions(0))


class _Answer(llm.LLMStream):
    async def _run(self) -> None:
        model = cast(Model, self._llm)
        fails = len(model.asked) <= model.failures
        for word in [model.first] if fails else ["It is ", "done."]:
            if word:
                delta = llm.ChoiceDelta(role="assistant", content=word)
                self._event_ch.send_nowait(llm.ChatChunk(id="answer", delta=delta))
        if fails:
            raise APIConnectionError("the model is gone", retryable=False)


class Voice(tts.TTS[str]):
    """Fails as often as it is told, then speaks 0.1 s of sound for any text."""

    def __init__(self, *, failures: int = 0) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=RATE_HZ, num_channels=1
        )
        self.failures = failures
        self.asked: list[str] = []

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        self.asked.append(text)
        return _Speech(tts=self, input_text=text, conn_options=APIConnectOptions(0))


class _Speech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice = cast(Voice, self._tts)
        if len(voice.asked) <= voice.failures:
            raise APIConnectionError("the voice is gone", retryable=False)
        output_emitter.initialize(
            request_id="speech", sample_rate=RATE_HZ, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(b"\0\x20" * (RATE_HZ // 10))


class Loudspeaker(io.AudioOutput):
    """Plays at once; the session's outlet, and the track that sets the pace of the voice."""

    captured_s = unheard_s = 0.0

    def __init__(self) -> None:
        super().__init__(
            label="loudspeaker",
            capabilities=io.AudioOutputCapabilities(pause=False),
            sample_rate=RATE_HZ,
        )

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self.captured_s += frame.duration

    def flush(self) -> None:
        super().flush()
        if self.captured_s:
            self.on_playback_finished(playback_position=self.captured_s, interrupted=False)

    def clear_buffer(self) -> None:
        pass


class Silence(io.AudioInput):
    """A microphone that gives nothing: the words come from the script."""

    def __init__(self) -> None:
        super().__init__(label="silence")

    async def __anext__(self) -> rtc.AudioFrame:
        await asyncio.Event().wait()
        raise StopAsyncIteration


class Caller:
    """In the listener's place: says to the framework what a caller says."""

    def __init__(self) -> None:
        self.faces: list[Any] = []

    def attach(self, face: Any) -> Callable[[], None]:
        self.faces.append(face)
        return lambda: self.faces.remove(face)

    def speaks(self, text: str, kind: stt.SpeechEventType) -> None:
        for face in self.faces:
            face.speech_began()
            face.words(kind, text, "en", 0.0)

    def stops(self, text: str) -> None:
        for face in self.faces:
            face.words(FINAL, text, "en", 0.0)
            face.speech_ended(0.5)


class Scene:
    """One call in the making."""

    def __init__(self, model: Model, voice: Voice, spare: Voice) -> None:
        self.model = model
        self.voice = voice
        self.caller = Caller()
        self.apologies: list[str] = []
        self.notices: list[str] = []
        self.items: list[tuple[str, str]] = []
        parts = Parts(
            detector=cast(Any, None), end_model=None, stt=Recogniser(), llm=model, tts=voice,
            spare_tts=spare, stt_pace=None, llm_pace=None, llm_habit=Habit(),
        )  # fmt: skip
        reader, loudspeaker = Reader("en"), Loudspeaker()
        self.session = build_session(
            parts, SETTINGS, cast(Listener, self.caller), track=loudspeaker, reader=reader
        )
        self.session.input.audio = Silence()
        self.session.output.audio = loudspeaker
        self.guesses = Guesses(self.session)
        self.session.on("error", self._on_error)
        self.session.on("conversation_item_added", self._on_item)
        self.agent = CallAgent(
            reply=SETTINGS.reply,
            timeline=Timeline(),
            on_source=lambda source: None,
            on_failure=lambda error: self._fail("llm", error),
            on_turn_over=self.guesses.turn_is_over,
            reader=reader,
            parts=parts,
        )

    def _fail(self, stage: str, error: Exception) -> None:
        self.guesses.failed(error, lambda: self.apologies.append(stage))

    def _on_error(self, event: ErrorEvent) -> None:
        if isinstance(event.error, tts.TTSError):
            if event.error.recoverable:
                self.guesses.tell(lambda: self.notices.append("another voice"))
            else:
                self._fail("tts", event.error.error)

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage):
            self.items.append((event.item.role, event.item.text_content or ""))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def scene(
    model: Model | None = None, voice: Voice | None = None, spare: Voice | None = None
) -> AsyncIterator[Scene]:
    made = Scene(model or Model(), voice or Voice(), spare or Voice())
    await made.session.start(made.agent)
    await made.until(lambda: len(made.caller.faces) == 2)
    try:
        yield made
    finally:
        await made.session.aclose()


def on_virtual_time(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(**given: Any) -> None:
        virtual_time.run(test(**given))

    return run


@on_virtual_time
async def test_a_guess_that_fails_and_is_thrown_away_is_never_heard_of() -> None:
    async with scene(Model(failures=1)) as call:
        call.caller.speaks(QUESTION, PREFLIGHT)
        await call.until(lambda: call.model.asked == [QUESTION])
        await asyncio.sleep(0.1)
        call.caller.speaks(LONGER, INTERIM)
        call.caller.speaks(LONGER, PREFLIGHT)
        await call.until(lambda: call.model.asked == [QUESTION, LONGER])
        await asyncio.sleep(0.1)
        call.caller.stops(LONGER)
        await call.until(lambda: len(call.items) == 2)
    assert call.apologies == []
    assert call.items == [("user", LONGER), ("assistant", "It is done.")]
    assert len(call.model.asked) == 2


@pytest.mark.parametrize("first", ["", "It is "], ids=["at once", "in its midst"])
@on_virtual_time
async def test_the_confirmed_turn_asks_again_what_the_model_failed_to_guess(first: str) -> None:
    async with scene(Model(failures=1, first=first)) as call:
        call.caller.speaks(QUESTION, PREFLIGHT)
        await call.until(lambda: call.model.asked == [QUESTION])
        await asyncio.sleep(0.1)
        assert call.apologies == []
        call.caller.stops(QUESTION)
        await call.until(lambda: len(call.items) == 2)
    assert call.apologies == []
    assert call.items == [("user", QUESTION), ("assistant", "It is done.")]
    assert call.model.asked == [QUESTION] * 2


@on_virtual_time
async def test_a_model_that_fails_again_is_told_once_and_not_asked_a_third_time() -> None:
    async with scene(Model(failures=5)) as call:
        call.caller.speaks(QUESTION, PREFLIGHT)
        await call.until(lambda: call.model.asked == [QUESTION])
        await asyncio.sleep(0.1)
        call.caller.stops(QUESTION)
        await call.until(lambda: bool(call.apologies))
        await asyncio.sleep(0.1)
    assert call.apologies == ["llm"]
    assert call.model.asked == [QUESTION] * 2


@on_virtual_time
async def test_a_guess_without_a_voice_is_silent_and_spoken_when_the_turn_is_over() -> None:
    async with scene(voice=Voice(failures=1), spare=Voice(failures=1)) as call:
        call.caller.speaks(QUESTION, PREFLIGHT)
        await call.until(lambda: len(call.voice.asked) == 1)
        await asyncio.sleep(0.1)
        call.caller.stops(QUESTION)
        await call.until(lambda: len(call.items) == 2)
    assert call.apologies == []
    assert call.items == [("user", QUESTION), ("assistant", "It is done.")]
    assert len(call.voice.asked) == 2


@on_virtual_time
async def test_a_voice_that_fails_again_is_told_once() -> None:
    async with scene(voice=Voice(failures=9), spare=Voice(failures=9)) as call:
        call.caller.speaks(QUESTION, PREFLIGHT)
        await call.until(lambda: len(call.voice.asked) == 1)
        await asyncio.sleep(0.1)
        call.caller.stops(QUESTION)
        await call.until(lambda: bool(call.apologies))
        await asyncio.sleep(0.1)
    assert call.apologies == ["tts"]


@pytest.mark.parametrize("taken_up", [True, False])
@on_virtual_time
async def test_another_voice_is_told_of_when_its_guess_is_taken_up(taken_up: bool) -> None:
    async with scene(voice=Voice(failures=1)) as call:
        call.caller.speaks(QUESTION, PREFLIGHT)
        await call.until(lambda: len(call.voice.asked) == 1)
        await asyncio.sleep(0.1)
        assert call.notices == []
        call.caller.stops(QUESTION if taken_up else LONGER)
        await call.until(lambda: len(call.items) == 2)
    assert call.notices == ["another voice"] * taken_up
