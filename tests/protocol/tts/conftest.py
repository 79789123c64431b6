"""A speech server that says exactly the given bytes, asked through the engine `openai`."""

import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest

from agent.tts.openai.engine import Options, build
from testbed import tones
from tests.protocol.tts.contract import audio
from tests.protocol.tts.raw_server import RawServer

RATE_HZ = 24000
PCM = tones.speak([0, 1, 2], rate_hz=RATE_HZ)
EXACT = np.frombuffer(PCM, "<i2") / np.float32(32768)


async def until(condition: Callable[[], object], what: str) -> None:
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"never: {what}")


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with RawServer().serve() as server:
        yield server


async def spoken(raw: RawServer, **options: object) -> np.ndarray:
    engine = build(Options.model_validate({"url": raw.url, **options}))
    try:
        return (await audio(engine, "one two three"))[0]
    finally:
        await engine.aclose()


def split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]
