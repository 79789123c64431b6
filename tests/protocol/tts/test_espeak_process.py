"""Engine `espeak`: the real library in its real process, and a misbehaving stand-in."""

import asyncio
import itertools
import logging
import signal
import sys
from collections.abc import AsyncIterator
from typing import cast

import numpy as np
import psutil
import pytest
from livekit.agents import APIConnectionError, APITimeoutError

from agent.errors import EngineUnavailable
from agent.tts.espeak import engine as espeak
from agent.tts.espeak.engine import EspeakSpeech, Options, build, probe
from testbed.waiting import until
from tests.protocol.tts.contract import (
    AGAIN,
    IMPATIENT,
    ONCE,
    STALL_S,
    WORDS,
    Rig,
    SparedContract,
    SpeechContract,
    audio,
)

SENTENCE = "The quick brown fox jumps over the lazy dog. "
LONG = SENTENCE * 3000
"""Two hours of speech, seconds of work."""


def children() -> list[psutil.Process]:
    return [
        child
        for child in psutil.Process().children()
        if any("espeak.child" in part for part in child.cmdline())
    ]


class EspeakRig(Rig):
    long_text = LONG
    voices = ("en-us", "de")

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.engine = EspeakSpeech(Options(), stall_s=STALL_S)
        self._log = caplog
        caplog.set_level(logging.DEBUG, "agent.tts")

    async def be_slow(self) -> None:
        await self.engine.running()
        self._signal(signal.SIGSTOP)

    async def freeze(self, *, first: bool) -> None:
        if not first:
            self._signal(signal.SIGSTOP)

    async def die(self, *, first: bool) -> None:
        if not first:
            self._signal(signal.SIGKILL)

    async def recover(self) -> None:
        """A dead or frozen child is replaced by the engine itself."""

    async def saw_the_cancel(self) -> None:
        def stopped() -> list[int]:
            told = [r for r in self._log.records if r.getMessage() == "espeak-ng stopped speaking"]
            return [cast("int", record.__dict__["samples"]) for record in told]

        await until(stopped, "the process says that it stopped")
        assert stopped()[0] < len(LONG) * 22050 * 0.05 / 2, "half of the text was spoken"

    def same(self, one: np.ndarray, other: np.ndarray) -> bool:
        """The library's wave does not begin at the same phase each time."""
        if abs(len(one) - len(other)) > 0.01 * len(one):
            return False
        size = min(len(one), len(other)) // 441 * 441
        levels = [np.sqrt((x[:size].reshape(-1, 441) ** 2).mean(axis=1)) for x in (one, other)]
        return float(np.corrcoef(levels)[0, 1]) > 0.95

    def _signal(self, number: signal.Signals) -> None:
        (child,) = children()
        child.send_signal(number)


@pytest.fixture
async def rig(caplog: pytest.LogCaptureFixture) -> AsyncIterator[EspeakRig]:
    rig = EspeakRig(caplog)
    yield rig
    await rig.engine.aclose()
    assert children() == [], "the process outlived its engine"


class TestContract(SpeechContract, SparedContract):
    pass


GREETINGS = {
    "en-us": "Good morning, how are you today?",
    "en-gb": "Good morning, how are you today?",
    "de": "Guten Morgen, wie geht es Ihnen?",
    "fr-FR": "Bonjour, comment allez-vous ?",
    "es-MX": "Buenos días, ¿cómo está usted?",
    "pt-BR": "Bom dia, como vai você?",
    "it": "Buongiorno, come sta?",
    "zh-CN": "早上好，你今天好吗？",
    "yue": "早晨，你好嗎？",
    "ja": "おはようございます。",
    "ko": "안녕하세요, 잘 지내세요?",
    "ru": "Доброе утро, как дела?",
    "ar": "صباح الخير، كيف حالك؟",
    "hi": "सुप्रभात, आप कैसे हैं?",
    "vi": "Chào buổi sáng, bạn khỏe không?",
    "sw": "Habari za asubuhi?",
}


async def spoken(text: str, **options: object) -> np.ndarray:
    engine = build(Options.model_validate(options))
    try:
        return (await audio(engine, text))[0]
    finally:
        await engine.aclose()


