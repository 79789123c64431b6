"""The Whisper model: from an uploaded file to segments of text. Everything here blocks.

How soon a transcription stops: before each 30 s window is encoded, before it is decoded
into text, and between segments. What runs in between cannot be broken off; for one
utterance that is most of its time (about 0.3 s for tiny.en on two CPU cores).
"""

import contextlib
import math
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from model_servers.serving.decode import RATE_HZ, Samples, decode
from model_servers.serving.errors import BadRequest, Unclear
from model_servers.whisper.faster import VadOptions, WhisperModel, get_speech_timestamps
from model_servers.whisper.languages import DETECT, accepts, is_tag, whisper_code
from model_servers.whisper.settings import PREFIX, WhisperSettings
from model_servers.whisper.transcript import Heard, Piece, Word
from model_servers.whisper.wish import Wish

WINDOW_S = 30.0
"""Length of audio that Whisper's encoder sees at once."""

_FIT_LEAST_S, _FIT_MARGIN_S, _FIT_LONGEST_S = 12.0, 3.0, 20.0
"""window=fit: the smallest window and the least silence after the audio, without which the
model tends to repeat itself; and the longest audio for which a smaller window pays."""
ONE_SENTENCE_S = 6.0
"""Longer utterances are decoded with time stamps: without them tiny.en sometimes ends after the
second sentence of four, with them the decoding goes on from the last one."""

_TOKENS_PER_S, _LEAST_TOKENS, _MOST_TOKENS = 32, 24, 216
"""No language needs more tokens a second; a model that repeats itself would fill its 448.
The last leaves room for the longest prompt, and from there on the model's own limit holds."""

_SILENCE_PEAK = 1e-4
"""-80 dBFS: digital silence with dither."""
_SPEECH_PROBABILITY = 0.3
"""Lower than a turn detector's: here a miss costs words, a false alarm some time."""


class _Stopped(Exception):
    """Nobody waits for this transcription any more."""


