"""hibari: one English voice whose model is part of its package. Everything here blocks.

Its other voices would be downloaded by the package itself, unpinned: they are not offered.

Source: the package's own hibari/tts.py.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator

import numpy as np
from hibari import Hibari
from numpy.typing import NDArray

from model_servers.tts.pcm import Samples
from model_servers.tts.pieces import USUAL
from model_servers.tts.settings import DEFAULT_VOICE

_VOICE = "heart"
"""The package's name for the voice that it brings."""
_MARKS = frozenset(' ;:,.!?…—"“”()')
"""Phonemes without a sound of their own: alone they become a third of a second of hiss."""
_SOUNDS = "](/"
"""`[text](/phonemes/)` would be spoken as those phonemes; other links lose their address."""

_LOUDER, _LOUDEST = 2.2, 0.99
"""By what the samples are multiplied, to be as loud as Piper's, and what no sample exceeds."""
_QUIET = 0.003
_BEFORE_S, _AFTER_S = 0.03, 0.15
"""Silence that is left of 0.30 and 0.44 s around every sentence: as much as Piper has. A caller
waits for what comes before; sentences run into each other without what comes after."""
_SEED = 0
"""The same text has the same samples."""


class HibariSpeaker:
    """The voice, loaded at its first use. May speak in several threads at the same time."""

    name = DEFAULT_VOICE
    engine = "hibari"
    language = "en-US"
    rate_hz = 24000
    lengths = USUAL

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hibari: Hibari | None = None

    def speak(self, text: str, *, speed: float, stop: threading.Event) -> Iterator[Samples]:
        """Yield int16 mono samples at `rate_hz`, a block for each sentence.

        `stop` is looked at between sentences: one in the making takes about a hundredth of its
        length. Above 2, `speed` shortens less than it says.
        """
        hibari = self._loaded()
        noise = np.random.default_rng(_SEED)
        for phonemes in _read(hibari, text):
            if stop.is_set():
                return
            if not _MARKS.issuperset(phonemes):
                yield _samples(hibari.from_ids(hibari.ids(phonemes), speed, noise))

    def _loaded(self) -> Hibari:
        with self._lock:
            if self._hibari is None:
                # One thread: it is quicker than anybody can listen, and callers share the cores.
                hibari = Hibari(voice=_VOICE, threads=1)
                # The parts that it would load at their first use, in whichever thread that is.
                hibari.g2p.oov("a")
                self._hibari = hibari
            return self._hibari


def _read(hibari: Hibari, text: str) -> list[str]:
    """The phonemes of each sentence."""
    try:
        return list(hibari.phonemize(text.replace(_SOUNDS, "] (/")))
    except (IndexError, KeyError, TypeError, ValueError):
        # Its rules fail at rare things, such as "①" or a number of forty digits.
        return list(hibari.phonemize(_plain(text)))


def _plain(text: str) -> str:
    """A text's letters, spelled digits and ends of sentences."""
    latin = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    spelled = re.sub(r"(?<=\d)(?=\d)", " ", latin)
    return re.sub(r"[^A-Za-z0-9'.,?! ]|\.(?=\S)", " ", spelled)


def _samples(sound: NDArray[np.float32]) -> Samples:
    loud = np.flatnonzero(np.abs(sound) > _QUIET)
    if len(loud) == 0:
        return np.zeros(0, np.int16)
    begin = max(0, int(loud[0]) - int(_BEFORE_S * HibariSpeaker.rate_hz))
    heard = sound[begin : int(loud[-1]) + int(_AFTER_S * HibariSpeaker.rate_hz)]
    gain = min(_LOUDER, _LOUDEST / float(np.abs(heard).max()))
    return (heard * (gain * 32767)).astype(np.int16)
