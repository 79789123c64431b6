"""The engines of the interpreter's benchmark, in a process of their own: set delays, real wires.

    python -m benchmarks.interpreter_engines --stt 0.25 --translate 0.15

The recogniser is the one of `benchmarks.standin`, which is told what is being said; as Whisper does
it writes commas where it knows what follows, and a full stop after the newest word. The translator
puts the language before the text.
"""

import argparse
import asyncio
import json

from aiohttp import web

from benchmarks.standin import BenchEngines
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from rejoinder.stand_ins.openai_server import Request

_MARKS = ",.;:!?"


class Punctuating(BenchEngines):
    """Writes marks as a recogniser does that does not know what follows."""

    def written(self, request: Request) -> str:
        """The scripted words that an upload holds, as they are written so far."""
        text = self.words_in(request)
        whole = " ".join(word for word, _ in getattr(self, "_words", ()))
        if not text or whole.endswith(text):
            return text
        return f"{text.rstrip(_MARKS)}."


async def serve(stt_s: float, translate_s: float) -> None:
    """Serve until cancelled."""
    engines = Punctuating()
    engines.transcribe = engines.written
    engines.stt = Behaviour(first_byte_s=stt_s)

    async def script(request: web.Request) -> web.Response:
        told = await request.json()
        engines.script(told["curve"], [tuple(pair) for pair in told["words"]])
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
    args = parser.parse_args()
    asyncio.run(serve(args.stt, args.translate))


if __name__ == "__main__":
    main()
