"""What `rejoinder call` is told to say, and when."""

import re
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from livekit import rtc

from agent.caller.microphone import RATE_HZ, Pcm
from agent.errors import ConfigError

_INTERRUPT = re.compile(r"^(?P<file>.+)@(?P<after>\d+(\.\d+)?)$")


@dataclass(frozen=True, slots=True)
class Line:
    """One sound file of a call."""

    file: Path
    interrupt_after_s: float | None
    """Seconds into the agent's speech at which this line is spoken over it; None: after
    the agent has finished."""

    @classmethod
    def parse(cls, argument: str) -> "Line":
        """Read `FILE.wav` or `FILE.wav@SECONDS`."""
        match = None if Path(argument).is_file() else _INTERRUPT.match(argument)
        if match is None:
            return cls(Path(argument), None)
        return cls(Path(match["file"]), float(match["after"]))


def read_wav(path: Path) -> Pcm:
    """A 16-bit WAV of any rate and channel count as float32 mono, 48 kHz; blocking.

    Raises:
        ConfigError: the file is missing or is not a 16-bit PCM WAV.
    """
    try:
        with wave.open(str(path)) as wav:
            rate, channels, width = wav.getframerate(), wav.getnchannels(), wav.getsampwidth()
            raw = wav.readframes(wav.getnframes())
    except (OSError, wave.Error, EOFError) as error:
        raise ConfigError(f"{path} cannot be played: {error}") from error
    if width != 2:
        raise ConfigError(f"{path} has {8 * width}-bit samples; convert it to 16-bit PCM")
    pcm = np.frombuffer(raw, "<i2").reshape(-1, channels).mean(axis=1).astype("<i2")
    if rate != RATE_HZ:
        resampler = rtc.AudioResampler(rate, RATE_HZ, quality=rtc.AudioResamplerQuality.HIGH)
        frames = resampler.push(rtc.AudioFrame(pcm.tobytes(), rate, 1, len(pcm)))
        frames += resampler.flush()
        pcm = np.concatenate([np.frombuffer(f.data, "<i2") for f in frames])
    return np.asarray(pcm / np.float32(32768), np.float32)
