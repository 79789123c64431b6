"""Which voices there are, and which one a request means."""

import difflib
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from model_servers.serving.errors import BadRequest
from model_servers.tts.espeak import Espeak
from model_servers.tts.pcm import Samples
from model_servers.tts.pieces import USUAL, Lengths
from model_servers.tts.weights import ESPEAK_PREFIX

_OPENAI = frozenset(
    ("alloy", "ash", "ballad", "cedar", "coral", "echo", "fable")
    + ("marin", "nova", "onyx", "sage", "shimmer", "verse")
)
"""Source: https://platform.openai.com/docs/guides/text-to-speech#voice-options."""
_TAG = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z]{4})?([-_]([A-Za-z]{2}|[0-9]{3}))?")
"""Language, script and region; longer tags of espeak-ng's voices must be exact."""


class Speaker(Protocol):
    """A voice. `speak` blocks and may be called in several threads at the same time."""

    @property
    def name(self) -> str: ...
    @property
    def engine(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def rate_hz(self) -> int: ...
    @property
    def lengths(self) -> Lengths:
        """Of the pieces of text that it is given."""
        ...

    def speak(self, text: str, *, speed: float, stop: threading.Event) -> Iterator[Samples]: ...


@dataclass(frozen=True, slots=True)
class EspeakSpeaker:
    """One of espeak-ng's voices."""

    engine: ClassVar[str] = "espeak-ng"
    lengths: ClassVar[Lengths] = USUAL
    name: str
    language: str
    file: str
    espeak: Espeak

    @property
    def rate_hz(self) -> int:
        """Of its samples."""
        return self.espeak.rate_hz

    def speak(self, text: str, *, speed: float, stop: threading.Event) -> Iterator[Samples]:
        """Yield one block: a sentence takes a few milliseconds."""
        yield self.espeak.speak(text, self.file, speed=speed, stop=stop)


class Voices:
    """All voices of the server.

    Args:
        trained: hibari's, Piper's and Kokoro's voices by name; the first of a language speaks it.
        espeak: the library with the rest.
        default: name of the voice for requests that name none or one of OpenAI's.
        of_language: names of voices by the tag of the language that they are to speak.

    Raises:
        BadRequest: there is no voice of such a name.
    """

    def __init__(
        self,
        trained: Mapping[str, Speaker],
        espeak: Espeak,
        default: str,
        of_language: Mapping[str, str] | None = None,
    ) -> None:
        self._trained = trained
        self._espeak = espeak
        self._chosen: list[tuple[str, Speaker]] = []
        self.default: Speaker = self._exactly(default)
        self._chosen = [
            (tag.lower().replace("_", "-"), self._exactly(name))
            for tag, name in (of_language or {}).items()
        ]

    def find(self, name: str) -> Speaker:
        """The voice that a request means.

        Args:
            name: empty, `default`, one of OpenAI's names, a voice of hibari, Piper or Kokoro,
                `espeak:LANGUAGE`, `espeak:LANGUAGE+VARIANT`, or a language tag such as `fr` or
                `zh-CN`: then the best voice for it.

        Raises:
            BadRequest: there is no such voice; names near ones.
        """
        if name in ("", "default") or name.lower() in _OPENAI:
            return self.default
        return self._named(name)

    def for_language(self, tag: str) -> Speaker | None:
        """The best voice for a language: the chosen one, else a trained one.

        Of several one of the same region.
        """
        wanted = tag.lower().replace("_", "-")
        for exact in (True, False):
            for chosen, speaker in self._chosen:
                if chosen == wanted or (not exact and _primary(chosen) == _primary(wanted)):
                    return speaker
        order = [self.default, *self._trained.values()]
        same = [s for s in order if _primary(s.language) == _primary(wanted)]
        for speaker in same:
            if speaker.language.lower() == wanted:
                return speaker
        if same:
            return same[0]
        voice = self._espeak.find(wanted)
        return self._speaker(voice.language, voice.file) if voice else None

    def listing(self) -> list[dict[str, Any]]:
        """All voices for `/v1/audio/voices`, the default one first."""
        entries = [
            _entry(s.name, s.name, s.language, s.engine, s.rate_hz) for s in self._trained.values()
        ]
        entries += [
            _entry(
                ESPEAK_PREFIX + v.language, v.name, v.language, "espeak-ng", self._espeak.rate_hz
            )
            for v in self._espeak.voices
        ]
        return sorted(entries, key=lambda entry: entry["id"] != self.default.name)

    def _named(self, name: str) -> Speaker:
        if name in self._trained:
            return self._trained[name]
        speaker = self.for_language(name) if _TAG.fullmatch(name) else None
        return speaker or self._robot(name)

    def _exactly(self, name: str) -> Speaker:
        """A voice by its name, not by a language."""
        return self._trained[name] if name in self._trained else self._robot(name)

    def _robot(self, name: str) -> Speaker:
        """One of espeak-ng's voices by name."""
        if name.startswith(ESPEAK_PREFIX):
            language, plus, variant = name.removeprefix(ESPEAK_PREFIX).partition("+")
            voice = self._espeak.find(language, near=_TAG.fullmatch(language) is not None)
            if voice is not None and (not plus or variant in self._espeak.variants):
                return self._speaker(voice.language, voice.file, plus + variant)
        known = [*self._trained, *(ESPEAK_PREFIX + v.language for v in self._espeak.voices)]
        near = difflib.get_close_matches(name, known, n=3)
        hint = f"; did you mean {', '.join(near)}?" if near else "."
        raise BadRequest(
            f"there is no voice {name!r}{hint} GET /v1/audio/voices lists all",
            param="voice",
            code="unknown_voice",
        )

    def _speaker(self, language: str, file: str, variant: str = "") -> EspeakSpeaker:
        name = ESPEAK_PREFIX + language + variant
        return EspeakSpeaker(name, language, file + variant, self._espeak)


def _primary(tag: str) -> str:
    """The language of a tag without its region; Chinese is Mandarin unless it says otherwise."""
    parts = tag.lower().replace("_", "-").split("-")
    if parts[0] == "zh" and not {"hk", "mo", "yue"}.isdisjoint(parts[1:]):
        return "yue"
    return "zh" if parts[0] == "cmn" else parts[0]


def _entry(voice: str, name: str, language: str, engine: str, rate_hz: int) -> dict[str, Any]:
    return {
        "id": voice,
        "name": name,
        "language": language,
        "engine": engine,
        "sample_rate": rate_hz,
    }
