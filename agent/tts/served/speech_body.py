"""What speech servers answer with, decoded as it arrives.

Servers disagree on what is in them, and on how it is labelled: bare samples, WAV, a compressed
format, or one of these in base64, in server-sent events or in JSON. The bytes decide
(`agent.audio.kinds`); of the label count the rate of bare samples, and that text is none.
Chunks of HTTP end anywhere, also in the middle of a sample, a header or a character.

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech and
https://platform.openai.com/docs/api-reference/audio/speech-audio-delta-event
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, Protocol

import numpy as np
from livekit import rtc

from agent.audio.kinds import DECODABLE, Kind, NotDecodable, is_noise, kind_of
from agent.audio.wav_stream import Chunk, WavStream

_BYTES = frozenset({"", "application/octet-stream", "binary/octet-stream"})
_TELEPHONE = re.compile(r"audio/(x-)?(basic|mu-?law|u-?law|a-?law|pcm[ua]|adpcm|g7\d\d)")
"""Samples of another coding, which nothing in the bytes tells."""
_BODY_LIMIT = 32 * 2**20
"""A single event, or a JSON body, larger than this many bytes is not speech."""
_AUDIO_FIELDS = ("audio", "delta", "audioContent", "audio_data", "data", "content")
_DATA_URL = re.compile(r"^data:[^,]{0,80};base64,")
_WATCHED_BYTES = 512
"""Bare samples are looked at in stretches of at least this many bytes; none wait for it."""
_RATES_HZ = range(4000, 192001)


class MalformedBody(ValueError):
    """The body is not speech in any known form; the message says what it is instead."""


class ServerFault(Exception):
    """The server reported, within its answer, that it failed."""


class _Decoder(Protocol):
    def feed(self, data: bytes) -> Iterable[Chunk]: ...

    def end(self) -> Iterable[Chunk]: ...


class SpeechBody:
    """One answer: bytes in, s16le mono samples at one rate out."""

    def __init__(self, content_type: str, *, rate_hz: int) -> None:
        """`rate_hz` is the rate of the output, and of bare samples that name none."""
        self._label = content_type.lower()
        self._rate_hz = rate_hz
        self._held = b""
        self._reader: _Audio | _Messages | None = None

    @property
    def usage(self) -> tuple[int, int]:
        """Input and output tokens, if the server has said."""
        return self._reader.usage if isinstance(self._reader, _Messages) else (0, 0)

    def feed(self, data: bytes) -> bytes:
        """Take in bytes and return the audio that is ready.

        Raises:
            MalformedBody: the bytes are not speech.
            ServerFault: the server says that it failed.
        """
        if self._reader is None:
            self._held += data
            kind = kind_of(self._held, final=False)
            if kind is None:
                return b""
            self._reader = self._open(kind)
            data, self._held = self._held, b""
        return self._reader.feed(data)

    def end(self) -> bytes:
        """Return the audio that was waiting for more; an incomplete last sample is dropped."""
        audio = b""
        if self._reader is None:
            kind = kind_of(self._held, final=True) if self._held else None
            if kind is None:
                return b""
            self._reader = self._open(kind)
            audio = self._reader.feed(self._held)
        return audio + self._reader.end()

    def _open(self, kind: Kind) -> "_Audio | _Messages":
        if kind in (Kind.EVENTS, Kind.JSON):
            inner = SpeechBody("audio/pcm", rate_hz=self._rate_hz)
            return _Events(inner) if kind is Kind.EVENTS else _Json(inner)
        if kind is Kind.WAV:
            return _Audio(_Wav(), rate_hz=self._rate_hz)
        if kind in DECODABLE:
            # 40 ms, once: most servers speak PCM, and their worker needs no decoder.
            from agent.audio.compressed import CompressedStream

            return _Audio(CompressedStream(kind), rate_hz=self._rate_hz)
        if kind is not Kind.RAW:
            raise MalformedBody(f"{kind.value}, not WAV, MP3, FLAC, Ogg Vorbis or 16-bit samples")
        media = self._label.split(";")[0].strip()
        if not (media.startswith("audio/") or media in _BYTES) or _TELEPHONE.match(media):
            raise MalformedBody("neither a sound file by its first bytes nor 16-bit by its type")
        return _Audio(
            _Raw(self._named("rate", self._rate_hz), self._named("channels", 1)),
            rate_hz=self._rate_hz,
        )

    def _named(self, name: str, otherwise: int) -> int:
        found = re.search(rf"{name}=(\d{{1,6}})\b", self._label)
        value = int(found[1]) if found else otherwise
        return value if (value in _RATES_HZ if name == "rate" else 0 < value <= 8) else otherwise


class _Raw:
    """Bare samples. Noise in the middle of them is refused too."""

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._rate_hz, self._channels = rate_hz, channels
        self._held = b""
        self._watched = b""

    def feed(self, data: bytes) -> Iterator[Chunk]:
        data = self._held + data
        size = len(data) // (2 * self._channels) * 2 * self._channels
        self._held = data[size:]
        samples = np.frombuffer(data[:size], "<i2")
        self._watched += data[:size]
        if len(self._watched) >= _WATCHED_BYTES:
            if is_noise(np.frombuffer(self._watched, "<i2")):
                raise MalformedBody("noise in place of 16-bit samples")
            self._watched = b""
        if self._channels > 1:
            frames = samples.reshape(-1, self._channels)
            samples = frames.mean(axis=1, dtype=np.float32).astype("<i2")
        if len(samples):
            yield self._rate_hz, samples

    def end(self) -> Iterable[Chunk]:
        return ()


class _Wav(WavStream):
    def end(self) -> Iterable[Chunk]:
        return ()


class _Audio:
    """What a decoder gives, at one rate."""

    def __init__(self, decoder: _Decoder, *, rate_hz: int) -> None:
        self._decoder = decoder
        self._rate_hz = rate_hz
        self._from_hz = rate_hz
        self._resampler: rtc.AudioResampler | None = None

    def feed(self, data: bytes) -> bytes:
        return self._bytes(lambda: self._decoder.feed(data))

    def end(self) -> bytes:
        return self._bytes(self._decoder.end) + self._rest()

    def _bytes(self, decode: Any) -> bytes:
        try:
            return b"".join(self._resampled(*chunk) for chunk in decode())
        except NotDecodable as error:
            raise MalformedBody(str(error)) from None

    def _resampled(self, from_hz: int, samples: Any) -> bytes:
        rest = b""
        if from_hz != self._from_hz:
            rest, self._from_hz = self._rest(), from_hz
            if from_hz != self._rate_hz:
                self._resampler = rtc.AudioResampler(from_hz, self._rate_hz)
        data: bytes = samples.tobytes()
        if self._resampler is None:
            return rest + data
        return rest + _joined(self._resampler.push(bytearray(data)))

    def _rest(self) -> bytes:
        """What the resampler still holds."""
        resampler, self._resampler = self._resampler, None
        return b"" if resampler is None else _joined(resampler.flush())


def _joined(frames: Iterable[rtc.AudioFrame]) -> bytes:
    return b"".join(bytes(frame.data.cast("B")) for frame in frames)


class _Messages:
    """JSON objects with audio in them, in base64."""

    def __init__(self, inner: SpeechBody) -> None:
        self._inner = inner
        self._held: list[bytes] = []
        """The beginning of a line, of which the end has not come."""
        self._held_bytes = 0
        self.usage = 0, 0

    def feed(self, data: bytes) -> bytes:
        """Take in bytes and return the audio of the messages that are complete."""
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > _BODY_LIMIT:
            raise MalformedBody("an endless message")
        if b"\n" not in data:
            return b""
        *lines, rest = b"".join(self._held).split(b"\n")
        self._held, self._held_bytes = [rest], len(rest)
        return b"".join(self._line(line.rstrip(b"\r")) for line in lines)

    def end(self) -> bytes:
        """Return the audio of a last message without its end."""
        raise NotImplementedError

    def _line(self, line: bytes) -> bytes:
        raise NotImplementedError

    def _failed(self) -> NoReturn:
        """The server tells of an error."""
        raise ServerFault("the server reported an error in the middle of its answer")

    def _message(self, text: bytes) -> bytes:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            raise MalformedBody("a message that is not JSON") from None
        if not isinstance(message, dict):
            raise MalformedBody("a message that is not an object")
        if message.get("error") or message.get("type") == "error":
            self._failed()
        usage = message.get("usage") or message.get("token_usage")
        if isinstance(usage, dict):
            self.usage = usage.get("input_tokens") or 0, usage.get("output_tokens") or 0
        value: Any = next((message[name] for name in _AUDIO_FIELDS if message.get(name)), "")
        if isinstance(value, dict):
            value = value.get("data")
        try:
            audio = base64.b64decode(_DATA_URL.sub("", value), validate=True)
        except (TypeError, ValueError):
            raise MalformedBody("a message whose audio is not base64") from None
        return self._inner.feed(audio) if audio else b""


class _Events(_Messages):
    """Server-sent events."""

    def __init__(self, inner: SpeechBody) -> None:
        super().__init__(inner)
        self._data: list[bytes] = []

    def end(self) -> bytes:
        return self.feed(b"\n\n") + self._inner.end()

    def _line(self, line: bytes) -> bytes:
        if line.startswith(b"data:"):
            self._data.append(line[5:].removeprefix(b" "))
        if line or not self._data:
            return b""
        data, self._data = b"\n".join(self._data), []
        return b"" if data == b"[DONE]" else self._message(data)


class _Json(_Messages):
    """One JSON object, or one a line."""

    def __init__(self, inner: SpeechBody) -> None:
        super().__init__(inner)
        self._rest: list[bytes] = []
        """Lines of an object that is written in several."""
        self._any_audio = False
        self._size = 0

    def _failed(self) -> NoReturn:
        raise MalformedBody("an error in place of speech")

    def end(self) -> bytes:
        audio = self.feed(b"\n")
        if self._rest:
            audio += self._message(b"\n".join(self._rest))
        audio += self._inner.end()
        if not self._any_audio and not audio:
            raise MalformedBody("JSON without audio")
        return audio

    def _line(self, line: bytes) -> bytes:
        if self._rest or (line.strip() and not line.rstrip().endswith(b"}")):
            self._rest.append(line)
            self._size += len(line)
            if self._size > _BODY_LIMIT:
                raise MalformedBody("an endless message")
            return b""
        audio = self._message(line) if line.strip() else b""
        self._any_audio = self._any_audio or bool(audio)
        return audio
