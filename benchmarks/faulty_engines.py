"""The stand-ins of `benchmarks.faults`: each fails in a set way as a request reaches it."""

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Literal

from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.openai_server import OpenAIStandIn, Request

Stage = Literal["stt", "llm", "tts"]
STAGES: tuple[Stage, ...] = ("stt", "llm", "tts")
TIMEOUT_S = 2.0
"""What the settings grant `near` for its first answer, and for a pause in one."""
QUESTION = "What is the meaning of barge in?"
REPLY = (
    "Alpha bravo charlie delta echo foxtrot golf. Hotel india juliet kilo lima mike november. "
    "Oscar papa quebec romeo sierra tango."
)
NAMES = tuple(REPLY.lower().replace(".", "").split())
"""Words of the reply; each has a tone of its own, all other words have one together."""
_OTHER = "(another word)"
_DELAYS = {"stt": 0.2, "llm": 0.25, "tts": 0.15}
_TOKEN_S, _PIECE_S = 0.02, 0.005
_INTO_ANSWER = {"llm": 5, "tts": 25}
"""Tokens, and pieces of 50 ms, after which an answer breaks off or stands still."""

FAULTS: dict[str, Sequence[Stage]] = {
    "killed": STAGES,
    "hung": STAGES,
    "slow": STAGES,
    "rate-limited": STAGES,
    "broken off": ("llm", "tts"),
    "stalled": ("llm", "tts"),
}
"""Which stages meet which: only what streams can fail in the middle of an answer."""


class Standing(OpenAIStandIn):
    """Says the words of the reply in tones that nothing else has."""

    def spoken_words(self, text: str, *, accent: str = "") -> list[int]:
        """Their places among `NAMES`; behind them stands every other word."""
        words = re.findall(r"[\w']+", text.lower())
        return [NAMES.index(word) if word in NAMES else len(NAMES) for word in words]


class Engine:
    """One stand-in, which fails when it is told to."""

    def __init__(self, port: int) -> None:
        self.server = Standing(
            transcribe=lambda request: QUESTION,
            reply=lambda messages: REPLY,
            vocabulary=[*NAMES, _OTHER],
        )
        self._port = port
        self._stack: AsyncExitStack | None = None
        self.struck_at: float | None = None
        self.recover()

    @property
    def url(self) -> str:
        """Its base URL, with /v1."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def start(self) -> None:
        """Listen, again too."""
        if self._stack is None:
            self._stack = AsyncExitStack()
            await self._stack.enter_async_context(self.server.serve(port=self._port))

    async def stop(self) -> None:
        """As when its process is killed: no answer is ended properly."""
        stack, self._stack = self._stack, None
        if stack is not None:
            self.server.abort()
            await stack.aclose()

    def recover(self) -> None:
        """Answer as it should."""
        for stage in STAGES:
            setattr(self.server, stage, _healthy(stage))
        self.struck_at = None

    def strike(self, stage: Stage, fault: str) -> None:
        """Meet a fault with the next request of a stage, and stay with it."""
        how: Behaviour = getattr(self.server, stage)

        async def meet(record: Request) -> None:
            first = self.struck_at is None
            self.struck_at = self.struck_at or time.perf_counter()
            match fault:
                case "killed":
                    if first:
                        self._stopping = asyncio.create_task(self.stop())
                    await asyncio.sleep(3600)
                case "hung":
                    await asyncio.sleep(3600)
                case "slow":
                    await asyncio.sleep(2 * TIMEOUT_S)
                case "rate-limited":
                    how.status = 429
                case "broken off":
                    how.cut_after = _INTO_ANSWER[stage]
                case "stalled":
                    how.stall_after = _INTO_ANSWER[stage]

        how.work = meet


def _healthy(stage: Stage) -> Behaviour:
    between_s = {"stt": 0.0, "llm": _TOKEN_S, "tts": _PIECE_S}[stage]
    return Behaviour(first_byte_s=_DELAYS[stage], between_s=between_s)
