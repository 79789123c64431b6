"""From a request to a stream of samples. Everything here blocks; it runs in a worker."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from model_servers.serving.errors import BadRequest
from model_servers.serving.wav import BYTES_PER_SAMPLE
from model_servers.tts.pcm import Resampler
from model_servers.tts.pieces import pieces
from model_servers.tts.scripts import runs
from model_servers.tts.voices import Speaker, Voices

_SILENCE_S = 0.1
"""What is answered when a text has nothing to say, such as "…": clients expect audio."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is known at the end; comes after all audio."""

    audio_s: float
    work_s: float
    """Time in the worker."""


def speak(
    text: str,
    speaker: Speaker,
    voices: Voices,
    *,
    speed: float,
    rate_hz: int,
    most_s: float,
    stop: threading.Event,
) -> Iterator[bytes | Spoken]:
    """Yield s16le mono samples as they are made, then one `Spoken`.

    Parts of the text in a script that the voice cannot read are read by the best voice for
    their language. `stop` is looked at between sentences, by espeak-ng every 60 ms, by Kokoro
    at each step of its model.

    Args:
        text: what to say.
        speaker: the voice that was asked for.
        voices: where other voices come from.
        speed: 1 is normal.
        rate_hz: of the result.
        most_s: longest result, seconds.
        stop: set when nobody listens any more.

    Raises:
        BadRequest: the speech is longer than `most_s`.
    """
    began = time.perf_counter()
    resampler = Resampler(rate_hz)
    sent = 0
    for piece in pieces(text, speed=speed, lengths=speaker.lengths):
        for run in runs(piece, speaker.language, context=text):
            if stop.is_set():
                return
            reader = (run.language and voices.for_language(run.language)) or speaker
            for samples in reader.speak(run.text, speed=speed, stop=stop):
                pcm = resampler.feed(samples, reader.rate_hz)
                sent += len(pcm)
                if sent > most_s * rate_hz * BYTES_PER_SAMPLE:
                    raise BadRequest(
                        f"the speech is longer than this server's limit of {most_s:g} s",
                        param="input",
                        code="speech_too_long",
                    )
                yield pcm
    rest = resampler.finish()
    if sent + len(rest) == 0:
        rest = bytes(int(rate_hz * _SILENCE_S) * BYTES_PER_SAMPLE)
    sent += len(rest)
    yield rest
    yield Spoken(sent / BYTES_PER_SAMPLE / rate_hz, time.perf_counter() - began)
