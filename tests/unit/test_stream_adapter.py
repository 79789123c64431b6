"""The StreamAdapter on a scripted detector and a scripted recogniser."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, stt, vad

from agent.turns.stream_adapter import MAX_WAITING, StreamAdapter

OPTIONS = APIConnectOptions(max_retry=0, timeout=2.0)
WINDOW = rtc.AudioFrame(b"\1\0" * 512, 16000, 1, 512)


class ScriptedDetector(vad.VAD):
    """A detector whose events the test sends."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.032))
        self.made: ScriptedDetectorStream | None = None

    def stream(self) -> "ScriptedDetectorStream":
        self.made = ScriptedDetectorStream(self)
        return self.made


class ScriptedDetectorStream(vad.VADStream):
    async def _main_task(self) -> None:
        async for _ in self._input_ch:
            pass

    def say(self, *, windows: int = 20, silence_s: float = 0.55) -> None:
        for kind, times in (
            (vad.VADEventType.START_OF_SPEECH, 1),
            (vad.VADEventType.INFERENCE_DONE, windows),
            (vad.VADEventType.END_OF_SPEECH, 1),
        ):
            for _ in range(times):
                self._event_ch.send_nowait(
                    vad.VADEvent(
                        type=kind,
                        samples_index=0,
                        timestamp=0.0,
                        speech_duration=1.0,
                        silence_duration=silence_s,
                        frames=[WINDOW] if kind == vad.VADEventType.INFERENCE_DONE else [],
                    )
                )


class ScriptedEngine(stt.STT[str]):
    """Answers with the next item of a script: a text, an exception, or a gate to wait at."""

    def __init__(self, *script: str | Exception | asyncio.Event) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))
        self.script = list(script)
        self.calls = 0
        self.cancelled = 0

    async def _recognize_impl(self, buffer, *, language, conn_options):  # type: ignore[no-untyped-def]
        self.calls += 1
        step = self.script.pop(0)
        if isinstance(step, asyncio.Event):
            try:
                await step.wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            step = "after the gate"
        if isinstance(step, Exception):
            raise step
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT,
            alternatives=[stt.SpeechData(language="en", text=step)],
        )


class Notes:
    def __init__(self) -> None:
        self.seen: list[str] = []

    def speech_began(self, *, at: float) -> None:
        self.seen.append("speech")

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        assert last_voiced <= at
        self.seen.append("ended")

    def recognition_began(self, *, at: float) -> None:
        self.seen.append("asked")

    def recognition_ended(self, *, at: float) -> None:
        self.seen.append("answered")

    def recognition_failed(self, *, error: Exception) -> None:
        self.seen.append(f"failed {type(error).__name__}")


@asynccontextmanager
async def listening(
    engine: ScriptedEngine,
) -> AsyncIterator[tuple[ScriptedDetectorStream, stt.RecognizeStream, Notes]]:
    detector, notes = ScriptedDetector(), Notes()
    adapter = StreamAdapter(engine=engine, detector=detector, observer=notes)
    stream = adapter.stream(conn_options=OPTIONS)
    try:
        while detector.made is None:
            await asyncio.sleep(0)
        yield detector.made, stream, notes
    finally:
        await stream.aclose()
        await adapter.aclose()


async def finals(stream: stt.RecognizeStream, count: int) -> list[str]:
    found: list[str] = []
    async for event in stream:
        if event.type == stt.SpeechEventType.FINAL_TRANSCRIPT:
            found.append(event.alternatives[0].text)
            if len(found) == count:
                break
    return found


async def test_an_utterance_becomes_start_end_and_final_in_this_order() -> None:
    async with listening(ScriptedEngine("one")) as (detector, stream, notes):
        detector.say()
        kinds = [(await anext(stream)).type for _ in range(3)]
    assert kinds == [
        stt.SpeechEventType.START_OF_SPEECH,
        stt.SpeechEventType.END_OF_SPEECH,
        stt.SpeechEventType.FINAL_TRANSCRIPT,
    ]
    assert notes.seen == ["speech", "ended", "asked", "answered"]


async def test_the_next_utterance_is_detected_while_one_is_recognised() -> None:
    gate = asyncio.Event()
    async with listening(ScriptedEngine(gate, "two")) as (detector, stream, notes):
        detector.say()
        detector.say()
        kinds = [(await anext(stream)).type for _ in range(4)]
        assert stt.SpeechEventType.FINAL_TRANSCRIPT not in kinds
        gate.set()
        assert await finals(stream, 2) == ["after the gate", "two"]


@pytest.mark.parametrize(
    "fault", [APIConnectionError("down"), ValueError("a bug"), TimeoutError("slow")]
)
async def test_a_failed_utterance_is_reported_and_the_next_is_heard(fault: Exception) -> None:
    async with listening(ScriptedEngine(fault, "two")) as (detector, stream, notes):
        detector.say()
        detector.say()
        assert await finals(stream, 1) == ["two"]
        assert f"failed {type(fault).__name__}" in notes.seen


async def test_silence_recognised_as_nothing_gives_no_final() -> None:
    async with listening(ScriptedEngine("  ", "words")) as (detector, stream, _):
        detector.say()
        detector.say()
        assert await finals(stream, 1) == ["words"]


async def test_closing_the_stream_cancels_the_request_in_flight() -> None:
    engine = ScriptedEngine(asyncio.Event())
    async with listening(engine) as (detector, stream, notes):
        detector.say()
        while engine.calls == 0:
            await asyncio.sleep(0)
    assert engine.cancelled == 1


async def test_what_a_slow_engine_cannot_take_is_given_up_oldest_first_and_reported() -> None:
    gate = asyncio.Event()
    engine = ScriptedEngine(gate, *(f"utterance {n}" for n in range(MAX_WAITING)))
    async with listening(engine) as (detector, stream, notes):
        detector.say()
        while engine.calls == 0:
            await asyncio.sleep(0)
        for _ in range(MAX_WAITING + 1):
            detector.say(windows=1)
        while notes.seen.count("ended") < MAX_WAITING + 2:
            await asyncio.sleep(0)
        gate.set()
        assert len(await finals(stream, MAX_WAITING + 1)) == MAX_WAITING + 1
        assert notes.seen.count("failed APIConnectionError") == 1
