"""Kokoro-82M: one model, 54 voices, nine languages. Everything here blocks.

A voice is a table of styles, one for each length of text in phonemes.

Source: https://github.com/thewh1teagle/kokoro-onnx (inputs, styles by length); the model card of
hexgrad/Kokoro-82M.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_servers.serving.errors import StartError
from model_servers.tts.kokoro_phonemes import Phonemize
from model_servers.tts.onnx_session import first_output, open_session
from model_servers.tts.pcm import Samples
from model_servers.tts.pieces import Lengths
from model_servers.tts.settings import SpeechSettings

RATE_HZ = 24000
MOST_PHONEMES = 510
_STYLE = 256
_EDGE = 0
"""Stands before and after a text's phonemes."""
_QUIET = 0.003
_BEFORE_S, _AFTER_S = 0.02, 0.12
"""Silence that is left of the third of a second that the model puts around everything: a caller
waits for what comes before, and sentences run into each other without what comes after."""

LANGUAGES: Mapping[str, tuple[str, str]] = {
    "a": ("en-US", "en-us"),
    "b": ("en-GB", "en-gb"),
    "e": ("es-ES", "es"),
    "f": ("fr-FR", "fr-fr"),
    "h": ("hi-IN", "hi"),
    "i": ("it-IT", "it"),
    "j": ("ja-JP", "ja"),
    "p": ("pt-BR", "pt-br"),
    "z": ("zh-CN", "cmn"),
}
"""First letter of a voice's name: its language as a tag, and as espeak-ng calls it."""


class Kokoro:
    """The model, loaded at its first use; shared by all its voices.

    Args:
        model: ONNX file.
        symbols: number of each phoneme.
        settings: where it runs.
        readers: what reads each language that is spoken, by espeak-ng's name for it.
    """

    def __init__(
        self,
        model: Path,
        symbols: Mapping[str, int],
        settings: SpeechSettings,
        readers: Mapping[str, Phonemize],
    ) -> None:
        self._model = model
        self._symbols = symbols
        self._settings = settings
        self._readers = readers
        self._lock = threading.Lock()
        self._session: Any = None

    def numbers(self, text: str, language: str) -> list[int]:
        """A text's phonemes as the model knows them; others are left out."""
        said = self._readers[language](text)
        return [self._symbols[symbol] for symbol in said if symbol in self._symbols]

    def speak(
        self,
        numbers: list[int],
        styles: NDArray[np.float32],
        speed: float,
        stop: threading.Event,
    ) -> Samples | None:
        """The sound of at most MOST_PHONEMES phonemes: int16, mono, at RATE_HZ.

        None when `stop` was set meanwhile.
        """
        session = self._loaded()
        values: dict[str, Any] = {
            "style": styles[min(len(numbers), len(styles) - 1)][None],
            "speed": np.array([speed], np.float32),
        }
        feed: dict[str, Any] = {}
        for node in session.get_inputs():
            value = values.get(node.name)
            if value is None:  # `tokens` or `input_ids`, by whoever exported it
                value = np.array([[_EDGE, *numbers, _EDGE]], np.int64)
            feed[node.name] = value
        found = first_output(session, feed, stop)
        if found is None:
            return None
        sound = np.asarray(found, np.float32).reshape(-1)
        return (np.clip(_trimmed(sound), -1, 1) * 32767).astype(np.int16)

    def _loaded(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = open_session(self._model, self._settings)
            return self._session


class KokoroSpeaker:
    """One voice. May speak in several threads at the same time.

    Attributes:
        name: for example `af_heart`; its first letter is the language.
        language: tag.
    """

    engine = "kokoro"
    lengths = Lengths(first=30, most=80)
    """It takes half as long to make speech as to hear it, on two cores."""
    rate_hz = RATE_HZ

    def __init__(self, name: str, kokoro: Kokoro, style_file: Path) -> None:
        self.name = name
        self.language, self._reads = LANGUAGES[name[0]]
        self._kokoro = kokoro
        self._file = style_file
        self._lock = threading.Lock()
        self._styles: NDArray[np.float32] | None = None

    def speak(self, text: str, *, speed: float, stop: threading.Event) -> Iterator[Samples]:
        """Yield int16 mono samples at RATE_HZ; ends soon after `stop`."""
        numbers = self._kokoro.numbers(text, self._reads)
        for begin in range(0, len(numbers), MOST_PHONEMES):
            if stop.is_set():
                return
            part = numbers[begin : begin + MOST_PHONEMES]
            sound = self._kokoro.speak(part, self._loaded(), speed, stop)
            if sound is None:
                return
            yield sound

    def _loaded(self) -> NDArray[np.float32]:
        with self._lock:
            if self._styles is None:
                self._styles = np.fromfile(self._file, "<f4").reshape(-1, _STYLE)
            return self._styles


def read_symbols(path: Path) -> dict[str, int]:
    """The numbers of phonemes: Kokoro's config.json, a tokenizer.json, or the table alone.

    Raises:
        StartError: it is none of these.
    """
    try:
        found = json.loads(path.read_text("utf-8"))
        found = found.get("model", found)
        table = {str(symbol): int(number) for symbol, number in found.get("vocab", found).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise StartError(f"{path} is not the table of Kokoro's phonemes") from error
    return table


def _trimmed(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    loud = np.flatnonzero(np.abs(sound) > _QUIET)
    if len(loud) == 0:
        return sound
    begin = max(0, int(loud[0]) - int(_BEFORE_S * RATE_HZ))
    return sound[begin : int(loud[-1]) + int(_AFTER_S * RATE_HZ)]
