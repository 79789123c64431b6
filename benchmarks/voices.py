"""Utterances for the benchmarks: several real voices, two languages, when each word ends.

    utterance = speak("How do I start the demo?", voice="flite:slt")

Piper's packaged English voice, flite's and espeak-ng's voices, Kokoro's where its weights are
(`kokoro:af_heart`), and people: `human:es` says the sentences of `benchmarks.prompts`. What was
spoken once is kept in the cache folder. Blocks.
"""

import asyncio
import hashlib
import shutil
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.audio import pcm
from agent.playout.alignment import align, levels
from agent.wording.parts import plain
from benchmarks import prompts
from rejoinder.scripted_caller.hearing import voiced_span
from testbed.speech import say

RATE_HZ = 48000
LEVEL_DBFS = -20.0
"""Level of the loudest 300 ms: all voices are equally loud."""
_CACHE = Path(".cache") / "benchmark-speech"
_KOKORO = Path.home() / ".cache" / "rejoinder-weights" / "kokoro"

Pcm = NDArray[np.float32]


@dataclass(frozen=True)
class Spoken:
    """One utterance. Times are seconds from the first sample of `pcm`."""

    text: str
    voice: str
    pcm: Pcm
    """float32 mono, 48 kHz."""
    words: tuple[tuple[str, float], ...]
    """Each word and when its last sound ends."""
    first: float
    """First voiced sample."""
    last: float
    """Last voiced sample."""


def available(voice: str) -> bool:
    """Whether a voice can speak here: flite is a program, people's prompts are fetched."""
    engine, _, name = voice.partition(":")
    if engine == "human":
        return bool(prompts.prompts(name))
    if engine == "kokoro":
        return (_KOKORO / "voices" / f"{name}.bin").is_file()
    return engine != "flite" or shutil.which("flite") is not None


@lru_cache(maxsize=256)
def speak(text: str, *, voice: str = "piper") -> Spoken:
    """Speak a text: `piper`, `flite:NAME`, `espeak:NAME`, `kokoro:NAME`, or a `human:LANGUAGE`."""
    return _placed(text, voice, _normal(_samples(text, voice)))


def placed(text: str, voice: str, samples: Pcm, *, rate_hz: int) -> Spoken:
    """An utterance of samples that somebody else made: float32 mono at `rate_hz`."""
    return _placed(text, voice, _normal(_resampled(samples, rate_hz)))


def pause(parts: list[Spoken], *, pause_s: float) -> Spoken:
    """One utterance with silences of `pause_s` between the voiced parts."""
    pieces: list[Pcm] = []
    words: list[tuple[str, float]] = []
    at = 0.0
    for number, part in enumerate(parts):
        start = part.first if number else 0.0
        stop = part.last if number < len(parts) - 1 else len(part.pcm) / RATE_HZ
        piece = part.pcm[round(start * RATE_HZ) : round(stop * RATE_HZ)]
        words += [(word, at + end - start) for word, end in part.words]
        pieces.append(piece)
        at += len(piece) / RATE_HZ
        if number < len(parts) - 1:
            pieces.append(np.zeros(round(pause_s * RATE_HZ), np.float32))
            at += pause_s
    whole = np.concatenate(pieces)
    first, last = voiced_span(whole)
    text = " ".join(part.text for part in parts)
    return Spoken(text, parts[0].voice, whole, tuple(words), first, last)


def noise(kind: str) -> Spoken:
    """A sound without words: `cough`, `click` or `burst` (150 ms of white noise)."""
    random = np.random.default_rng(3)
    if kind == "click":
        samples = np.zeros(round(0.02 * RATE_HZ))
        samples[:240] = random.standard_normal(240) * np.exp(-np.arange(240) / 40)
    elif kind == "burst":
        samples = random.standard_normal(round(0.15 * RATE_HZ))
    else:
        # Two bursts of low noise with a fast attack and a slow decay.
        t = np.arange(round(0.16 * RATE_HZ)) / RATE_HZ
        shape = np.minimum(t / 0.008, 1.0) * np.exp(-t / 0.05)
        raw = np.convolve(random.standard_normal(len(t)), np.ones(24) / 24, "same")
        samples = np.concatenate([raw * shape, np.zeros(round(0.06 * RATE_HZ)), raw * shape * 0.7])
    loud = samples.astype(np.float32)
    loud *= np.float32(0.25 / np.abs(loud).max())
    first, last = voiced_span(loud)
    return Spoken("", kind, loud, (), first, last)


