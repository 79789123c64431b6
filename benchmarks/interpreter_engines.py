"""The engines of the interpreter's benchmark, in a process of their own: set delays, real wires.

    python -m benchmarks.interpreter_engines --stt 0.25 --translate 0.15 --tts 0.15

The recogniser is the one of `benchmarks.standin`, which is told what is being said, by several
people at once if need be; as Whisper does it writes commas where it knows what follows, and a full
stop after the newest word. The translator puts the language before the text. The voice says each
word as a tone, and the language's name as the lowest one: a recording shows where each text begins.
"""

import argparse
import asyncio
import json
import re
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from benchmarks.standin import BenchEngines
from benchmarks.whose_sound import Bands, bands, place
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from rejoinder.stand_ins.openai_server import Request

MARK_HZ = 400.0
"""The tone with which each translated text begins; a short one, as it is no word of it."""
_WORD_S, _MARK_S = 0.30, 0.08
_TONE = 0.8
"""Share of a word that sounds; the rest is a gap."""
_LATE_S = 2.0
"""How old the newest sound of an upload is at most."""
_MARKS = ",.;:!?"
_TARGET = re.compile(r"(pt|es|zh|fr|de)\b")


async def say(text: str, *, voice: str, rate_hz: int, speed: float) -> bytes:
    """Each word as a tone of its own, shorter when it is said faster."""
    pieces: list[NDArray[np.float64]] = []
    for word in re.findall(r"[\w']+", text.lower()):
        mark = _TARGET.fullmatch(word) is not None
        hz = MARK_HZ if mark else 600.0 + 60.0 * (zlib.crc32(word.encode()) % 30)
        size = int((_MARK_S if mark else _WORD_S) / speed * rate_hz)
        t = np.arange(int(_TONE * size)) / rate_hz
        fade = np.minimum(1.0, np.minimum(t, t[-1] - t) / 0.005)
        gap = np.zeros(size - len(t))
        pieces.append(np.concatenate([0.5 * fade * np.sin(2 * np.pi * hz * t), gap]))
    samples = np.concatenate([np.zeros(0), *pieces])
    return bytes((samples * 32767).astype("<i2").tobytes())


@dataclass(frozen=True, slots=True)
class Script:
    """What one person says."""

    curve: list[float]
    words: list[tuple[str, float]]
    bands: Bands

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Script":
        """As the benchmark sends it."""
        words = [(str(word), float(end)) for word, end in told["words"]]
        return cls(told["curve"], words, np.array(told["bands"], np.float32))


class Punctuating(BenchEngines):
    """Writes marks as a recogniser does that does not know what follows."""

    def take(self, scripts: Sequence[Script]) -> None:
        """What is being said from now on, by as many people at once."""
        self._scripts = scripts
        self._began = time.monotonic()

    def written(self, request: Request) -> str:
        """The scripted words that an upload holds, as they are written so far."""
        scripts = getattr(self, "_scripts", [])
        if request.audio is None or not scripts:
            return ""
        audio, rate_hz = request.audio, request.audio_rate_hz
        heard = bands(audio, rate_hz)
        length_s = len(audio) / rate_hz
        newest_s = time.monotonic() - self._began - length_s
        places = [
            place(heard, script.bands, least_s=newest_s - _LATE_S, most_s=newest_s)
            for script in scripts
        ]
        best = max(range(len(scripts)), key=lambda n: places[n][1])
        said, (begin_s, _) = scripts[best], places[best]
        self.script(said.curve, said.words)
        text = self.words_from(begin_s, length_s)
        whole = " ".join(word for word, _ in said.words if word)
        if not text or whole.endswith(text):
            return text
        return f"{text.rstrip(_MARKS)}."


async def serve(stt_s: float, translate_s: float, tts_s: float) -> None:
    """Serve until cancelled."""
    engines = Punctuating()
    engines.transcribe = engines.written
    engines.stt = Behaviour(first_byte_s=stt_s)
    engines.tts = Behaviour(first_byte_s=tts_s)
    engines.speech = say

    async def script(request: web.Request) -> web.Response:
        told = await request.json()
        engines.take([Script.of(one) for one in told])
        return web.json_response({})

    engines.extra_routes = [("POST", "/bench/script", script)]
    translator = LibreTranslateStandIn(how=Behaviour(first_byte_s=translate_s))
    async with engines.serve(), translator.serve():
        print(json.dumps({"url": engines.url, "translate": translator.url}), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stt", type=float, default=0.25, help="seconds to a transcript")
    parser.add_argument("--translate", type=float, default=0.15, help="seconds to a translation")
    parser.add_argument("--tts", type=float, default=0.15, help="seconds to the first sound")
    args = parser.parse_args()
    asyncio.run(serve(args.stt, args.translate, args.tts))


if __name__ == "__main__":
    main()
