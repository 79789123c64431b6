"""What every text-to-speech engine must do, whatever is behind it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable

import numpy as np
import pytest
from livekit.agents import (
    APIConnectOptions,
    APIError,
    APITimeoutError,
    tts,
)
from livekit.agents.tokenize import SentenceStream, SentenceTokenizer
from livekit.agents.tokenize.token_stream import BufferedSentenceStream

from agent.costs.meter import Meter
from agent.tts.other_voice import with_voice
from agent.tts.spoken_reply import ReplyVoice
from tests.fakes.metering import line_of, metered

ONCE = APIConnectOptions(max_retry=0, timeout=5.0)
IMPATIENT = APIConnectOptions(max_retry=0, timeout=0.2)
AGAIN = APIConnectOptions(max_retry=1, retry_interval=0.01, timeout=5.0)
WORDS = "one two three four five six seven eight nine ten"
STALL_S = 1.0
"""What rigs set as the longest pause in the middle of an answer."""


class Rig(ABC):
    """An engine, and what is behind it under control."""

    engine: tts.TTS
    voices: tuple[str, str]
    """Two names of voices that sound different."""
    long_text: str
    """Takes the server long enough that a test can act in the middle of it."""

    @abstractmethod
    async def be_slow(self) -> None:
        """Send nothing for longer than any time-out, until `recover`."""

    @abstractmethod
    async def freeze(self, *, first: bool) -> None:
        """Stop in the middle of an answer: called before it begins and after its first audio."""

    @abstractmethod
    async def die(self, *, first: bool) -> None:
        """End in the middle of an answer: called before it begins and after its first audio."""

    @abstractmethod
    async def recover(self) -> None:
        """Answer properly from now on."""

    def hurry(self) -> None:  # noqa: B027 - most have no pace to change
        """Answer as fast as can be: nothing is done in the middle of an answer."""

    @abstractmethod
    async def saw_the_cancel(self) -> None:
        """Return once the server has noticed that nobody listens, and has stopped."""

    def slower_is_longer(self, slow: np.ndarray, normal: np.ndarray) -> None:
        """Assert that the engine was asked for half of its speed."""
        assert len(slow) > 1.3 * len(normal)

    def same(self, one: np.ndarray, other: np.ndarray) -> bool:
        """Whether two recordings are of the same text."""
        return same_sound(one, other)


def same_sound(one: np.ndarray, other: np.ndarray) -> bool:
    """Equal but for silence at the end: the framework adds 10 ms where its audio came late."""
    return np.array_equal(np.trim_zeros(one, "b"), np.trim_zeros(other, "b"))


async def audio(
    engine: tts.TTS, text: str, conn_options: APIConnectOptions = ONCE
) -> tuple[np.ndarray, int]:
    """What is heard: float32 samples in [-1, 1], and their rate."""
    frames = []
    async with engine.synthesize(text, conn_options=conn_options) as stream:
        async for event in stream:
            frames.append(event.frame)
    assert {(f.sample_rate, f.num_channels) for f in frames} == {(engine.sample_rate, 1)}
    pcm = b"".join(bytes(frame.data.cast("B")) for frame in frames)
    return np.frombuffer(pcm, "<i2") / np.float32(32768), engine.sample_rate


async def audio_until_error(
    engine: tts.TTS,
    text: str,
    conn_options: APIConnectOptions,
    after_first: Awaitable[None] | None = None,
) -> tuple[float, Exception]:
    """Seconds of audio that came before the error, and the error."""
    seconds = 0.0
    stream = engine.synthesize(text, conn_options=conn_options)
    try:
        async for event in stream:
            if not seconds and after_first is not None:
                await after_first
            seconds += event.frame.duration
    except APIError as error:
        return seconds, error
    finally:
        await stream.aclose()
    pytest.fail("no error came")


class Spare(tts.TTS):
    """Another voice: says a second of one tone, whatever the text."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=tts.TTSCapabilities(streaming=False), sample_rate=16000, num_channels=1
        )
        self.asked: list[str] = []

    def synthesize(self, text: str, *, conn_options: APIConnectOptions = ONCE) -> tts.ChunkedStream:
        self.asked.append(text)
        return _SpareSpeech(tts=self, input_text=text, conn_options=conn_options)


