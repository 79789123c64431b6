"""Recordings of people who say a sentence: Debian's packages asterisk-core-sounds-*-g722.

    pcm = recording("en", "conf-onlyperson", rate_hz=48000)

Studio recordings, G.722 at 16 kHz, one person for each language. CC BY-SA 3.0: they are no part of
this repository. `benchmarks.prompts` fetches all of them, with their texts, without root.
"""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

FETCHED = Path.home() / ".cache" / "rejoinder" / "prompts"
INSTALLED = Path("/usr/share/asterisk/sounds")
SPEAKERS = {
    "en": "en_US_f_Allison",
    "es": "es_MX_f_Allison",
    "fr": "fr_CA_f_June",
    "it": "it_IT_m_Carlo",
    "ru": "ru_RU_f_IvrvoiceRU",
}


def find(language: str, name: str) -> Path | None:
    """The file of a recording, if it is here."""
    files = (folder / SPEAKERS[language] / f"{name}.g722" for folder in (FETCHED, INSTALLED))
    return next((file for file in files if file.is_file()), None)


def decode(file: Path, *, rate_hz: int) -> NDArray[np.float32]:
    """Samples of a recording: float32 mono at `rate_hz` in [-1, 1]. Blocks."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate_hz)
    with av.open(str(file), format="g722") as container:
        frames = [
            out for frame in container.decode(audio=0) for out in resampler.resample(frame)
        ] + resampler.resample(None)
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)
