"""From an uploaded file to the samples that recognisers hear.

16-bit PCM in a WAV file, which is what voice agents send, is read here; everything else is
decoded by a process of its own (`decoder.py`), and so is a long recording of another rate.
"""

import math
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from model_servers.serving import decoder
from model_servers.serving.errors import BadRequest

RATE_HZ = decoder.RATE_HZ
"""The only rate that Whisper and SeamlessM4T know."""

Samples = NDArray[np.float32]
"""Shape (n,), mono, in [-1, 1], at RATE_HZ."""

_PCM, _EXTENSIBLE = 1, 0xFFFE
_LONGEST_AT_ONCE = 3_000_000
"""Samples that are resampled in one go, a minute at 48 kHz: about 0.2 s and 100 MB."""
_PAD_S = 0.05
"""Silence between the end and the beginning, which a Fourier transform takes for neighbours."""
_LONGEST_DECODING_S = 60.0
_LOOK_S = 0.02
"""How soon a decoding ends that nobody waits for any more."""


def decode(upload: bytes, *, max_audio_s: float, stop: threading.Event | None = None) -> Samples:
    """Decode an audio file: WAV, FLAC, Ogg, MP3, AAC, AMR, WebM, MP4 and a few more.

    Blocks; runs in a worker. Ends early, with what is not to be used, once `stop` is set.

    Raises:
        BadRequest: it is no audio, or longer than `max_audio_s`.
    """
    wav = read_wav(upload)
    if wav is None:
        return _decode_apart(upload, max_audio_s, stop or threading.Event())
    if len(wav.pcm) / wav.rate_hz > max_audio_s:
        raise _too_long(max_audio_s)
    if wav.rate_hz != RATE_HZ and len(wav.pcm) > _LONGEST_AT_ONCE:
        return _decode_apart(upload, max_audio_s, stop or threading.Event())
    mono = wav.pcm.astype(np.float32).mean(axis=1) / np.float32(32768)
    return mono if wav.rate_hz == RATE_HZ else resample(mono, wav.rate_hz)


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
    """Bring mono samples from `rate_hz` to RATE_HZ: what both can hold of their spectrum stays."""
    common = math.gcd(rate_hz, RATE_HZ)
    blocks = math.ceil((len(samples) + rate_hz * _PAD_S) / (rate_hz // common))
    before, after = blocks * (rate_hz // common), blocks * (RATE_HZ // common)
    spectrum = np.fft.rfft(samples, before)
    resampled = np.fft.irfft(spectrum[: after // 2 + 1], after)[
        : round(len(samples) * RATE_HZ / rate_hz)
    ]
    return (resampled * (after / before)).astype(np.float32)


def _decode_apart(upload: bytes, max_audio_s: float, stop: threading.Event) -> Samples:
    command = [sys.executable, "-P", str(Path(decoder.__file__)), str(max_audio_s)]
    quiet = subprocess.DEVNULL  # FFmpeg repeats what is in the file
    until = time.monotonic() + _LONGEST_DECODING_S
    with (
        # Without a name: nothing is left of it, however this process ends.
        tempfile.TemporaryFile() as file,
        subprocess.Popen(
            command, stdin=_filled(file, upload), stdout=subprocess.PIPE, stderr=quiet
        ) as process,
    ):
        try:
            while True:
                try:
                    pcm, _ = process.communicate(timeout=_LOOK_S)
                    break
                except subprocess.TimeoutExpired:
                    if stop.is_set() or time.monotonic() > until:
                        raise _not_audio() from None
        finally:
            process.kill()
    if process.returncode == decoder.TOO_LONG:
        raise _too_long(max_audio_s)
    if process.returncode == 1:
        raise RuntimeError("the decoder cannot be run")
    if process.returncode != 0:
        raise _not_audio()  # killed by its limits too
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32768)


def _filled(file: IO[bytes], content: bytes) -> IO[bytes]:
    file.write(content)
    file.seek(0)
    return file


def _too_long(max_audio_s: float) -> BadRequest:
    return BadRequest(
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
