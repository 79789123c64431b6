"""The model as the server sees it: it says a piece of text in the voice of a recording."""

import contextlib
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reference:
    """A recording that was found good, and what is said in it."""

    path: Path
    """On this machine. Another recording has another path, whatever its name was."""
    text: str
    language: str
    """GPT-SoVITS's code, `zh` or `all_zh`."""


@dataclass(frozen=True, slots=True)
class Saying:
    """One piece of text to be spoken."""

    text: str
    language: str
    """GPT-SoVITS's code; `auto`: found out."""
    reference: Reference
    speed: float = 1.0


class Voice(Protocol):
    """A loaded model on one device. `speak` runs in one thread at a time."""

    @property
    def rate_hz(self) -> int:
        """Samples a second of what it speaks."""

    @property
    def languages(self) -> frozenset[str]:
        """Codes that it knows."""

    @property
    def broken(self) -> str:
        """Why it will not speak again in this process; empty: it will."""

    def speak(self, saying: Saying, stop: threading.Event) -> Iterator[bytes]:
        """Yield s16le mono samples as they are made; blocks.

        Ends soon after `stop` is set, between two of what it yields.
        """


class Voices:
    """One model for each device, lent to one request at a time."""

    def __init__(self, voices: Sequence[Voice]) -> None:
        """Take loaded models, alike but for their device; at least one."""
        self._all = tuple(voices)
        self._free: queue.SimpleQueue[Voice] = queue.SimpleQueue()
        for voice in voices:
            self._free.put(voice)
        self.rate_hz = voices[0].rate_hz
        self.languages = voices[0].languages

    def __len__(self) -> int:
        return len(self._all)

    @property
    def broken(self) -> str:
        """Why one of them will not speak again; SageMaker then starts another container."""
        return next((voice.broken for voice in self._all if voice.broken), "")

    @contextlib.contextmanager
    def one(self) -> Iterator[Voice]:
        """A free one, for the length of the block; waits where there is none."""
        voice = self._free.get()
        try:
            yield voice
        finally:
            self._free.put(voice)
