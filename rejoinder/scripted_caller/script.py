"""What `rejoinder call` is told to say, and when."""

import re
from dataclasses import dataclass
from pathlib import Path

import miniaudio
import numpy as np

from agent.errors import ConfigError
from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm

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


def read_sound(path: Path) -> Pcm:
    """A WAV, FLAC, MP3 or Ogg Vorbis file as float32 mono, 48 kHz; blocking.

    Raises:
        ConfigError: the file is missing, is of another kind, or holds no sound.
    """
    try:
        file = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    try:
        sound = miniaudio.decode(
            file, output_format=miniaudio.SampleFormat.FLOAT32, nchannels=1, sample_rate=RATE_HZ
        )
    except miniaudio.MiniaudioError as error:
        raise ConfigError(
            f"{path} cannot be played: it is no WAV, FLAC, MP3 or Ogg Vorbis file; convert it, for "
            "example with `ffmpeg -i IN OUT.wav`"
        ) from error
    if not sound.num_frames:
        raise ConfigError(f"{path} holds no sound")
    return np.frombuffer(sound.samples, np.float32)
