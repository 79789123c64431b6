"""The process that speaks: libespeak-ng behind two pipes (see `agent.tts.espeak.frames`).

The library is GPL-3.0 and keeps its state in globals, so it lives in a process of its own and
speaks one request at a time. Started by `agent.tts.espeak.engine`; imports nothing heavy.

Source: https://github.com/espeak-ng/espeak-ng/blob/master/src/include/espeak-ng/speak_lib.h
"""

import ctypes
import json
import os
import queue
import signal
import sys
import threading
from ctypes import POINTER, c_char, c_char_p, c_int, c_short, c_ubyte, c_uint, c_void_p
from pathlib import Path
from typing import Any, BinaryIO

import espeakng_loader

from agent.tts.espeak.frames import HEADER, Kind, pack, unpack_header

BUFFER_MS = 40
"""Audio per callback; a cancel waits for at most one."""

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_CHARS_UTF8 = 1
_END_PAUSE = 0x1000
_RATE, _VOLUME, _PITCH = 1, 2, 3
_CONTINUE, _ABORT = 0, 1
_PAUSE_AFTER = ".!?…,;:。！？；，、：؟۔।"
"""After these marks the voice's own pause is spoken too: pieces follow without a gap."""


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", c_char_p),
        ("languages", POINTER(c_char)),
        ("identifier", c_char_p),
        ("gender", c_ubyte),
        ("age", c_ubyte),
        ("variant", c_ubyte),
        ("unused", c_ubyte),
        ("score", c_int),
        ("spare", c_void_p),
    )


_SynthCallback = ctypes.CFUNCTYPE(c_int, POINTER(c_short), c_int, c_void_p)


