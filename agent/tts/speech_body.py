"""Bodies of `/v1/audio/speech` answers, decoded as they arrive.

Servers disagree on what is in them: bare samples, a WAV whose header lies about its length
(0, 0x7FFFF000, 0xFFFFFFFF), or server-sent events with either of them in base64.
Chunks of HTTP end anywhere, also in the middle of a sample, a header or a character.

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech and
https://platform.openai.com/docs/api-reference/audio/speech-audio-delta-event
"""

import base64
import json
import re
import struct
from typing import Any, Protocol

import numpy as np
from livekit import rtc

RAW = "audio/pcm"

_COMPRESSED = frozenset(
    f"audio/{name}" for name in ("mpeg", "mp3", "aac", "flac", "x-flac", "ogg", "opus", "webm")
)
_BYTES = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_HEADER_LIMIT = 64 * 1024
"""A WAV header longer than this many bytes is not one."""
_EVENT_LIMIT = 32 * 2**20
"""A single event larger than this many bytes is not speech."""
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
"""Format tags of the WAV header."""
_NUMBER_TYPES: dict[tuple[int, int], np.dtype[Any]] = {
    (_PCM, 16): np.dtype("<i2"),
    (_FLOAT, 32): np.dtype("<f4"),
}


class MalformedBody(ValueError):
    """The body is not speech in any known form; the message says what it is instead."""


class ServerFault(Exception):
    """The server reported, within its answer, that it failed."""


class Body(Protocol):
    """One answer's decoder."""

    mime_type: str
    """What `feed` returns: `audio/pcm` is s16le mono, all else needs livekit's decoder."""

    def feed(self, data: bytes) -> bytes:
        """Take in what arrived and return the audio that is ready."""

    def end(self) -> bytes:
        """Return the audio that was waiting for more."""


def open_body(content_type: str, *, rate_hz: int) -> Body:
    """Choose the decoder of an answer by its Content-Type; for `audio/pcm` at `rate_hz`."""
    given = content_type.lower()
    media = given.split(";")[0].strip()
    if media in _COMPRESSED:
        return Compressed(media)
    declared = re.search(r"rate=(\d{4,6})\b", given)
    raw_rate_hz = int(declared[1]) if declared else rate_hz
    if media == "text/event-stream":
        return SpeechEvents(Samples(rate_hz=rate_hz, raw_rate_hz=raw_rate_hz))
    if media.startswith("audio/") or media in _BYTES:
        return Samples(rate_hz=rate_hz, raw_rate_hz=raw_rate_hz)
    return Samples(rate_hz=rate_hz, raw_rate_hz=None)


class Compressed:
    """A format that livekit decodes."""

    def __init__(self, mime_type: str) -> None:
        self.mime_type = mime_type

    def feed(self, data: bytes) -> bytes:
        """Return the bytes as they are."""
        return data

    def end(self) -> bytes:
        """Return nothing."""
        return b""


