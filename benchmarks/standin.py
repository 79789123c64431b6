"""Engines of set delays behind real wires, in a process of their own.

    python -m benchmarks.standin --port 9000 --stt 0.2 --stt-per-s 0.02 --llm 0.25 --tts 0.15

OpenAI-shaped transcription, chat and speech, and FunASR's stream of words
(`rejoinder.stand_ins.funasr_server`), each told 150 ms after it was spoken. The recogniser is told
what is being said. It answers with the words that the uploaded audio holds: it finds the upload's
place in the utterance by its loudness curve, and knows a word once no more of it is missing than a
recogniser can do without (`MISSING_MS`); a streamed word is known when it has ended. As a real one
it takes longer for a longer upload, and for each of several at the same time (`benchmarks.cost`).
"""

import argparse
import asyncio
import json
import re
from dataclasses import asdict
from typing import Any

import numpy as np
from aiohttp import web
from numpy.typing import NDArray

from benchmarks.cost import REAL, Cost, Machine
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.funasr_server import FunASRStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn, Request

MISSING_MS = (80,) * 6 + (120,) * 5 + (160,) * 5 + (200,) * 6 + (240,) * 4 + (320,) * 2
"""How much of their end 28 sentences of three voices could lack until Whisper tiny.en no longer
knew them whole, measured in steps of 40 ms. The utterances of a run get them in turn."""
_ORDER = 5
"""Step through them, so that neighbours differ."""
_BEGIN_S = 0.12
"""A word whose beginning lacks this much is known."""
STREAM_S = 0.15
"""From the end of a word to its result in a stream."""
TOKENS_PER_S = 60.0
_HOP_S = 0.01

REPLY = (
    "Certainly, that is easy to explain. Every part of the system works while you speak, so that "
    "the answer is ready when you are. You may interrupt me whenever you like, and I will stop. "
    "Tell me when you want to hear more about it, because there is a lot to say about voices."
)
REPLY_ZH = (
    "当然可以，这个很容易解释。你说话的时候，系统的每个部分都在工作，所以你说完的时候答案已经准备好了。"
    "你可以随时打断我，我会马上停下来。如果你想知道更多，请告诉我，因为关于声音还有很多话可以说。"
)


SHORT = (
    "Certainly, that is easy to explain to you.",
    "You can start it with one command, and then you wait.",
    "It takes about three seconds until it is there.",
    "Yes. There is a page about it in the handbook.",
)
SHORT_ZH = (
    "当然可以，这个很容易解释。",
    "你可以用一个命令启动它，然后等一下。",
    "大约需要三秒钟时间。",
)


def words_of(text: str) -> list[str]:
    """Words in lower case; Chinese character by character."""
    return re.findall(r"[\u4e00-\u9fff]|[a-z0-9']+", text.lower())


def missing_s(turn: int) -> float:
    """How much of their end the words of a run's nth utterance may lack, seconds."""
    return MISSING_MS[turn * _ORDER % len(MISSING_MS)] / 1e3


class BenchEngines(OpenAIStandIn):
    """The stand-in with a script that the benchmark sets while it runs."""

    def script(
        self, curve: list[float], words: list[tuple[str, float]], *, short: bool = False
    ) -> None:
        """What is being said, its loudness per 10 ms and when each word ends; what comes back.

        A word begins where the one before it ends; an empty one is a pause.
        """
        self._curve = np.array(curve)
        self._words = words
        self._short = short
        self._turn = getattr(self, "_turn", 0) + 1
        self._missing_s = missing_s(self._turn)

    def streamed_words(self, audio: NDArray[np.float32], rate_hz: int) -> list[tuple[str, float]]:
        """The scripted words that end in a stream's audio since the script was set, and where."""
        if not getattr(self, "_words", None):
            return []
        hop = int(rate_hz * _HOP_S)
        count = len(audio) // hop
        begins = _begin(_curve(audio[: count * hop].reshape(count, hop)), self._curve)
        ends = [(word, end + begins * _HOP_S) for word, end in self._words]
        return [(word, end) for word, end in ends if end <= count * _HOP_S]

    def _chat_events(self, answer: str | dict[str, Any] | list[dict[str, Any]]) -> list[bytes]:
        """Without the chunk that only names the role: the first one holds the first token."""
        first, *rest = super()._chat_events(answer)
        assert b'"content": ""' in first
        return rest

    def spoken_words(self, text: str, *, accent: str = "") -> list[int]:
        """As in the stand-in, with a tone for each Chinese character; all voices sound alike."""
        return [
            index
            for word in words_of(text)
            for index in super(BenchEngines, self).spoken_words(word)
        ]

    def answer(self, messages: list[dict[str, Any]]) -> str:
        """A long reply, or one of some short ones in turn."""
        asked = str(messages[-1].get("content", ""))
        chinese = any("\u4e00" <= char <= "\u9fff" for char in asked)
        if getattr(self, "_short", False):
            texts = SHORT_ZH if chinese else SHORT
            return texts[self._turn % len(texts)]
        return REPLY_ZH if chinese else REPLY

    def words_in(self, request: Request) -> str:
        """The scripted words that an upload holds."""
        if request.audio is None or not getattr(self, "_words", None):
            return ""
        hop = int(request.audio_rate_hz * _HOP_S)
        count = len(request.audio) // hop
        upload = _curve(request.audio[: count * hop].reshape(count, hop))
        return self.words_from(_place(upload, self._curve) * _HOP_S, count * _HOP_S)

    def words_from(self, begin_s: float, length_s: float) -> str:
        """The scripted words in a part of what is being said."""
        end_s = begin_s + length_s
        return " ".join(
            word
            for (word, end), (_, before) in zip(
                self._words, [("", 0.0), *self._words], strict=False
            )
            if word and end <= end_s + self._missing_s and before >= begin_s - _BEGIN_S
        )


