"""An engine from outside the project whose probe does what its options say."""

import asyncio
from typing import Literal

from agent.errors import EngineUnavailable
from agent.options.fields import EngineOptions, setting


class Options(EngineOptions):
    mood: Literal["works", "is down", "is wrong", "hangs", "raises"] = setting(
        "works", "what the probe does"
    )


def build(options: Options) -> None:
    raise AssertionError("a check builds nothing")


async def probe(options: Options) -> str:
    match options.mood:
        case "is down":
            raise EngineUnavailable("http://h:1 cannot be reached; start the server")
        case "is wrong":
            raise EngineUnavailable("set STT_MOOD to works")
        case "hangs":
            await asyncio.sleep(60)
        case "raises":
            raise KeyError("choices")
    return "ten voices"
