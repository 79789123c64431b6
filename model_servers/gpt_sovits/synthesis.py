"""From a text to samples, piece by piece. Everything here blocks; it runs in a worker."""

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model_servers.gpt_sovits.voice import Reference, Saying, Voice, Voices
from model_servers.serving.wav import BYTES_PER_SAMPLE

_SILENCE_S = 0.1
"""What a piece with nothing to say becomes, such as "…": clients expect audio."""


@dataclass(frozen=True, slots=True)
class PieceEnd:
    """A piece of the text was spoken to its end."""

    last: bool


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is known at the end; comes after all audio."""

    audio_s: float
    work_s: float
    """Time in the worker."""


def speak(
    pieces: Sequence[str],
    voices: Voices,
    *,
    language: str,
    reference: Reference,
    speed: float,
    stop: threading.Event,
) -> Iterator[bytes | PieceEnd | Spoken]:
    """Yield s16le mono samples as they are made, a `PieceEnd` after each piece, then one `Spoken`.

    `stop` is looked at between two blocks of samples: of a whole piece, or sooner, by the
    setting streaming_mode.

    Args:
        pieces: of the text, in order.
        voices: one of them speaks all pieces.
        language: of the text, GPT-SoVITS's code.
        reference: the recording.
        speed: 1 is the recording's own.
        stop: set when nobody listens any more.
    """
    began = time.perf_counter()
    sent = 0
    silence = bytes(int(voices.rate_hz * _SILENCE_S) * BYTES_PER_SAMPLE)
    with voices.one() as voice:
        for number, piece in enumerate(pieces or [""], 1):
            before = sent
            for pcm in _said(voice, piece, language, reference, speed, stop):
                sent += len(pcm)
                yield pcm
            if stop.is_set():
                return
            if sent == before:
                sent += len(silence)
                yield silence
            yield PieceEnd(last=number >= len(pieces))
    yield Spoken(sent / BYTES_PER_SAMPLE / voices.rate_hz, time.perf_counter() - began)


def _said(
    voice: Voice,
    piece: str,
    language: str,
    reference: Reference,
    speed: float,
    stop: threading.Event,
) -> Iterator[bytes]:
    if piece:
        yield from voice.speak(Saying(piece, language, reference, speed), stop)
