"""The Gradio app of `gradio_m4t.py` as a server like the other stand-ins; needs gradio."""

import asyncio
import json
import socket
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from agent.errors import EngineUnavailable, StartupError
from agent.tasks import begin
from rejoinder.stand_ins.serving import Tell, nobody

_SCRIPT = Path(__file__).parent / "gradio_m4t.py"
_START_S = 60.0
_LOOK_S = 0.2
_END_S = 2.0
_LOG_CHARS = 2000


@dataclass
class GradioStandIn:
    """One page with the endpoints of SeamlessM4T-v2, MooER, Whisper, F5-TTS and MaskGCT."""

    script: dict[str, Any] = field(default_factory=dict)
    """What the model behind it does; see `gradio_m4t.py`."""
    speak: Sequence[str] = ()
    """Beginning of a command line that says texts in place of tones."""
    tell: Tell = nobody
    """Takes a line on each request."""
    url: str = ""
    _folder: Path = field(default_factory=Path)
    _seen: int = 0
    """Bytes of its calls that were told."""

    @asynccontextmanager
    async def serve(self, *, port: int = 0) -> AsyncIterator["GradioStandIn"]:
        """Listen on loopback until the block ends; `url` is set inside it.

        Raises:
            EngineUnavailable: gradio is not installed.
            OSError: the port is taken.
            StartupError: the process did not start.
        """
        if find_spec("gradio") is None:
            raise EngineUnavailable(
                "gradio is not installed here; get it with `uv sync --extra server-whisper`"
            )
        if port:
            # Its own words for this are a traceback.
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        folder = await asyncio.to_thread(_new_folder)
        self._folder = Path(folder.name)
        try:
            await asyncio.to_thread(self.apply)
            process = await self._start(port)
            watching = begin(self._watch(), name="stand-in")
            try:
                yield self
            finally:
                watching.cancel()
                await asyncio.wait({watching})
                await self._look()
                await _end(process)
        finally:
            await asyncio.to_thread(folder.cleanup)

    def apply(self) -> None:
        """Let the model do what `script` says from now on. Blocks."""
        fresh = self._folder / "script.new"
        fresh.write_text(json.dumps(self.script))
        fresh.replace(self._folder / "script.json")

    async def _start(self, port: int) -> Process:
        arguments = [str(self._folder), "--port", str(port), "--speak", json.dumps([*self.speak])]
        log = await asyncio.to_thread((self._folder / "log.txt").open, "wb")
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", str(_SCRIPT), *arguments,
                stdin=PIPE, stdout=PIPE, stderr=log, start_new_session=True,
            )  # fmt: skip
        finally:
            await asyncio.to_thread(log.close)
        assert process.stdout is not None
        line = b""
        try:
            async with asyncio.timeout(_START_S):
                line = await process.stdout.readline()
        except TimeoutError:
            pass
        except BaseException:
            await _end(process)
            raise
        if not line:
            await _end(process)
            said = await asyncio.to_thread((self._folder / "log.txt").read_text, errors="replace")
            raise StartupError(f"the Gradio stand-in did not start:\n{said[-_LOG_CHARS:].strip()}")
        self.url = json.loads(line)["open"]
        return process

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            await self._look()

    async def _look(self) -> None:
        """Tell what was asked since the last look, which the process writes down."""
        fresh = await asyncio.to_thread(_rest_of, self._folder / "calls.jsonl", self._seen)
        for line in fresh.splitlines():
            fact = json.loads(line)
            self.tell(f"{fact['api']}: {fact['event']}")
        self._seen += len(fresh)


def _new_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="gradio-stand-in-")


def _rest_of(file: Path, begin: int) -> bytes:
    """Its whole lines from a byte on."""
    if not file.exists():
        return b""
    with file.open("rb") as lines:
        lines.seek(begin)
        whole, end, _ = lines.read().rpartition(b"\n")
        return whole + end


async def _end(process: Process) -> None:
    """It ends with its input."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(_END_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