def _curve(frames: NDArray[np.float32]) -> NDArray[np.float64]:
    power = np.mean(np.square(frames.astype(np.float64)), axis=1)
    return np.asarray(np.maximum(10 * np.log10(power + 1e-9), -55.0) + 55.0)


def _place(upload: NDArray[np.float64], script: NDArray[np.float64]) -> int:
    """Where in the script the upload begins, hops; negative: it begins with silence."""
    size = len(upload) + len(script)
    spectrum = np.fft.rfft(script, size) * np.conj(np.fft.rfft(upload, size))
    match = np.fft.irfft(spectrum, size)
    best = int(np.argmax(match))
    return best if best < len(script) else best - size


def _begin(stream: NDArray[np.float64], script: NDArray[np.float64]) -> int:
    """Where in a stream the script begins, hops: its end, if none of it is there yet.

    The whole of the stream is compared, its silence too: of what has just begun little is known.
    """
    size = len(stream) + len(script)
    spectrum = np.fft.rfft(stream, size) * np.conj(np.fft.rfft(script, size))
    alike = np.fft.irfft(spectrum, size)[: len(stream)]
    powers = np.concatenate([[0.0], np.cumsum(script**2)])
    heard = powers[np.minimum(len(stream) - np.arange(len(stream)), len(script))]
    return int(np.argmin(heard - 2 * alike)) if len(stream) and stream.any() else len(stream)


def _tokens(text: str) -> list[str]:
    """About what a language model emits: words of up to two pieces, Chinese by character."""
    pieces: list[str] = []
    for word in text.replace(" ", " \0").split("\0"):
        if any("\u4e00" <= char <= "\u9fff" for char in word):
            pieces += list(word)
        elif len(word) > 8:
            pieces += [word[:5], word[5:]]
        else:
            pieces.append(word)
    return pieces


async def serve(
    port: int, stt: Cost, llm_s: float, tts_s: float, *, endpoint_s: float = 0.8
) -> None:
    """Serve until cancelled."""
    engines = BenchEngines()
    machine = Machine(stt)

    async def work(request: Request) -> None:
        assert request.audio is not None
        await machine.work(len(request.audio) / request.audio_rate_hz)

    engines.transcribe = engines.words_in
    engines.reply = engines.answer
    engines.pieces = _tokens
    engines.stt = Behaviour(work=work)
    engines.llm = Behaviour(first_byte_s=llm_s, between_s=1 / TOKENS_PER_S)
    engines.tts = Behaviour(first_byte_s=tts_s)

    async def script(request: web.Request) -> web.Response:
        told = await request.json()
        engines.script(told["curve"], [tuple(pair) for pair in told["words"]], short=told["short"])
        streaming.forget()
        return web.json_response({})

    async def requests(request: web.Request) -> web.Response:
        since = int(request.query.get("since", "0"))
        rows = []
        for record in engines.requests[since:]:
            row = asdict(record)
            row["audio"] = None if record.audio is None else len(record.audio)
            rows.append(row)
        return web.json_response({"requests": rows, "vocabulary": engines.vocabulary})

    engines.extra_routes = [
        ("POST", "/bench/script", script),
        ("GET", "/bench/requests", requests),
    ]
    streaming = FunASRStandIn(
        hear=engines.streamed_words, delay_s=STREAM_S, ends_after_s=endpoint_s
    )
    async with engines.serve(port=port), streaming.serve():
        print(json.dumps({"url": engines.url, "stream": streaming.url}), flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--stt", type=float, default=REAL.base_s, help="seconds to a transcript of any length"
    )
    parser.add_argument(
        "--stt-per-s", type=float, default=REAL.per_s, help="more for each second of the upload"
    )
    parser.add_argument(
        "--stt-company", type=float, default=REAL.company,
        help="what each request beside it adds to the time it takes: a share of it",
    )  # fmt: skip
    parser.add_argument("--llm", type=float, default=0.25, help="seconds to the first token")
    parser.add_argument("--tts", type=float, default=0.15, help="seconds to the first audio")
    parser.add_argument(
        "--endpoint", type=float, default=0.8,
        help="silence after which a stream's words become final, seconds",
    )  # fmt: skip
    args = parser.parse_args()
    stt = Cost(args.stt, args.stt_per_s, args.stt_company)
    asyncio.run(serve(args.port, stt, args.llm, args.tts, endpoint_s=args.endpoint))


if __name__ == "__main__":
    main()