class Speaker:
    """The library and what is on its way to it."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        """Load the library; frames are read from `source` and written to `sink`."""
        self._source = source
        self._sink = sink
        # Bounded by the worker: it has as many requests open as it has replies to speak.
        self._waiting: queue.SimpleQueue[tuple[int, dict[str, Any]]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._open: set[int] = set()
        self._cancelled: set[int] = set()
        self._request = 0
        self._samples = 0
        self._callback = _SynthCallback(self._on_audio)
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._library.espeak_ListVoices.restype = POINTER(POINTER(_Voice))
        self._library.espeak_Synth.argtypes = (
            *(c_char_p, ctypes.c_size_t, c_uint, c_int, c_uint, c_uint),
            *(POINTER(c_uint), c_void_p),
        )
        data = espeakng_loader.get_data_path().encode()
        self.rate_hz: int = self._library.espeak_Initialize(
            _AUDIO_OUTPUT_SYNCHRONOUS, BUFFER_MS, data, _DONT_EXIT
        )
        if self.rate_hz <= 0:
            raise OSError(f"espeak-ng cannot use its data in {espeakng_loader.get_data_path()}")
        self._library.espeak_SetSynthCallback(self._callback)

    def serve(self) -> None:
        """Speak until the source ends; does not return."""
        self._library.espeak_Info.restype = c_char_p
        hello = {
            "version": self._library.espeak_Info(None).decode(),
            "rate_hz": self.rate_hz,
            "voices": self._voices(),
            "variants": [identifier for identifier, *_ in self._voices("variant")],
        }
        self._send(Kind.HELLO, 0, json.dumps(hello).encode())
        threading.Thread(target=self._read, name="requests", daemon=True).start()
        while True:
            number, request = self._waiting.get()
            self._speak(number, request)

    def _read(self) -> None:
        """Take in requests; runs beside the synthesis so that a cancel reaches it."""
        try:
            while len(header := self._source.read(HEADER.size)) == HEADER.size:
                kind, number, length = unpack_header(header)
                payload = self._source.read(length)
                with self._lock:
                    if kind is Kind.SPEAK:
                        self._open.add(number)
                        self._waiting.put((number, json.loads(payload)))
                    elif kind is Kind.CANCEL and number in self._open:
                        self._cancelled.add(number)
        finally:
            # The worker has gone, and the main thread may be inside the library.
            os._exit(0)

    def _speak(self, number: int, request: dict[str, Any]) -> None:
        self._request, self._samples = number, 0
        failure = None if self._is_cancelled() else self._synthesise(request)
        with self._lock:
            cancelled = number in self._cancelled
            self._open.discard(number)
            self._cancelled.discard(number)
        if failure is not None:
            self._send(Kind.FAILURE, number, failure.encode())
        else:
            end = {"samples": self._samples, "cancelled": cancelled}
            self._send(Kind.END, number, json.dumps(end).encode())

    def _synthesise(self, request: dict[str, Any]) -> str | None:
        """Speak one text; what went wrong, or None."""
        voice = str(request["voice"])
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            return f"espeak-ng cannot load the voice {voice}"
        for parameter, key in ((_RATE, "rate_wpm"), (_VOLUME, "volume"), (_PITCH, "pitch")):
            self._library.espeak_SetParameter(parameter, int(request[key]), 0)
        text = str(request["text"]).rstrip()
        flags = _CHARS_UTF8 | (_END_PAUSE if text.endswith(tuple(_PAUSE_AFTER)) else 0)
        encoded = text.encode() + b"\0"
        status = self._library.espeak_Synth(encoded, len(encoded), 0, 0, 0, flags, None, None)
        return None if status == 0 else f"espeak-ng failed with status {status}"

    def _on_audio(self, samples: Any, count: int, events: Any) -> int:
        if self._is_cancelled():
            return _ABORT
        if samples and count > 0:
            self._send(Kind.AUDIO, self._request, ctypes.string_at(samples, 2 * count))
            self._samples += count
        return _CONTINUE

    def _is_cancelled(self) -> bool:
        with self._lock:
            return self._request in self._cancelled

    def _voices(self, language: str | None = None) -> list[tuple[str, str, list[tuple[int, str]]]]:
        """Identifier, English name and ranked language tags of each voice."""
        wanted = None
        if language is not None:
            tag = ctypes.create_string_buffer(language.encode() + b"\0")
            wanted = ctypes.byref(_Voice(languages=ctypes.cast(tag, POINTER(c_char))))
        data = Path(espeakng_loader.get_data_path())
        listed = self._library.espeak_ListVoices(wanted)
        voices = []
        for i in range(sys.maxsize):
            if not listed[i]:
                break
            voice = listed[i].contents
            tags = _language_tags(voice.languages)
            identifier = voice.identifier.decode()
            if language is not None or _has_dictionary(data, identifier, tags):
                voices.append((identifier, voice.name.decode().strip(), tags))
        return voices

    def _send(self, kind: Kind, number: int, payload: bytes) -> None:
        try:
            self._sink.write(pack(kind, number, payload))
            self._sink.flush()
        except BrokenPipeError:
            # Raised within a callback it would be printed and ignored.
            os._exit(0)


def _has_dictionary(data: Path, identifier: str, tags: list[tuple[int, str]]) -> bool:
    """Whether the voice can speak: the wheel lists some without their dictionaries."""
    name = tags[0][1].partition("-")[0]
    for line in (data / "lang" / identifier).read_text("utf-8").splitlines():
        if line.startswith("dictionary"):
            name = line.split()[1]
    return (data / f"{name}_dict").exists()


def _language_tags(packed: Any) -> list[tuple[int, str]]:
    """Read the library's list: priority byte, tag, NUL, …, and a NUL priority at the end."""
    tags = []
    at = 0
    while packed[at] != b"\0":
        priority = packed[at][0]
        at += 1
        tag = b""
        while packed[at] != b"\0":
            tag += packed[at]
            at += 1
        at += 1
        tags.append((priority, tag.decode()))
    return tags


def main() -> None:
    """Serve the process that started this one."""
    # Ctrl+C reaches the whole group; the worker still wants to say goodbye.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Whatever the library prints must not fall between the frames.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    Speaker(sys.stdin.buffer, sink).serve()


if __name__ == "__main__":
    main()