def _samples(text: str, voice: str) -> Pcm:
    engine, _, name = voice.partition(":")
    if engine == "piper":
        return say(text, rate_hz=RATE_HZ)
    if engine == "human":
        said = next(prompt for prompt in prompts.prompts(name) if prompt.text == text)
        return _resampled(prompts.samples(said), prompts.RATE_HZ)
    key = hashlib.sha256(f"{voice}\n{text}".encode()).hexdigest()[:24]
    kept = _CACHE / f"{key}.wav"
    if not kept.is_file():
        _CACHE.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(_ENGINES[engine](text, name))
    samples, rate_hz = pcm.from_wav(kept.read_bytes())
    return _resampled(samples, rate_hz)


def _flite(text: str, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "speech.wav"
        subprocess.run(["flite", "-voice", name, "-t", text, "-o", str(target)], check=True)
        return target.read_bytes()


def _espeak(text: str, name: str) -> bytes:
    from agent.tts.espeak import engine as espeak_engine
    from agent.tts.espeak.options import Options as EspeakOptions

    async def spoken() -> bytes:
        engine = espeak_engine.build(EspeakOptions(voice=name, rate_wpm=150))
        raw = b""
        async with engine.synthesize(text) as stream:
            async for audio in stream:
                raw += bytes(audio.frame.data)
        await engine.aclose()
        return pcm.to_wav(pcm.from_s16le(raw), rate_hz=espeak_engine.RATE_HZ)

    return asyncio.run(spoken())


def _kokoro(text: str, name: str) -> bytes:
    speaker = _kokoro_voices()[name]
    blocks = list(speaker.speak(text, speed=1.0, stop=threading.Event()))
    samples = np.concatenate(blocks).astype(np.float32) / 32768
    return pcm.to_wav(samples, rate_hz=speaker.rate_hz)


@lru_cache(maxsize=1)
def _kokoro_voices() -> dict[str, Any]:
    from model_servers.tts import espeak, kokoro_weights
    from model_servers.tts.settings import SpeechSettings

    settings = SpeechSettings(kokoro=str(_KOKORO), cpu_threads=1)
    return dict(kokoro_weights.find(settings, espeak.library(), lambda text: None))


_ENGINES = {"flite": _flite, "espeak": _espeak, "kokoro": _kokoro}


def _resampled(samples: Pcm, rate_hz: int) -> Pcm:
    length = round(len(samples) * RATE_HZ / rate_hz)
    spectrum = np.fft.rfft(samples)
    out = np.fft.irfft(spectrum, length) * (length / len(samples))
    return np.clip(out, -1.0, 1.0).astype(np.float32)


def _normal(samples: Pcm) -> Pcm:
    size = round(0.3 * RATE_HZ)
    powers = [float(np.mean(samples[at : at + size] ** 2)) for at in range(0, len(samples), size)]
    gain = 10 ** (LEVEL_DBFS / 20) / max(1e-6, max(powers) ** 0.5)
    return np.clip(samples * np.float32(gain), -1, 1).astype(np.float32)


def _placed(text: str, voice: str, samples: Pcm) -> Spoken:
    first, last = voiced_span(samples)
    inside = samples[round(first * RATE_HZ) : round(last * RATE_HZ)]
    curve = levels((inside * 32767).astype(np.int16), rate_hz=RATE_HZ)
    words = [
        (w.text.strip(), w.end_s)
        for w in align(plain(text), curve, start_s=first)
        if w.text.strip()
    ]
    if words:
        words[-1] = (words[-1][0], last)
    return Spoken(text, voice, samples, tuple(words), first, last)