class Samples:
    """Bytes in, s16le mono samples at one rate out. Lengths in a WAV header are ignored."""

    mime_type = RAW

    def __init__(self, *, rate_hz: int, raw_rate_hz: int | None) -> None:
        """`rate_hz` is the rate of the output.

        `raw_rate_hz` is that of a body without header; None if such a body is no speech.
        """
        self._rate_hz = rate_hz
        self._raw_rate_hz = raw_rate_hz
        self._held = b""
        self._started = False
        self._dtype = _NUMBER_TYPES[_PCM, 16]
        self._channels = 1
        self._resampler: rtc.AudioResampler | None = None

    def feed(self, data: bytes) -> bytes:
        """Take in bytes and return the whole samples that are ready.

        Raises:
            MalformedBody: a WAV header that cannot be read, or of an unknown sample format.
        """
        self._held += data
        if not self._started:
            if self._held[:4] != b"RIFF"[: len(self._held)]:
                self._start(self._raw_rate_hz)
            elif len(self._held) < 4 or not self._read_header():
                return b""
        size = len(self._held) // self._frame_size * self._frame_size
        whole, self._held = self._held[:size], self._held[size:]
        return self._resampled(self._mono(whole))

    def end(self) -> bytes:
        """Return what the resampler still holds; an incomplete last sample is dropped."""
        if self._resampler is None:
            return b""
        return b"".join(bytes(frame.data.cast("B")) for frame in self._resampler.flush())

    @property
    def _frame_size(self) -> int:
        return self._dtype.itemsize * self._channels

    def _start(self, rate_hz: int | None) -> None:
        if rate_hz is None:
            raise MalformedBody("neither audio by its type nor a WAV by its first bytes")
        self._started = True
        if rate_hz != self._rate_hz:
            self._resampler = rtc.AudioResampler(rate_hz, self._rate_hz)

    def _read_header(self) -> bool:
        """Skip a RIFF header; False while it is incomplete."""
        at, rate_hz = 12, 0
        while len(self._held) >= at + 8:
            name, size = struct.unpack_from("<4sI", self._held, at)
            if name == b"data":
                if not rate_hz:
                    raise MalformedBody("a WAV without a format")
                self._held = self._held[at + 8 :]
                self._start(rate_hz)
                return True
            if name == b"fmt ":
                if len(self._held) < at + 8 + 16:
                    return False
                rate_hz = self._read_format(at + 8, size)
            at += 8 + size + size % 2
            if at > _HEADER_LIMIT:
                raise MalformedBody("a WAV without samples")
        return False

    def _read_format(self, at: int, size: int) -> int:
        tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", self._held, at)
        if tag == _EXTENSIBLE and size >= 26 and len(self._held) >= at + 26:
            (tag,) = struct.unpack_from("<H", self._held, at + 24)
        elif tag == _EXTENSIBLE:
            tag = _PCM
        if (tag, bits) not in _NUMBER_TYPES or not channels or not rate_hz:
            raise MalformedBody(f"a WAV of format {tag} with {bits} bits, not 16-bit PCM")
        self._dtype, self._channels = _NUMBER_TYPES[tag, bits], channels
        return int(rate_hz)

    def _mono(self, data: bytes) -> bytes:
        if self._channels == 1 and self._dtype.kind == "i":
            return data
        values = np.frombuffer(data, self._dtype).reshape(-1, self._channels)
        mono = values.mean(axis=1, dtype=np.float32)
        if self._dtype.kind == "f":
            mono = np.nan_to_num(mono).clip(-1, 1) * 32767
        samples: bytes = mono.astype("<i2").tobytes()
        return samples

    def _resampled(self, data: bytes) -> bytes:
        if self._resampler is None or not data:
            return data
        frames = self._resampler.push(bytearray(data))
        return b"".join(bytes(frame.data.cast("B")) for frame in frames)


class SpeechEvents:
    """Server-sent events in, the audio bytes in them out."""

    mime_type = RAW

    def __init__(self, samples: Samples) -> None:
        """`samples` decodes what is in the events."""
        self._samples = samples
        self.usage: tuple[int, int] = 0, 0
        """Input and output tokens, once the server has said."""
        self._held = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> bytes:
        """Take in bytes and return the audio of the events that are complete.

        Raises:
            MalformedBody: an event that is not JSON, or whose audio is not base64.
            ServerFault: an event says that the server failed.
        """
        *lines, self._held = (self._held + chunk).split(b"\n")
        if len(self._held) > _EVENT_LIMIT:
            raise MalformedBody("an endless event")
        audio = b"".join(self._line(line.rstrip(b"\r")) for line in lines)
        return self._samples.feed(audio) if audio else b""

    def end(self) -> bytes:
        """Return the audio of a last event without its empty line."""
        return self.feed(b"\n\n") + self._samples.end()

    def _line(self, line: bytes) -> bytes:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        if line or not self._data:
            return b""
        data, self._data = b"\n".join(self._data), []
        return b"" if data == b"[DONE]" else self._event(data)

    def _event(self, data: bytes) -> bytes:
        try:
            event = json.loads(data)
        except ValueError:
            raise MalformedBody("an event that is not JSON") from None
        if not isinstance(event, dict):
            raise MalformedBody("an event that is not an object")
        if event.get("error") or event.get("type") == "error":
            raise ServerFault("the server reported an error in the middle of its answer")
        usage = event.get("usage") or event.get("token_usage")
        if isinstance(usage, dict):
            self.usage = usage.get("input_tokens") or 0, usage.get("output_tokens") or 0
        try:
            return base64.b64decode(event.get("audio") or event.get("delta") or "", validate=True)
        except (TypeError, ValueError):
            raise MalformedBody("an event whose audio is not base64") from None
