"""PCM between the shapes that the libraries want: frames, numpy, raw bytes, WAV files.

Two forms only: `s16le`, signed 16-bit little-endian samples as bytes, which is what goes over
wires and through LiveKit; and `samples`, a float32 array of shape (n,), mono, in [-1, 1), which
is what models take. Going from s16le to samples and back gives the same bytes.

Everything here computes at once and blocks: about 1 ms per second of speech at 48 kHz. Call it
in a thread for whole utterances.
"""

import struct
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from livekit import rtc

Samples: TypeAlias = npt.NDArray[np.float32]
"""Mono samples in [-1, 1), shape (n,). The rate goes beside it, never inside a name."""

SPEECH_RATE_HZ = 16000
"""What every speech recognition model of this project listens at."""

_FULL_SCALE = 32768.0
_SAMPLE_BYTES = 2
_PCM, _EXTENSIBLE = 0x0001, 0xFFFE


def from_s16le(data: bytes | bytearray | memoryview) -> Samples:
    """Mono s16le bytes to samples.

    Raises:
        ValueError: an odd number of bytes, so the last sample is not whole.
    """
    return np.frombuffer(data, "<i2").astype(np.float32) / np.float32(_FULL_SCALE)


def to_s16le(samples: Samples) -> bytes:
    """Samples to mono s16le bytes; what lies outside [-1, 1) is clipped."""
    scaled = np.clip(np.rint(samples * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
    data: bytes = scaled.astype("<i2").tobytes()
    return data


def from_frame(frame: rtc.AudioFrame) -> Samples:
    """One LiveKit frame to samples at the frame's rate; channels are averaged."""
    interleaved = from_s16le(frame.data.cast("B"))
    return _mix(interleaved, frame.num_channels)


def mono_s16le(frame: rtc.AudioFrame) -> bytes:
    """One LiveKit frame to mono s16le bytes at the frame's rate; channels are averaged."""
    if frame.num_channels == 1:
        return bytes(frame.data)
    return to_s16le(from_frame(frame))


def to_frame(samples: Samples, *, rate_hz: int) -> rtc.AudioFrame:
    """Samples to one mono LiveKit frame."""
    return rtc.AudioFrame(
        data=to_s16le(samples),
        sample_rate=rate_hz,
        num_channels=1,
        samples_per_channel=len(samples),
    )


def resample(samples: Samples, *, from_hz: int, to_hz: int) -> Samples:
    """A whole recording at another rate, of the same length in time and without delay.

    libsoxr at its high quality through LiveKit's `AudioResampler`, which works in 16 bits and
    adds a dither of a step or two. Any pair of rates is possible. Pieces of a stream must not be
    converted one by one with this: each call starts from silence.
    """
    if from_hz == to_hz or len(samples) == 0:
        return samples
    resampler = rtc.AudioResampler(from_hz, to_hz, quality=rtc.AudioResamplerQuality.HIGH)
    frames = [*resampler.push(bytearray(to_s16le(samples))), *resampler.flush()]
    return np.concatenate([from_frame(frame) for frame in frames] or [samples[:0]])


def utterance(
    buffer: rtc.AudioFrame | Sequence[rtc.AudioFrame], *, rate_hz: int = SPEECH_RATE_HZ
) -> Samples:
    """What a speech recogniser is given, as mono samples at `rate_hz`.

    Args:
        buffer: one frame, or frames in order that share rate and channels.
        rate_hz: samples per second of the result.
    """
    frames = [buffer] if isinstance(buffer, rtc.AudioFrame) else list(buffer)
    if not frames:
        return np.zeros(0, np.float32)
    joined = np.concatenate([from_frame(frame) for frame in frames])
    return resample(joined, from_hz=frames[0].sample_rate, to_hz=rate_hz)


def to_wav(samples: Samples, *, rate_hz: int) -> bytes:
    """Samples to a whole WAV file: mono, 16 bits, with a 44-byte header.

    Source: the canonical RIFF/WAVE header, PCM format.
    """
    data = to_s16le(samples)
    byte_rate = rate_hz * _SAMPLE_BYTES
    form = struct.pack("<HHIIHH", _PCM, 1, rate_hz, byte_rate, _SAMPLE_BYTES, 8 * _SAMPLE_BYTES)
    chunks = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks)) + chunks


def from_wav(data: bytes) -> tuple[Samples, int]:
    """A whole 16-bit WAV file to (samples, rate in Hz); channels are averaged.

    The lengths in the header are not trusted: programs that stream a WAV write 0 or the largest
    number there. In that case the audio ends where the file does.

    Raises:
        ValueError: not a WAV file, or not 16-bit PCM.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("not a WAV file: it does not begin with RIFF…WAVE")
    at = 12
    channels = rate_hz = 0
    while at + 8 <= len(data):
        name, length = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        at += 8
        if name == b"fmt " and at + 16 <= len(data):
            kind, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", data, at)
            if kind not in (_PCM, _EXTENSIBLE) or bits != 8 * _SAMPLE_BYTES or channels < 1:
                raise ValueError(f"a WAV file of format {kind}, {bits} bits; 16-bit PCM is needed")
        elif name == b"data":
            if not channels:
                raise ValueError("a WAV file without a format before its audio")
            end = at + length if length else len(data)
            pcm = data[at : min(end, len(data))]
            whole = len(pcm) - len(pcm) % (_SAMPLE_BYTES * channels)
            return _mix(from_s16le(pcm[:whole]), channels), rate_hz
        # Chunks are padded to an even length.
        at += length + length % 2
    raise ValueError("a WAV file without audio")


def _mix(interleaved: Samples, channels: int) -> Samples:
    if channels == 1:
        return interleaved
    mono: Samples = interleaved.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return mono