class StoppableWhisper(WhisperModel):  # type: ignore[misc]
    """faster-whisper's model, which looks at the request's stop event between its steps."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.call = threading.local()

    def encode(self, features: Any) -> Any:
        self._check()
        frames = getattr(self.call, "frames", None)
        return super().encode(features if frames is None else features[..., :frames])

    def generate_with_fallback(self, *args: Any, **kwargs: Any) -> Any:
        self._check()
        return super().generate_with_fallback(*args, **kwargs)

    def _check(self) -> None:
        stop = getattr(self.call, "stop", None)
        if stop is not None and stop.is_set():
            raise _Stopped


@dataclass(frozen=True, slots=True)
class Recogniser:
    """A loaded model. `transcribe` may run in several threads at the same time."""

    name: str
    device: str
    compute_type: str
    languages: frozenset[str]
    settings: WhisperSettings
    whisper: StoppableWhisper

    def check(self, wish: Wish) -> None:
        """Whether this model can do what is asked.

        Raises:
            BadRequest: it cannot, or the language is not one; says which setting to change.
        """
        english_only = not self.whisper.model.is_multilingual
        if wish.task == "translate" and english_only:
            raise BadRequest(
                f"the model {self.name} understands English only and cannot translate: start "
                f"the server with a multilingual model, for example --model small "
                f"({PREFIX}MODEL=small)",
                param="model",
                code="english_only_model",
            )
        tag = wish.language or self.settings.language
        if accepts(tag, self.languages):
            return
        if not is_tag(tag):
            raise BadRequest(
                f"language must be a code such as en or zh, not {tag!r}", param="language"
            )
        if english_only:
            raise BadRequest(
                f"the model {self.name} understands English only, not {tag!r}: start the server "
                f"with a multilingual model, for example --model small ({PREFIX}MODEL=small)",
                param="language",
                code="english_only_model",
            )
        raise BadRequest(
            f"the model {self.name} does not know the language {tag!r}", param="language"
        )

    def transcribe(
        self, upload: bytes, wish: Wish, stop: threading.Event
    ) -> Iterator[Piece | Heard]:
        """Yield pieces of text as they are recognised, then one `Heard`.

        Args:
            upload: an audio file.
            wish: what is asked, as `check` accepts it.
            stop: set when nobody waits any more; the iterator then ends early.

        Raises:
            BadRequest: the file cannot be decoded or is too long.
            Unclear: `wish` is for an interim text and there are no words to rely on.
        """
        began = time.perf_counter()
        samples = decode(upload, max_audio_s=self.settings.max_audio_s, stop=stop)
        duration_s = len(samples) / RATE_HZ
        language = self._language(wish)
        probability = 1.0
        if not self._is_silent(samples):
            try:
                with _stoppable(self.whisper.call, stop):
                    segments, info = self._run(samples, wish, language)
                    language, probability = info.language, float(info.language_probability)
                    segments = iter(segments)
                # Between two segments the thread may serve another request.
                while (segment := self._next(segments, stop)) is not None:
                    if not self._is_hallucination(segment):
                        yield _piece(segment)
            except _Stopped:
                return
        yield Heard(
            duration_s=duration_s,
            language=language or "en",
            language_probability=probability,
            work_s=time.perf_counter() - began,
        )

    def _next(self, segments: Iterator[Any], stop: threading.Event) -> Any:
        with _stoppable(self.whisper.call, stop):
            return next(segments, None)

    def _language(self, wish: Wish) -> str | None:
        tag = wish.language or self.settings.language
        if not self.whisper.model.is_multilingual:
            return "en"
        return None if tag.lower() in DETECT else whisper_code(tag, self.languages)

    def _is_silent(self, samples: Samples) -> bool:
        """Whether the model can be spared: it invents words when nobody speaks."""
        if len(samples) == 0 or float(np.abs(samples).max()) < _SILENCE_PEAK:
            return True
        if not self.settings.speech_gate or len(samples) > WINDOW_S * RATE_HZ:
            return False
        options = VadOptions(threshold=_SPEECH_PROBABILITY, min_speech_duration_ms=0)
        return not get_speech_timestamps(samples, options)

    def _is_hallucination(self, segment: Any) -> bool:
        settings = self.settings
        silent = segment.no_speech_prob > settings.no_speech_threshold
        doubtful = segment.avg_logprob < settings.log_prob_threshold
        repeats = segment.compression_ratio > settings.compression_ratio_threshold
        return bool((silent and doubtful) or repeats)

    def _run(self, samples: Samples, wish: Wish, language: str | None) -> tuple[Any, Any]:
        """Segments, in whose iteration the work happens, and language information."""
        duration_s = len(samples) / RATE_HZ
        options = self._options(wish, language, duration_s)
        fit = self.settings.window == "fit" or wish.priority == "interim"
        if fit and duration_s <= _FIT_LONGEST_S:
            # Features are 10 ms apart; the encoder halves them, so their number is even.
            window_s = max(_FIT_LEAST_S, duration_s + _FIT_MARGIN_S)
            self.whisper.call.frames = math.ceil(window_s * 50) * 2
            try:
                segments, info = self.whisper.transcribe(samples, **options)
                found = list(segments)
            finally:
                self.whisper.call.frames = None
            if not self._is_doubtful(found, options["max_new_tokens"]):
                return found, info
            if wish.priority == "interim":
                # A second look takes four times as long, and a final request may be waiting.
                raise Unclear
        result: tuple[Any, Any] = self.whisper.transcribe(samples, **options)
        return result

    def _is_doubtful(self, segments: list[Any], most_tokens: int | None) -> bool:
        tokens = sum(len(s.tokens) for s in segments)
        return (
            not segments
            or (most_tokens is not None and tokens >= most_tokens)
            or any(s.avg_logprob < self.settings.log_prob_threshold for s in segments)
            or any(self._is_hallucination(s) for s in segments)
            or _repeats("".join(s.text for s in segments))
        )

    def _options(self, wish: Wish, language: str | None, duration_s: float) -> dict[str, Any]:
        return {
            "task": wish.task,
            "language": language,
            "beam_size": self.settings.beam_size,
            "temperature": wish.temperature,
            "initial_prompt": wish.prompt or None,
            "word_timestamps": wish.words,
            "without_timestamps": not wish.timestamps and duration_s <= ONE_SENTENCE_S,
            "condition_on_previous_text": False,
            "max_new_tokens": token_limit(duration_s),
            "no_speech_threshold": self.settings.no_speech_threshold,
            "log_prob_threshold": self.settings.log_prob_threshold,
            "compression_ratio_threshold": self.settings.compression_ratio_threshold,
        }


def token_limit(duration_s: float) -> int | None:
    """The longest text of an utterance, tokens; None: the model's own limit."""
    limit = _LEAST_TOKENS + math.ceil(_TOKENS_PER_S * duration_s)
    return limit if limit < _MOST_TOKENS else None


@contextlib.contextmanager
def _stoppable(call: threading.local, stop: threading.Event) -> Iterator[None]:
    """Look at this event in what this thread does in the block."""
    call.stop = stop
    try:
        yield
    finally:
        call.stop = None


def _repeats(text: str) -> bool:
    """Whether a text is one phrase said twice or more, too short to compress well."""
    words = re.findall(r"\w+", text.lower())
    return any(words[n:] == words[:-n] for n in range(1, len(words) // 2 + 1))


def _piece(segment: Any) -> Piece:
    words = tuple(
        Word(text=w.word, start_s=float(w.start), end_s=float(w.end)) for w in segment.words or ()
    )
    return Piece(
        text=segment.text,
        start_s=float(segment.start),
        end_s=float(segment.end),
        avg_logprob=float(segment.avg_logprob),
        no_speech_prob=float(segment.no_speech_prob),
        compression_ratio=float(segment.compression_ratio),
        temperature=float(segment.temperature or 0.0),
        tokens=tuple(segment.tokens),
        words=words,
    )
