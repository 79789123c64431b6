"""espeak-ng in this process, through its C library from the package espeakng-loader.

The library has one global state and is not thread-safe: one lock serialises it. It needs
about 1 ms for a second of speech, so nobody waits long.

Source: espeak-ng's speak_lib.h.
"""

import ctypes
import functools
import os
import re
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import espeakng_loader
import numpy as np

from model_servers.serving.errors import StartError
from model_servers.tts.pcm import Samples

_SYNCHRONOUS = 2
_DO_NOT_EXIT = 0x8000
_UTF8 = 1
_CHARACTERS = 1
_RATE = 1
_OK = 0
TIE = "^"
"""Stands between two letters that are one sound."""
_IPA_TIED = 0x02 | 0x80 | ord(TIE) << 8
_BUFFER_MS = 60
"""Audio between two calls of the callback, which is where a synthesis can be stopped."""

_WORDS_PER_MINUTE = 175
_SLOWEST, _FASTEST = 80, 700
"""espeak-ng's own limits; slower speech is not slower than the first."""

_LONGEST_PATH = 140
"""Bytes; the library keeps its data folder's path in a buffer of 160."""

_ALIASES = {"zh-hk": "yue", "zh-mo": "yue", "iw": "he", "in": "id", "nn": "nb"}


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("unused", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@dataclass(frozen=True, slots=True)
class EspeakVoice:
    """One of the library's voices."""

    language: str
    """Tag in lower case, for example `fr-fr`."""
    name: str
    """For people, for example `French (France)`."""
    file: str
    """What the library calls it."""
    languages: tuple[tuple[int, str], ...]
    """All languages it serves with their rank; the lowest rank serves a language best."""


@functools.cache
def library() -> "Espeak":
    """The library of this process: it has one state, so there is one object for it.

    Raises:
        StartError: it cannot be used.
    """
    return Espeak()


class Espeak:
    """The library; see `library`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._data = Path(espeakng_loader.get_data_path())
        self.rate_hz: int = self._initialize()
        self._heard: list[bytes] = []
        self._stop = threading.Event()
        # The library keeps the pointer: it must live as long as the library does.
        self._callback = _Callback(self._on_audio)
        self.voices: tuple[EspeakVoice, ...] = tuple(self._list_voices())
        folder = self._data / "voices" / "!v"
        # What can follow a voice's name after a plus sign, for example f3.
        self.variants = frozenset(path.name for path in folder.iterdir())

    def speak(self, text: str, file: str, *, speed: float, stop: threading.Event) -> Samples:
        """Speak a piece of text; blocks.

        Args:
            text: plain text; markup is read out.
            file: voice, `EspeakVoice.file`, with `+VARIANT` if wanted.
            speed: 1 is 175 words a minute; from 0.46 to 4.
            stop: ends the synthesis within 60 ms of audio, with what there is.

        Returns:
            int16, mono, at `rate_hz`.

        Raises:
            RuntimeError: the library refused the voice or the text.
        """
        encoded = text.encode("utf-8", "ignore")
        words_per_minute = min(_FASTEST, max(_SLOWEST, round(_WORDS_PER_MINUTE * speed)))
        with self._lock:
            self._heard.clear()
            self._stop = stop
            self._library.espeak_SetSynthCallback(self._callback)
            if self._library.espeak_SetVoiceByName(file.encode()) != _OK:
                raise RuntimeError(f"espeak-ng refused the voice {file}")
            self._library.espeak_SetParameter(_RATE, words_per_minute, 0)
            status = self._library.espeak_Synth(
                encoded, len(encoded) + 1, 0, _CHARACTERS, 0, _UTF8, None, None
            )
            if status != _OK:
                raise RuntimeError(f"espeak-ng failed with status {status}")
            heard = b"".join(self._heard)
            self._heard.clear()
            return np.frombuffer(heard, np.int16)

    def phonemes(self, text: str, language: str) -> str:
        """A text's sounds in IPA with stress; letters of one sound have TIE between them.

        Args:
            text: without marks, at which it would be cut.
            language: as the library calls it.

        Raises:
            RuntimeError: the library has no such language.
        """
        rest = ctypes.c_char_p(text.encode("utf-8", "ignore"))
        found = []
        with self._lock:
            if self._library.espeak_SetVoiceByName(language.encode()) != _OK:
                raise RuntimeError(f"espeak-ng refused the voice {language}")
            while rest.value:
                clause = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, _IPA_TIED)
                found.append((clause or b"").decode("utf-8", "ignore").strip())
        return " ".join(part for part in found if part)

    def find(self, tag: str, *, near: bool = True) -> EspeakVoice | None:
        """The best voice for a language tag: the same region, else, if `near`, the language."""
        wanted = tag.strip().lower().replace("_", "-")
        wanted = _ALIASES.get(wanted, wanted)
        first = wanted.partition("-")[0]
        for language in (wanted, _ALIASES.get(first, first)) if near else (wanted,):
            able = [
                (rank, number)
                for number, voice in enumerate(self.voices)
                for rank, served in voice.languages
                if served == language
            ]
            if able:
                return self.voices[min(able)[1]]
        return None

    def _initialize(self) -> int:
        library = self._library
        library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        library.espeak_ListVoices.argtypes = [ctypes.c_void_p]
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        library.espeak_TextToPhonemes.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]
        library.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]
        path = os.fsencode(self._short_path())
        rate_hz = int(library.espeak_Initialize(_SYNCHRONOUS, _BUFFER_MS, path, _DO_NOT_EXIT))
        if rate_hz <= 0:
            raise StartError(
                f"espeak-ng cannot read its data in {self._data}: reinstall espeakng-loader "
                "(`uv sync --reinstall-package espeakng-loader`)"
            )
        return rate_hz

    def _short_path(self) -> Path:
        if len(os.fsencode(self._data)) <= _LONGEST_PATH:
            return self._data
        self._folder = tempfile.TemporaryDirectory(prefix="espeak-")
        link = Path(self._folder.name) / self._data.name
        link.symlink_to(self._data, target_is_directory=True)
        return link

    def _on_audio(self, wave: "ctypes._Pointer[ctypes.c_short]", count: int, _: int) -> int:
        """Called by the library; a result other than 0 ends the synthesis."""
        if wave and count > 0:
            self._heard.append(ctypes.string_at(wave, count * 2))
        return 1 if self._stop.is_set() else 0

    def _list_voices(self) -> list[EspeakVoice]:
        found = []
        listed = self._library.espeak_ListVoices(None)
        position = 0
        while listed[position]:
            voice = listed[position].contents
            position += 1
            languages = tuple(_languages(voice.languages))
            file = voice.identifier.decode()
            if languages and self._has_dictionary(file, languages[0][1]):
                name = voice.name.decode().strip()
                file = file.rpartition("/")[2]
                found.append(EspeakVoice(languages[0][1], name, file, languages))
        return found

    def _has_dictionary(self, file: str, language: str) -> bool:
        """The package lacks a few dictionaries; those voices would spell or fail."""
        description = (self._data / "lang" / file).read_text("utf-8")
        named = re.search(r"^dictionary\s+(\S+)", description, re.MULTILINE)
        dictionary = named[1] if named else language.partition("-")[0]
        return (self._data / f"{dictionary}_dict").is_file()


def _languages(address: int | None) -> list[tuple[int, str]]:
    """Parse the library's list: a rank byte and a string each, a zero byte at the end."""
    found: list[tuple[int, str]] = []
    while address and (rank := ctypes.string_at(address, 1)[0]):
        tag = ctypes.string_at(address + 1)
        found.append((rank, tag.decode().lower()))
        address += len(tag) + 2
    return found