def loudness(samples: np.ndarray) -> list[float]:
    """RMS of each 20 ms: the same for the same words, whose samples espeak-ng draws anew."""
    windows = samples[: len(samples) // 441 * 441].reshape(-1, 441)
    return [float(level) for level in np.sqrt((windows**2).mean(axis=1))]


def is_speech_like(samples: np.ndarray) -> bool:
    """Loud, with its energy spread in time and below 4 kHz, as neither noise nor a tone is."""
    loud = float(np.sqrt(np.mean(samples**2))) > 0.02
    level = np.array(loudness(samples))
    varied = float(level.std() / level.mean()) > 0.3
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    hz = np.fft.rfftfreq(len(samples), 1 / 22050)
    low = float(spectrum[hz < 4000].sum() / spectrum.sum()) > 0.6
    flat = float(spectrum.max() / spectrum.sum()) < 0.2
    return loud and varied and low and flat


async def test_many_languages_are_spoken() -> None:
    for voice, text in GREETINGS.items():
        samples = await spoken(text, voice=voice)
        assert 0.5 < len(samples) / 22050 < 6, voice
        assert is_speech_like(samples), voice


async def test_there_are_a_hundred_languages_and_all_of_them_speak() -> None:
    engine = EspeakSpeech(Options())
    voices = await engine.voices()
    assert len({voice.language.partition("-")[0] for voice in voices}) >= 100
    child = await engine.running()
    for voice in voices:
        heard: list[bytes] = []
        request = {"text": "1 2 3 hello", "voice": voice.identifier, "rate_wpm": 175}
        await child.speak(request | {"pitch": 50, "volume": 100}, heard.append)
        assert any(b"".join(heard)), voice.name
    await engine.aclose()


async def test_the_length_grows_with_the_text(rig: EspeakRig) -> None:
    words = WORDS.split()
    lengths = [len((await audio(rig.engine, " ".join(words[:n])))[0]) for n in (1, 3, 6, 10)]
    assert all(short < long for short, long in itertools.pairwise(lengths))


@pytest.mark.parametrize("voice", ["en-us", "en-gb+f3", "English (America)"])
async def test_an_english_voice_leaves_chinese_to_a_chinese_one(voice: str) -> None:
    chosen = await spoken("早上好，你今天好吗？", voice=voice)
    mandarin = await spoken("早上好，你今天好吗？", voice="cmn+f3" if "+f3" in voice else "cmn")
    assert loudness(chosen) == pytest.approx(loudness(mandarin), rel=0.1, abs=0.01)
    english = await spoken("hello, how are you today?", voice="en-us")
    assert loudness(english) != pytest.approx(loudness(mandarin), rel=0.1, abs=0.01)


async def test_a_chosen_voice_stays() -> None:
    german = await spoken("早上好", voice="de")
    mandarin = await spoken("早上好", voice="cmn")
    assert not np.array_equal(german, mandarin)


async def test_settings_are_heard() -> None:
    plain = await spoken(WORDS)
    assert len(await spoken(WORDS, rate_wpm=350)) < 0.7 * len(plain)
    assert np.abs(await spoken(WORDS, volume=20)).mean() < 0.5 * np.abs(plain).mean()
    for changed in ({"pitch": 90}, {"voice": "en-us+f3"}, {"voice": "en-gb"}):
        other = await spoken(WORDS, **changed)
        assert len(other) != len(plain) or not np.array_equal(other, plain)


@pytest.mark.parametrize("text", ["\x01450S hello there", "hello \x1b\x02 there", "hello\x00there"])
async def test_text_cannot_give_commands(rig: EspeakRig, text: str) -> None:
    visible = "".join(char if char.isprintable() else " " for char in text)
    commanded, _ = await audio(rig.engine, text)
    plain, _ = await audio(rig.engine, visible)
    assert rig.same(commanded, plain)


async def test_markup_is_read_out_and_not_obeyed(rig: EspeakRig) -> None:
    plain, _ = await audio(rig.engine, "hello there")
    for markup in ('<prosody rate="400%">hello there</prosody>', "[[hel'oU]] hello there"):
        assert len((await audio(rig.engine, markup))[0]) > 1.3 * len(plain), markup
    for markup in ("<break time='60s'/> hello", "<audio src='/etc/hostname'/> hello"):
        assert len((await audio(rig.engine, markup))[0]) < 30 * 22050, markup


async def test_a_sentence_ends_with_a_pause_and_an_unfinished_piece_does_not(
    rig: EspeakRig,
) -> None:
    def trailing_silence(samples: np.ndarray) -> float:
        return (len(samples) - np.flatnonzero(np.abs(samples) > 0.003)[-1]) / 22050

    finished, _ = await audio(rig.engine, "one two.")
    unfinished, _ = await audio(rig.engine, "one two")
    assert trailing_silence(finished) > 0.2 > 0.05 > trailing_silence(unfinished)


async def test_a_warm_process_speaks_and_its_audio_comes_long_before_the_end(
    rig: EspeakRig,
) -> None:
    rig.engine.prewarm()
    rig.engine.prewarm()
    await rig.engine.running()
    (warm,) = children()
    async with rig.engine.synthesize(LONG, conn_options=ONCE) as stream:
        await anext(stream)
    await rig.saw_the_cancel()
    assert children() == [warm]


async def test_a_process_that_died_between_texts_is_replaced_unnoticed(rig: EspeakRig) -> None:
    before, _ = await audio(rig.engine, "one two")
    (old,) = children()
    old.kill()
    await asyncio.to_thread(old.wait, 5)
    samples, _ = await audio(rig.engine, "one two", AGAIN)
    assert rig.same(samples, before)
    assert children() != [old]


async def test_a_frozen_process_is_replaced(rig: EspeakRig) -> None:
    await rig.be_slow()
    (old,) = children()
    with pytest.raises(APITimeoutError):
        await audio(rig.engine, "one", IMPATIENT)
    samples, _ = await audio(rig.engine, "one", AGAIN)
    assert samples.any()
    assert children() != [old]


async def test_the_process_ends_with_the_worker_even_in_the_middle_of_a_text() -> None:
    request = {"voice": "en", "rate_wpm": 175, "pitch": 50, "volume": 100}
    code = (
        "import asyncio, sys\n"
        "from agent.tts.espeak.client import Child\n"
        "async def main():\n"
        "    child = await Child.start([sys.executable, '-m', 'agent.tts.espeak.child'])\n"
        f"    request = {request!r} | {{'text': {SENTENCE!r} * 20000}}\n"
        "    await child.speak(request, lambda pcm: print('speaking', flush=True))\n"
        "asyncio.run(main())\n"
    )
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    assert await worker.stdout.readline() == b"speaking\n"
    (child,) = psutil.Process(worker.pid).children()
    worker.kill()
    await worker.wait()
    await asyncio.to_thread(child.wait, 5)
    assert not child.is_running()


async def test_ctrl_c_in_the_terminal_leaves_the_voice_for_the_goodbye(rig: EspeakRig) -> None:
    await rig.engine.running()
    (child,) = children()
    child.send_signal(signal.SIGINT)
    samples, _ = await audio(rig.engine, "goodbye")
    assert samples.any()
    assert children() == [child]


async def test_a_closed_engine_refuses_text(rig: EspeakRig) -> None:
    await rig.engine.aclose()
    with pytest.raises(APIConnectionError, match="closed") as caught:
        await audio(rig.engine, "one", AGAIN)
    assert not caught.value.retryable


async def test_closing_ends_what_is_being_spoken(rig: EspeakRig) -> None:
    stream = rig.engine.synthesize(LONG, conn_options=ONCE)
    await anext(stream)
    await rig.engine.aclose()
    with pytest.raises(APIConnectionError):
        async for _ in stream:
            pass
    await stream.aclose()


async def test_a_text_beyond_all_bounds_is_refused(rig: EspeakRig) -> None:
    with pytest.raises(APIConnectionError, match="too long") as caught:
        await audio(rig.engine, "a" * 2**20, AGAIN)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("voice", "near"),
    [("enlish", "english"), ("en-us+f33", "f3"), ("xx", ""), ("portugese", "portuguese")],
)
async def test_an_unknown_voice_is_an_error_with_near_names(voice: str, near: str) -> None:
    with pytest.raises(APIConnectionError, match="no vo|no variant") as caught:
        await spoken("one", voice=voice)
    assert not caught.value.retryable
    assert near in str(caught.value)
    with pytest.raises(EngineUnavailable, match="TTS_VOICE"):
        await probe(Options(voice=voice))


