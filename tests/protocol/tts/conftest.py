"""A speech server that says exactly the given bytes, asked through the engine `openai`; GPT-SoVITS
with two voices."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from agent.tts.openai.engine import Options, build
from rejoinder.stand_ins import tones
from tests.protocol.tts.contract import audio
from tests.protocol.tts.raw_server import RawServer
from tests.protocol.tts.sovits_bench import SovitsBench, sovits_bench

RATE_HZ = 24000
PCM = tones.speak([0, 1, 2], rate_hz=RATE_HZ)
EXACT = np.frombuffer(PCM, "<i2") / np.float32(32768)


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with RawServer().serve() as server:
        yield server


@pytest.fixture
async def sovits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SovitsBench]:
    # Turns are kept in a file there.
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    async with sovits_bench(tmp_path) as bench:
        yield bench


async def spoken(raw: RawServer, **options: object) -> np.ndarray:
    engine = build(Options.model_validate({"url": raw.url, **options}))
    try:
        return (await audio(engine, "one two three"))[0]
    finally:
        await engine.aclose()


def split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]
