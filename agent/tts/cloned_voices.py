"""The voices file: recordings of voices that an engine speaks like, each under a name.

    # voices.toml
    [anna]
    audio = "/srv/voices/anna.wav"
    text = "This is what I say in the recording."
    language = "en"

    [grandfather]
    audio = "opa.wav"
    text = "Das sage ich in der Aufnahme."
    language = "de"
    speed = 0.9

docs/cloned-voices.md says what each line is for and which engine reads it.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import ConfigError
from agent.options.fields import Language

_HEADER = re.compile(r"""\s*\[\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*\]\s*(?:#.*)?""")
_KEY = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*=""")
_AT_LINE = re.compile(r"(.*) \(at line (\d+), column \d+\)")


class ClonedVoice(BaseModel):
    """One voice. Paths of recordings are as they were written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    audio: str = Field(min_length=1)
    """Path of the recording: `gpt_sovits`: on the server's machine; `sagemaker`: in the container,
    or `s3://…`; other engines send it."""
    text: str = ""
    """What is said in it."""
    language: Language = ""
    """The language of the recording; empty: the engine finds out."""
    speaks: Language = ""
    """The language that this voice speaks; empty: as `TTS_LANGUAGE` says."""
    speed: float = Field(1.0, ge=0.25, le=4)
    """Factor on `TTS_SPEED`."""
    more_audio: tuple[str, ...] = ()
    """Further recordings of the voice, whose tone is mixed in (`gpt_sovits`)."""
    gpt_weights: str = ""
    """Weights that were trained for the voice, paths on the server (`gpt_sovits`)."""
    sovits_weights: str = ""


@dataclass(frozen=True, slots=True)
class VoicesFile:
    """All voices of a file, in its order."""

    path: Path
    voices: Mapping[str, ClonedVoice]
    _lines: Mapping[tuple[str, str], int]
    """Where each key of each voice stands; an empty key is the voice's own line."""

    def place(self, name: str, key: str) -> str:
        """Where a key of a voice is written, or the voice itself: `voices.toml:3`."""
        return _at(self.path, self._lines.get((name, key)) or self._lines.get((name, ""), 0))

    def complaint(self, name: str, key: str, what: str) -> ConfigError:
        """An error about a key of a voice, by file and line."""
        return ConfigError(f"{self.place(name, key)}: [{name}] {what}")

    def check_has(self, name: str) -> None:
        """See that a voice that is set is in the file; an empty name is its first one.

        Raises:
            ConfigError: it is not.
        """
        if name and name not in self.voices:
            known = ", ".join(self.voices)
            raise ConfigError(f"TTS_VOICE={name} is not in {self.path}, which has {known}")

    def local(self, recording: str) -> Path:
        """Where a recording is on this machine, if it is; relative paths begin at the file."""
        return self.path.parent / recording


def read_voices(path: Path) -> VoicesFile:
    """Read a voices file; blocks.

    Raises:
        ConfigError: it cannot be read, or something in it is wrong; every mistake by its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"TTS_VOICES={path} cannot be read: {why}") from error
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.fullmatch(str(error))
        line, why = (int(found[2]), found[1]) if found else (0, str(error))
        raise ConfigError(f"{_at(path, line)}: {why}") from error
    lines = _lines_of(text)
    voices: dict[str, ClonedVoice] = {}
    mistakes: list[str] = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            line = lines.get(("", name), 0)
            mistakes.append(f"{_at(path, line)}: {name} belongs to no voice; begin one: [name]")
            continue
        try:
            voices[name] = ClonedVoice.model_validate(table)
        except ValidationError as error:
            mistakes += [_mistake(path, lines, name, fault) for fault in error.errors()]
    if not tables:
        mistakes.append(f"{path} has no voice; begin one: [name]")
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return VoicesFile(path, voices, lines)


def length_s(recording: Path) -> float | None:
    """How long a WAV, MP3, FLAC or Ogg Vorbis file is, seconds; None when it cannot be told.

    Reads its header, an MP3 whole; blocks.
    """
    import miniaudio

    try:
        return float(miniaudio.get_file_info(str(recording)).duration)
    except (miniaudio.MiniaudioError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording as it is sent to a server."""

    name: str
    """Of its file, without folders."""
    data: bytes = field(repr=False)
    length_s: float | None
    """None: it cannot be told."""

    @property
    def media_type(self) -> str:
        """By the ending of its name."""
        return f"audio/{Path(self.name).suffix.lower().lstrip('.') or 'wav'}"


def read_recordings(file: VoicesFile) -> dict[str, Recording]:
    """The recording of each voice of a file, for engines that send them; blocks.

    Raises:
        ConfigError: one is not there; the message names the line.
    """
    found: dict[str, Recording] = {}
    for name, voice in file.voices.items():
        path = file.local(voice.audio)
        try:
            found[name] = Recording(path.name, path.read_bytes(), length_s(path))
        except OSError as error:
            why = f"audio: {path} cannot be read: {error.strerror}; this engine sends it"
            raise file.complaint(name, "audio", why) from error
    return found


def _mistake(path: Path, lines: Mapping[tuple[str, str], int], name: str, fault: Any) -> str:
    key = str(fault["loc"][0]) if fault["loc"] else ""
    line = lines.get((name, key)) or lines.get((name, ""), 0)
    match fault["type"]:
        case "extra_forbidden":
            what = f"{key} is not known; a voice has {', '.join(ClonedVoice.model_fields)}"
        case "missing":
            what = f"lacks {key}, the path of a recording of the voice"
        case _:
            what = f"{key}: {fault['msg']}"
    return f"{_at(path, line)}: [{name}] {what}"


def _at(path: Path, line: int) -> str:
    return f"{path}:{line}" if line else str(path)


def _lines_of(text: str) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.fullmatch(line):
            name = next(part for part in header.groups() if part is not None)
            found.setdefault((name, ""), number)
        elif key := _KEY.match(line):
            written = next(part for part in key.groups() if part is not None)
            found.setdefault((name, written), number)
    return found
