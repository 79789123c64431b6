"""livekit-server, stand-in engines and the workers to compare, as real processes."""

import asyncio
import contextlib
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from numpy.typing import NDArray

from agent.audio import pcm
from benchmarks.voices import RATE_HZ, Spoken
from rejoinder.demo.own_servers import whisper_beside_a_worker
from rejoinder.demo.ports import PortPicker
from rejoinder.scripted_caller.caller import Caller, join
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from testbed.programs import Program, running

FRAME_S = 0.010
"""Of callers that are measured."""

OURS, VANILLA, TUNED = "ours", "vanilla", "tuned"
THREADS = "ours-threads"
"""All calls in one process: AGENT_ISOLATION=thread."""
DOCUMENTS = "ours-documents"
"""The same as `OURS`, with passages of this project's pages for each question."""
PERSONAS = "ours-personas"
"""The same as `OURS`, with two personas of different voices, `one` and `other`."""
PATH = "path"
"""No agent: a participant that sends back what it hears."""


@dataclass
class Rig:
    """Everything that runs during a benchmark."""

    livekit: LiveKitProcess
    http: aiohttp.ClientSession
    folder: Path
    engines_url: str
    """Base URL of the stand-in, with /v1; empty with real engines."""
    workers: dict[str, Program]
    whisper_url: str = ""
    """Base URL of our Whisper server, with /v1; empty with stand-ins."""
    seen: int = 0

    @asynccontextmanager
    async def call(self, system: str, *, url: str | None = None) -> AsyncIterator[Caller]:
        """Join a new room that the worker of `system` is sent to, or an echo.

        Args:
            system: who is there.
            url: to join by; None: the server's own.
        """
        room = f"bench-{secrets.token_hex(4)}"
        if system == PATH:
            async with self._echo(room) as caller:
                yield caller
            return
        async with calling(url or self.livekit.url, self.token(system, room)) as caller:
            yield caller

    def token(self, system: str, room: str) -> str:
        """Sign a caller's token for a room that the worker of `system` is sent to."""
        return self.livekit.token(room, "caller", dispatch=system)

    @asynccontextmanager
    async def _echo(self, room: str) -> AsyncIterator[Caller]:
        env = {
            "LIVEKIT_URL": self.livekit.url,
            "LIVEKIT_TOKEN": self.livekit.token(room, "echo"),
            "PYTHONUNBUFFERED": "1",
        }
        argv = [sys.executable, "-m", "benchmarks.echo_participant"]
        with running("echo", argv, folder=self.folder, env=env) as program:
            await asyncio.to_thread(program.wait_line, "ready")
            async with join(
                self.livekit.url, self.livekit.token(room, "caller"), frame_s=FRAME_S
            ) as caller:
                await asyncio.sleep(2.0)
                yield caller

    async def script(self, spoken: Spoken, *, short: bool = False) -> None:
        """Tell the stand-ins what is about to be said, and whether a short reply will do."""
        if not self.engines_url:
            return
        hop = RATE_HZ // 100
        count = len(spoken.pcm) // hop
        frames = spoken.pcm[: count * hop].reshape(count, hop).astype(np.float64)
        power = np.mean(frames**2, axis=1)
        curve = np.maximum(10 * np.log10(power + 1e-9), -55.0) + 55.0
        body = {"curve": [round(float(v), 2) for v in curve], "words": spoken.words, "short": short}
        url = self.engines_url.removesuffix("/v1") + "/bench/script"
        async with self.http.post(url, json=body) as answer:
            answer.raise_for_status()

    async def recognised(self, samples: NDArray[np.float32]) -> str:
        """What our Whisper server makes of a recording, 48 kHz mono."""
        form = aiohttp.FormData({"model": "whisper-tiny.en"})
        form.add_field("file", pcm.to_wav(samples, rate_hz=RATE_HZ), filename="answer.wav")
        async with self.http.post(f"{self.whisper_url}/audio/transcriptions", data=form) as answer:
            answer.raise_for_status()
            return str((await answer.json())["text"])

    async def requests(self) -> tuple[list[dict[str, Any]], list[str]]:
        """What the stand-in was asked since the last look, and the words of its voice."""
        if not self.engines_url:
            return [], []
        url = self.engines_url.removesuffix("/v1") + f"/bench/requests?since={self.seen}"
        async with self.http.get(url) as answer:
            told = await answer.json()
        self.seen += len(told["requests"])
        return told["requests"], told["vocabulary"]


@asynccontextmanager
async def calling(url: str, token: str, *, frame_s: float = FRAME_S) -> AsyncIterator[Caller]:
    """Join, and wait for an agent that listens."""
    async with join(url, token, frame_s=frame_s) as caller:
        await caller.wait_for_state("listening", "idle", timeout_s=40)
        await caller.wait_until(lambda: caller.agent is not None)
        await asyncio.sleep(0.7)
        yield caller


