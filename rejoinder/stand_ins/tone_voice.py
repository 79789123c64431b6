"""A voice whose every word is a tone of its own, so that a recording tells which were heard."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rejoinder.stand_ins import tones


class Speech(Protocol):
    """A voice that says words, for stand-ins that a person listens to."""

    async def __call__(self, text: str, *, voice: str, rate_hz: int, speed: float) -> bytes:
        """A text as s16le mono samples; an empty `voice` is the usual one."""


@dataclass(kw_only=True)
class ToneVoice:
    """Keeps which word has which tone."""

    vocabulary: list[str] = field(default_factory=list)
    """Spoken words in order of first use; their index is their tone."""
    speech: Speech | None = None
    """Says texts in place of the tones."""

    async def spoken(
        self, text: str, *, voice: str = "", rate_hz: int, speed: float = 1.0
    ) -> bytes:
        """A text as s16le mono samples; slower is longer, and its tones are deeper.

        A `voice` has words of its own: `anna:hello`.
        """
        if self.speech is not None:
            return await self.speech(text, voice=voice, rate_hz=rate_hz, speed=speed)
        accent = f"{voice}:" if voice else ""
        return tones.speak(self.spoken_words(text, accent=accent), rate_hz=int(rate_hz / speed))

    def said_at_once(self, text: str) -> list[str]:
        """The parts that a text is said in, one after the other: words, or all of it."""
        return text.split() if self.speech is None else [text]

    def spoken_words(self, text: str, *, accent: str = "") -> Sequence[int]:
        """Indices of the words of a text, adding new ones to the vocabulary."""
        indices = []
        for word in re.findall(r"[\w']+", text.lower()):
            word = f"{accent}{word}"
            if word not in self.vocabulary:
                self.vocabulary.append(word)
            indices.append(self.vocabulary.index(word))
        return indices

    def heard_words(self, pcm: np.ndarray, *, rate_hz: int) -> list[tuple[str, float, float]]:
        """Words in a recording of this voice: (word, start s, length s)."""
        return [
            (self.vocabulary[i] if i < len(self.vocabulary) else "?", start, length)
            for i, start, length in tones.heard(pcm, rate_hz=rate_hz)
        ]
