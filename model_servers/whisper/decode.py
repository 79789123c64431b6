"""From an uploaded file to the samples that Whisper hears.

16-bit PCM in a WAV file, which is what voice agents send, is read here; everything else is
decoded by PyAV, which carries FFmpeg's libraries.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from numpy.typing import NDArray

from model_servers.serving.errors import BadRequest

RATE_HZ = 16000
"""The only rate Whisper knows."""

Samples = NDArray[np.float32]
"""Shape (n,), mono, in [-1, 1], at RATE_HZ."""

_PCM, _EXTENSIBLE = 1, 0xFFFE
_BLOCK = 16384
"""Samples per block handed to the resampler."""


def decode(upload: bytes, *, max_audio_s: float) -> Samples:
    """Decode an audio file of any format that FFmpeg knows. Blocks; runs in a worker.

    Raises:
        BadRequest: it is no audio, or longer than `max_audio_s`.
    """
    wav = read_wav(upload)
    if wav is not None:
        _check_length(len(wav.pcm) / wav.rate_hz, max_audio_s)
        mono = wav.pcm.astype(np.float32).mean(axis=1) / np.float32(32768)
        return mono if wav.rate_hz == RATE_HZ else resample(mono, wav.rate_hz)
    return _decode_any(upload, max_audio_s)


@dataclass(frozen=True, slots=True)
class Wav:
    """Sound of a 16-bit WAV file: int16, shape (frames, channels)."""

    pcm: NDArray[np.int16]
    rate_hz: int


def read_wav(upload: bytes) -> Wav | None:
    """Parse a 16-bit PCM WAV file; None when it is something else.

    A length in a header that is 0 or runs past the end of the file counts as "to the end":
    programs that stream WAV do not know it when they write it.
    """
    if upload[:4] != b"RIFF" or upload[8:12] != b"WAVE":
        return None
    position, layout = 12, None
    while position + 8 <= len(upload):
        name, size = struct.unpack_from("<4sI", upload, position)
        position += 8
        if name == b"fmt ":
            if size < 16 or position + 16 > len(upload):
                return None
            tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", upload, position)
            if tag == _EXTENSIBLE and size >= 26 and position + 26 <= len(upload):
                (tag,) = struct.unpack_from("<H", upload, position + 24)
            if tag != _PCM or bits != 16 or not channels or not 1000 <= rate_hz <= 384000:
                return None
            layout = channels, rate_hz
        elif name == b"data":
            if layout is None:
                return None
            channels, rate_hz = layout
            end = min(position + size, len(upload)) if size else len(upload)
            end -= (end - position) % (2 * channels)
            pcm = np.frombuffer(upload, "<i2", (end - position) // 2, position)
            return Wav(pcm.reshape(-1, channels), rate_hz)
        position += size + size % 2
    return None


def resample(samples: Samples, rate_hz: int) -> Samples:
    """Bring mono samples from `rate_hz` to RATE_HZ."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    blocks: list[NDArray[np.float32]] = []
    for start in range(0, len(samples), _BLOCK):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[None, start : start + _BLOCK]), "flt", "mono"
        )
        frame.sample_rate = rate_hz
        blocks += _resampled(resampler, frame)
    blocks += _resampled(resampler, None)
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def _resampled(
    resampler: av.AudioResampler, frame: av.AudioFrame | None
) -> Iterator[NDArray[np.float32]]:
    for out in resampler.resample(frame):
        yield out.to_ndarray().reshape(-1).astype(np.float32, copy=False)


def _decode_any(upload: bytes, max_audio_s: float) -> Samples:
    # Integers: FFmpeg's mono of two float channels would be 3 dB louder and clip.
    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    blocks: list[NDArray[np.float32]] = []
    length = 0
    try:
        with av.open(io.BytesIO(upload), mode="r", metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise _not_audio()
            for frame in _frames(container):
                for block in _resampled(resampler, frame):
                    blocks.append(block / np.float32(32768))
                    length += len(block)
                # A small file can hold hours of silence.
                _check_length(length / RATE_HZ, max_audio_s)
    except (av.FFmpegError, ValueError) as error:
        raise _not_audio() from error
    return np.concatenate(blocks) if blocks else np.zeros(0, np.float32)


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame | None]:
    """Decoded frames, damaged ones left out, then None, which empties a resampler."""
    frames = container.decode(audio=0)
    while True:
        try:
            frame = next(frames)
        except av.error.InvalidDataError:
            continue
        except StopIteration:
            break
        frame.pts = None  # time stamps with gaps would be refused
        yield frame
    yield None


def _check_length(length_s: float, max_audio_s: float) -> None:
    if length_s > max_audio_s:
        raise BadRequest(
            f"the audio is longer than this server's limit of {max_audio_s:g} s",
            param="file",
            code="audio_too_long",
        )


def _not_audio() -> BadRequest:
    return BadRequest(
        "the file is not audio, or of a format that cannot be decoded",
        param="file",
        code="invalid_audio",
    )