class _SpareSpeech(tts.ChunkedStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        output_emitter.initialize(
            request_id="spare", sample_rate=16000, num_channels=1, mime_type="audio/pcm"
        )
        output_emitter.push(b"\x00\x20" * 16000)


class AllHeard:
    """A track that plays whatever there is at once."""

    _captured_s = 0.0
    unheard_s = 0.0

    @property
    def captured_s(self) -> float:
        self._captured_s += 1000.0
        return self._captured_s


class Lines(SentenceTokenizer):
    """Each line of a reply is a piece."""

    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:
        return text.splitlines()

    def stream(self, *, language: str | None = None) -> SentenceStream:
        return BufferedSentenceStream(tokenizer=str.splitlines, min_token_len=1, min_ctx_len=1)


class WholeSpeechContract:
    """Inherited by the test of each engine whose answers come at once; it provides `rig`."""

    async def test_text_becomes_audio_of_matching_length(self, rig: Rig) -> None:
        short, rate_hz = await audio(rig.engine, "one two")
        long, _ = await audio(rig.engine, WORDS)
        assert np.sqrt(np.mean(short**2)) > 0.01
        assert 0.2 < len(short) / rate_hz < len(long) / rate_hz / 2

    async def test_what_it_says_is_counted_and_what_it_is_not_given_is_not(self, rig: Rig) -> None:
        meter = Meter()
        engine = metered("tts", rig.engine, meter)
        samples, rate_hz = await audio(engine, "one two")
        await audio(engine, "...")
        line = line_of(meter)
        assert (line.used.requests, line.used.characters) == (1, len("one two"))
        assert line.used.seconds == pytest.approx(len(samples) / rate_hz, abs=0.001)
        assert line.thrown.requests == 0

    async def test_a_text_without_words_is_a_moment_of_silence(self, rig: Rig) -> None:
        for text in ("", "  \n", "...", "。！", "—", '"*`)'):
            samples, rate_hz = await audio(rig.engine, text)
            assert 0 < len(samples) / rate_hz < 0.1, text
            assert not samples.any(), text

    async def test_any_text_can_be_spoken(self, rig: Rig) -> None:
        rig.hurry()
        for text in (
            "😀 5 € & <b>bold</b>",
            "\x01500S\x00 one \x7f two",
            "half \ud83d pair",
            "-v --help",
            "Guten Tag, Jürgen Müller!",
            "你好，世界。",
            "Привет, мир",
        ):
            samples, rate_hz = await audio(rig.engine, text)
            assert len(samples) / rate_hz > 0.2, text
            assert samples.any(), text

    async def test_calls_with_voices_of_their_own_do_not_mix(self, rig: Rig) -> None:
        rig.hurry()
        one, other = (with_voice(rig.engine, voice) for voice in rig.voices)
        alone = [(await audio(engine, WORDS))[0] for engine in (one, other)]
        assert not rig.same(*alone)
        async with asyncio.TaskGroup() as group:
            together = [
                group.create_task(audio(engine, WORDS)) for engine in (one, other, other, one)
            ]
        for task, expected in zip(together, [*alone, *alone[::-1]], strict=True):
            assert rig.same(task.result()[0], expected)
        await one.aclose()
        assert rig.same((await audio(other, WORDS))[0], alone[1])

    async def test_a_voice_may_speak_faster_than_the_engine_is_set_to(self, rig: Rig) -> None:
        rig.slower_is_longer(
            (await audio(with_voice(rig.engine, "", speed=0.5), "one two"))[0],
            (await audio(rig.engine, "one two"))[0],
        )

    async def test_closing_before_the_first_audio_stops_the_server(self, rig: Rig) -> None:
        stream = rig.engine.synthesize(rig.long_text, conn_options=ONCE)
        await asyncio.sleep(0)
        await stream.aclose()
        await stream.aclose()
        samples, _ = await audio(rig.engine, "one two")
        assert samples.any()

    async def test_a_slow_first_byte_is_a_timeout(self, rig: Rig) -> None:
        await rig.be_slow()
        began = asyncio.get_running_loop().time()
        seconds, error = await audio_until_error(rig.engine, "my secret words", IMPATIENT)
        assert isinstance(error, APITimeoutError)
        assert error.retryable
        assert seconds == 0
        assert "secret" not in str(error)
        assert asyncio.get_running_loop().time() - began < 2.0
        await rig.recover()
        samples, _ = await audio(rig.engine, "one two")
        assert samples.any()

    async def test_a_very_long_text_is_spoken_to_its_end(self, rig: Rig) -> None:
        rig.hurry()
        samples, rate_hz = await audio(rig.engine, " ".join([WORDS] * 12))
        assert len(samples) / rate_hz > 30

    async def test_ten_at_once_are_all_spoken_and_do_not_mix(self, rig: Rig) -> None:
        rig.hurry()
        texts = ["one two", "three four five six"]
        alone = [(await audio(rig.engine, text))[0] for text in texts]
        together = await asyncio.gather(*(audio(rig.engine, text) for text in texts * 5))
        for (samples, _), expected in zip(together, alone * 5, strict=True):
            assert rig.same(samples, expected)

    async def test_closing_the_engine_twice_is_harmless(self, rig: Rig) -> None:
        rig.engine.prewarm()
        await audio(rig.engine, "one")
        await rig.engine.aclose()
        await rig.engine.aclose()

    async def test_an_unused_engine_can_be_closed(self, rig: Rig) -> None:
        await rig.engine.aclose()

    async def test_it_says_what_it_is(self, rig: Rig) -> None:
        assert rig.engine.model not in ("", "unknown")
        assert rig.engine.provider not in ("", "unknown")
        assert not rig.engine.capabilities.streaming


class SpeechContract(WholeSpeechContract):
    """Inherited by each engine's test, which provides the fixture `rig`."""

    async def test_the_first_audio_comes_before_the_last_is_made(self, rig: Rig) -> None:
        async with rig.engine.synthesize(rig.long_text, conn_options=ONCE) as stream:
            first = await anext(stream)
            assert first.frame.duration > 0
            assert not stream.done

    async def test_closing_the_stream_stops_the_server(self, rig: Rig) -> None:
        async with rig.engine.synthesize(rig.long_text, conn_options=ONCE) as stream:
            await anext(stream)
        await rig.saw_the_cancel()
        samples, _ = await audio(rig.engine, "one two")
        assert samples.any()

    async def test_a_stall_in_the_middle_is_a_timeout_that_is_not_replayed(self, rig: Rig) -> None:
        await rig.freeze(first=True)
        seconds, error = await audio_until_error(
            rig.engine, rig.long_text, AGAIN, rig.freeze(first=False)
        )
        assert isinstance(error, APITimeoutError)
        assert not error.retryable
        assert seconds > 0

    async def test_a_death_in_the_middle_is_an_error_that_is_not_replayed(self, rig: Rig) -> None:
        await rig.die(first=True)
        seconds, error = await audio_until_error(
            rig.engine, rig.long_text, AGAIN, rig.die(first=False)
        )
        assert not isinstance(error, APITimeoutError)
        assert not error.retryable
        assert seconds > 0
        await rig.recover()
        samples, _ = await audio(rig.engine, "one two")
        assert samples.any()


class SparedContract:
    """What engines and a reply that is said with them do together; for a rig or two."""

    @pytest.mark.parametrize("fault", ["die", "freeze"])
    async def test_a_piece_that_breaks_off_is_said_by_another_voice(
        self, rig: Rig, fault: str
    ) -> None:
        break_off, spare = getattr(rig, fault), Spare()
        await break_off(first=True)
        voice = ReplyVoice(rig.engine, spares=[spare], tokenizer=Lines(), track=AllHeard())
        seconds = 0.0
        async with voice.stream(conn_options=ONCE) as stream:
            stream.push_text(f"{rig.long_text}\none two\n")
            stream.end_input()
            async for event in stream:
                if not seconds:
                    await break_off(first=False)
                seconds += event.frame.duration
        assert spare.asked[0] == rig.long_text.strip()
        assert seconds > 1.0, "what came, and what the other voice said"
