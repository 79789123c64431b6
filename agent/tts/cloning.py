"""An engine that speaks like a recording it is given at run time; its connections stay shared."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from livekit.agents import tts

from agent.tts.cloned_voices import ClonedVoice, Recording, VoicesFile

_NAME = "a participant's"
"""Of a voice that is in no file: what it is called where engines are named."""


@dataclass(frozen=True, slots=True)
class VoiceSample:
    """A person's speech. It is kept in memory alone."""

    wav: bytes = field(repr=False)
    """A whole WAV file, mono, 16 bit."""
    text: str = field(repr=False)
    """What is said in it, word by word."""
    language: str
    """Its language, BCP-47; empty: not known."""
    length_s: float


@runtime_checkable
class Cloner(Protocol):
    """An engine that may be able to do so."""

    @property
    def clones(self) -> bool:
        """Whether it can, as it is set."""

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> tts.TTS[Any]:
        """The same engine, speaking like `sample`; closing it leaves this one open.

        Args:
            sample: is sent with each text, and referred to by what is returned alone.
            language: that it will speak, BCP-47; mostly another one than the sample's.
            speed: factor on the speed that it is set to.
        """


def clones(engine: tts.TTS[Any]) -> bool:
    """Whether an engine can speak like a recording that it is given."""
    return isinstance(engine, Cloner) and engine.clones


def like(
    engine: tts.TTS[Any], sample: VoiceSample, *, language: str, speed: float = 1.0
) -> tts.TTS[Any]:
    """`engine`, speaking like `sample`.

    Raises:
        TypeError: it cannot; see `clones`.
    """
    if not (isinstance(engine, Cloner) and engine.clones):
        raise TypeError("this engine speaks like no recording that it is given")
    return engine.like(sample, language=language, speed=speed)


def as_file(sample: VoiceSample) -> tuple[VoicesFile, dict[str, Recording]]:
    """A voices file that has this voice alone, as if it had been read, and its recording."""
    recording = Recording("participant.wav", sample.wav, sample.length_s)
    voice = ClonedVoice(audio=recording.name, text=sample.text, language=sample.language)
    return VoicesFile(Path(), {_NAME: voice}, {}), {_NAME: recording}