@asynccontextmanager
async def rig(
    folder: Path,
    *,
    systems: list[str],
    delays: Mapping[str, float] | None,
    env: Mapping[str, str] | None = None,
    gradio: bool = False,
    streaming: bool = False,
    redis: str = "",
) -> AsyncIterator[Rig]:
    """Start everything.

    Args:
        folder: for logs.
        systems: workers to start, by name.
        delays: of the stand-in engines, as its options name them; None: our Whisper and speech
            servers and the engine `handbook`, shared by all systems.
        env: further settings of the workers.
        gradio: put a Gradio server in front of the stand-in recogniser.
        streaming: use the stand-in recogniser that streams.
        redis: address of one, for a server that knows telephones.
    """
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - nothing else runs yet
    with ExitStack() as programs:
        async with (
            run_livekit(livekit_binary(), folder, redis=redis) as livekit,
            aiohttp.ClientSession() as http,
        ):
            engines_url = ""
            settings = dict(env or {})
            if delays is not None:
                argv = [sys.executable, "-m", "benchmarks.standin"]
                for name, seconds in delays.items():
                    argv += [f"--{name.replace('_', '-')}", str(seconds)]
                standin = programs.enter_context(
                    running("standin", argv, folder=folder, env={"PYTHONUNBUFFERED": "1"})
                )
                line = await asyncio.to_thread(standin.wait_line, '{"url"')
                told = json.loads(line)
                engines_url = told["url"]
                settings["OPENAI_BASE_URL"] = engines_url
                if streaming:
                    settings |= {"STT_ENGINE": "funasr", "STT_URL": told["stream"]}
                if gradio:
                    settings |= await _gradio(programs, folder, engines_url)
            else:
                settings |= await _real_engines(programs, folder)
            workers = {}
            for system in systems:
                workers[system] = programs.enter_context(_worker(system, livekit, folder, settings))
            for system, program in workers.items():
                await asyncio.to_thread(program.wait_line, "registered worker")
                print(f"{system}: registered", flush=True)
            whisper_url = settings["STT_URL"] if delays is None else ""
            yield Rig(livekit, http, folder, engines_url, workers, whisper_url)


async def _gradio(programs: ExitStack, folder: Path, engines_url: str) -> dict[str, str]:
    """Start the Gradio server; returns the settings that point to it."""
    argv = [sys.executable, "-m", "benchmarks.gradio_standin", "--engines", engines_url]
    program = programs.enter_context(
        running("gradio", argv, folder=folder, env={"PYTHONUNBUFFERED": "1"})
    )
    line = await asyncio.to_thread(program.wait_line, '{"url"')
    return {
        "STT_ENGINE": "gradio", "STT_PRESET": "whisper", "STT_URL": json.loads(line)["url"]
    }  # fmt: skip


async def _real_engines(programs: ExitStack, folder: Path) -> dict[str, str]:
    """Start our model servers; returns the settings that point to them."""
    urls = {}
    for name in ("whisper", "tts"):
        with PortPicker() as free:
            port = free.tcp()
        argv = [sys.executable, "-m", f"model_servers.{name}", "--port", str(port)]
        env = whisper_beside_a_worker(os.cpu_count() or 1) | {"PYTHONUNBUFFERED": "1"}
        program = programs.enter_context(running(name, argv, folder=folder, env=env))
        urls[name] = f"http://127.0.0.1:{port}"
        await asyncio.to_thread(program.wait_ready, f"{urls[name]}/ready")
    return {
        "STT_ENGINE": "openai", "STT_URL": f"{urls['whisper']}/v1",
        "TTS_ENGINE": "openai", "TTS_URL": f"{urls['tts']}/v1", "LLM_ENGINE": "handbook",
    }  # fmt: skip


def _worker(
    system: str, livekit: LiveKitProcess, folder: Path, settings: Mapping[str, str]
) -> contextlib.AbstractContextManager[Program]:
    env = {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.api_key,
        "LIVEKIT_API_SECRET": livekit.api_secret,
        "AGENT_NAME": system,
        "AGENT_ISOLATION": "thread" if system == THREADS else "process",
        "AGENT_GREETING": "",
        "AGENT_MAX_CALLS": "32",
        "AGENT_IDLE_PROCESSES": os.environ.get("BENCH_IDLE", "1"),
        "AGENT_HEALTH_PORT": "0",
        "PYTHONUNBUFFERED": "1",
        **settings,
    }
    if system == DOCUMENTS:
        env |= {"DOCUMENTS": str(Path(__file__).parents[1] / "docs"), "DOCUMENTS_MIN_MATCH": "0"}
    if system == PERSONAS:
        env |= {"PERSONAS": str(_personas(folder / "personas"))}
    if system in (OURS, THREADS, DOCUMENTS, PERSONAS):
        argv = [sys.executable, "-m", "rejoinder", "start"]
    else:
        env["BENCH_VARIANT"] = system
        worker = Path(__file__).parent / "vanilla_worker.py"
        argv = [sys.executable, "-m", "livekit.agents", "start", str(worker)]
        env["PYTHONPATH"] = str(Path(__file__).parent.parent)
    return running(system, argv, folder=folder, env=env)


def _personas(folder: Path) -> Path:
    folder.mkdir()
    for name, voice in (("one", "nova"), ("other", "onyx")):
        written = f"title: {name}\ninstructions: You are {name}.\ngreeting: I am {name}.\n"
        (folder / f"{name}.yaml").write_text(f"{written}voice: {{name: {voice}}}\n", "utf-8")
    return folder
