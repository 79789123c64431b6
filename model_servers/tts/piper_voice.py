"""A Piper voice: text in, samples out, a sentence at a time. Everything here blocks.

Piper is GPL-3.0; this module is the only one that imports it.
"""

import importlib.util
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from piper import PiperVoice, SynthesisConfig
from piper.config import PiperConfig

from model_servers.serving.errors import StartError
from model_servers.tts.onnx_session import open_session
from model_servers.tts.pcm import Samples
from model_servers.tts.pieces import USUAL
from model_servers.tts.settings import SpeechSettings

_PHONEMIZERS = {
    "pinyin": ("unicode_rbnf", "zh"),
    "japanese": ("pyopenjtalk", "ja"),
    "thai": ("tltk", "th"),
}
"""Kinds of phonemes that need further packages: a module of theirs, Piper's extra."""
_BRACKET = re.compile(r"\[(?=\[)")


class PiperSpeaker:
    """One voice, loaded at its first use. May speak in several threads at the same time.

    Attributes:
        name: file name without its extension.
        language: tag, for example `en-US`.
        rate_hz: of its samples.

    Raises:
        StartError: its configuration cannot be read, or it needs a package that is missing.
    """

    engine = "piper"
    lengths = USUAL

    def __init__(self, name: str, model: Path, settings: SpeechSettings) -> None:
        path = model.with_name(model.name + ".json")
        try:
            self._configuration: dict[str, Any] = json.loads(path.read_text("utf-8"))
            self.rate_hz = int(self._configuration["audio"]["sample_rate"])
            language = self._configuration.get("language", {})
            kind = self._configuration.get("phoneme_type", "espeak")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StartError(f"{path} is not the configuration of a Piper voice") from error
        module, extra = _PHONEMIZERS.get(kind, ("piper", ""))
        if importlib.util.find_spec(module) is None:
            raise StartError(f"the voice {name} needs `uv pip install 'piper-tts[{extra}]'`")
        self.name = name
        self.language = str(language.get("code") or name.partition("-")[0]).replace("_", "-")
        self._model = model
        self._settings = settings
        self._lock = threading.Lock()
        self._voice: PiperVoice | None = None

    def load(self) -> None:
        """Load the model if it is not; the first sentence is slow without it.

        Raises:
            StartError: the model cannot be loaded.
        """
        self._loaded()

    def speak(self, text: str, *, speed: float, stop: threading.Event) -> Iterator[Samples]:
        """Yield int16 mono samples at `rate_hz`, a block for each sentence.

        A sentence in the making cannot be stopped; `stop` is looked at between them.
        """
        voice = self._loaded()
        how = SynthesisConfig(length_scale=voice.config.length_scale / speed)
        # Piper reads [[…]] as phonemes.
        for chunk in voice.synthesize(_BRACKET.sub("[ ", text), how):
            if stop.is_set():
                return
            yield chunk.audio_int16_array

    def _loaded(self) -> PiperVoice:
        with self._lock:
            if self._voice is None:
                self._voice = self._load()
            return self._voice

    def _load(self) -> PiperVoice:
        session = open_session(self._model, self._settings)
        try:
            configuration = PiperConfig.from_dict(self._configuration)
        except Exception as error:  # noqa: BLE001  (whatever a malformed one leads to)
            raise StartError(
                f"the voice {self.name} cannot be loaded ({type(error).__name__}); "
                f"check {self._model} and its .json file"
            ) from error
        return PiperVoice(config=configuration, session=session, download_dir=self._model.parent)
