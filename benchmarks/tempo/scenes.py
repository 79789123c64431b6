"""What is played to the turn taker: utterances, pauses, interruptions, short sounds, noises."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import RATE_HZ as EAR_HZ
from benchmarks.texts import longer_of, texts_of
from benchmarks.voices import RATE_HZ, Spoken, available, noise, pause, speak
from testbed.telephone import PCMU, Line

Kind = Literal["turn", "pause", "barge_in", "backchannel", "stop", "noise"]
Condition = Literal["clean", "noise -60 dBFS", "telephone"]

OVER_AGENT: tuple[Kind, ...] = ("barge_in", "backchannel", "stop", "noise")
"""The agent speaks when it begins."""
BEFORE_S, AFTER_S = 1.0, 3.2
PAUSES_S = (0.4, 0.7, 1.0)
_FLOOR_DBFS = -60.0
_LINE_S = 0.015
"""What a telephone line takes."""


@dataclass(frozen=True)
class Scene:
    """One sound of the caller. Seconds from the first sample of `pcm`."""

    kind: Kind
    voice: str
    condition: Condition
    spoken: Spoken

    @cached_property
    def key(self) -> str:
        """Names the sound."""
        digest = hashlib.sha256(self.pcm.tobytes()).hexdigest()[:24]
        return digest

    @property
    def first(self) -> float:
        """First voiced sample."""
        return BEFORE_S + self._late + self.spoken.first

    @property
    def last(self) -> float:
        """Last voiced sample."""
        return BEFORE_S + self._late + self.spoken.last

    @property
    def words(self) -> list[tuple[str, float]]:
        """Each word and when its last sound ends."""
        return [(word, BEFORE_S + self._late + end) for word, end in self.spoken.words]

    @cached_property
    def pcm(self) -> NDArray[np.int16]:
        """16 kHz mono, with what comes before and after."""
        before, after = (np.zeros(round(s * RATE_HZ), np.float32) for s in (BEFORE_S, AFTER_S))
        whole = np.concatenate([before, self.spoken.pcm, after])
        whole = whole[: len(whole) // 480 * 480]
        if self.condition == "telephone":
            whole = Line(PCMU, rate_hz=RATE_HZ)(whole)
        narrow = _at_ear(whole)
        if self.condition != "clean":
            random = np.random.default_rng(7)
            narrow = narrow + random.standard_normal(len(narrow)) * 10 ** (_FLOOR_DBFS / 20)
        return np.clip(np.round(narrow * 32767), -32768, 32767).astype(np.int16)

    @property
    def _late(self) -> float:
        return _LINE_S if self.condition == "telephone" else 0.0


def _at_ear(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    length = round(len(samples) * EAR_HZ / RATE_HZ)
    spectrum = np.fft.rfft(samples)[: length // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, length) * (length / len(samples)))


def scenes(voices: Sequence[str], *, longer: bool, conditions: Sequence[Condition]) -> list[Scene]:
    """All of some voices, those that are missing here left out; conditions in turn."""
    found = []
    for voice in voices:
        if available(voice):
            found += list(_of(voice, longer=longer, conditions=conditions))
    return found


def _of(voice: str, *, longer: bool, conditions: Sequence[Condition]) -> Iterator[Scene]:
    texts = texts_of(voice)

    def said(text: str) -> Spoken:
        return speak(text, voice=voice)

    pauses = [
        pause([said(head), said(tail)], pause_s=pause_s)
        for head, tail in texts.unfinished
        for pause_s in PAUSES_S
    ]
    sounds: list[tuple[Kind, Sequence[Spoken]]] = [
        ("turn", [said(t) for t in (*texts.questions, *(longer_of(voice) if longer else ()))]),
        ("pause", pauses),
        ("barge_in", [said(t) for t in texts.interruptions]),
        ("backchannel", [said(t) for t in texts.backchannels]),
        ("stop", [said(t) for t in texts.stops]),
        ("noise", [noise(kind) for kind in ("cough", "click", "burst")]),
    ]
    for kind, spoken in sounds:
        for number, sound in enumerate(spoken):
            yield Scene(kind, voice, conditions[number % len(conditions)], sound)
