"""A GPT-SoVITS server with two recordings, a voices file that names them, and engines for both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.tts.gpt_sovits.engine import build
from agent.tts.gpt_sovits.options import Options
from agent.tts.served.voice import ServedVoice
from rejoinder.stand_ins.pcm_server import GptSovitsStandIn
from tests.protocol.tts.served_contract import ServedRig

VOICES = """\
[anna]
audio = "/srv/anna.wav"
text = "What Anna says."
language = "en-GB"

[bert]
audio = "/srv/bert.wav"
text = "贝特说的话。"
language = "zh"
speaks = "ja"
more_audio = ["/srv/bert-2.wav", "/srv/bert-3.wav"]
speed = 0.5
"""
TRAINED = "".join(
    f'[{name}]\naudio = "/srv/{name}.wav"\ntext = "x"\n'
    f'gpt_weights = "{name}.ckpt"\nsovits_weights = "{name}.pth"\n'
    for name in ("anna", "bert")
)
"""The same two, with weights of their own."""


class SovitsRig(ServedRig):
    server: GptSovitsStandIn
    voices = ("anna", "bert")


@dataclass
class SovitsBench:
    """Engines are closed with it."""

    server: GptSovitsStandIn
    file: Path
    _engines: list[ServedVoice] = field(default_factory=list)

    def write(self, text: str) -> None:
        """The voices file."""
        self.file.write_text(text, encoding="utf-8")

    def options(self, **changed: Any) -> Options:
        return Options(**{"url": self.server.url, "voices": self.file, **changed})

    async def engine(self, **changed: Any) -> ServedVoice:
        # Files are read for it.
        engine = await asyncio.to_thread(build, self.options(**changed))
        self._engines.append(engine)
        return engine

    async def rig(self, **changed: Any) -> SovitsRig:
        return SovitsRig(self.server, await self.engine(**changed))

    async def aclose(self) -> None:
        for engine in self._engines:
            await engine.aclose()


@asynccontextmanager
async def sovits_bench(folder: Path) -> AsyncIterator[SovitsBench]:
    standin = GptSovitsStandIn(recordings={"/srv/anna.wav": 5.0, "/srv/bert.wav": 7.0})
    async with standin.serve() as server:
        bench = SovitsBench(server, folder / "voices.toml")
        bench.write(VOICES)
        yield bench
        await bench.aclose()