async def test_the_probe_says_which_voice_answered() -> None:
    assert "Portuguese (Brazil)" in await probe(Options(voice="pt_BR"))


# A process that misbehaves.


def scripted(fault: str) -> EspeakSpeech:
    command = (sys.executable, "-m", "tests.protocol.tts.scripted_child", fault)
    return EspeakSpeech(Options(), command=command)


@pytest.mark.parametrize("fault", ["exit", "garbage", "strange hello"])
async def test_a_process_that_cannot_begin_is_an_error_that_may_pass(fault: str) -> None:
    engine = scripted(fault)
    with pytest.raises(APIConnectionError, match="cannot be started") as caught:
        await audio(engine, "one")
    assert caught.value.retryable
    await engine.aclose()


async def test_a_program_that_is_missing_is_an_error() -> None:
    engine = EspeakSpeech(Options(), command=("/nonexistent/espeak",))
    engine.prewarm()
    with pytest.raises(APIConnectionError, match="cannot be started"):
        await audio(engine, "one")
    await engine.aclose()


async def test_a_process_that_never_begins_is_a_timeout() -> None:
    engine = scripted("mute")
    with pytest.raises(APITimeoutError, match="not up"):
        await audio(engine, "one", IMPATIENT)
    await engine.aclose()


async def test_a_process_that_leaves_its_protocol_is_ended() -> None:
    engine = scripted("garbage later")
    with pytest.raises(APIConnectionError, match="has ended") as caught:
        await audio(engine, "one")
    assert caught.value.retryable
    await engine.aclose()


@pytest.mark.parametrize(
    ("fault", "message"), [("failure", "no such voice file"), ("nothing", "said nothing")]
)
async def test_a_text_that_cannot_be_spoken_is_not_tried_again(fault: str, message: str) -> None:
    engine = scripted(fault)
    with pytest.raises(APIConnectionError, match=message) as caught:
        await audio(engine, "one", AGAIN)
    assert not caught.value.retryable
    await engine.aclose()


async def test_the_probe_says_what_to_do_when_the_process_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = EspeakSpeech.__init__.__kwdefaults__
    monkeypatch.setattr(EspeakSpeech.__init__, "__kwdefaults__", usual | {"command": ("/no",)})
    with pytest.raises(EngineUnavailable, match="espeakng-loader"):
        await probe(Options())
    assert espeak.RATE_HZ == 22050
