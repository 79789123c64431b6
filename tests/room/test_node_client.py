"""The program of docs/clients.md for Node.js, run as it stands: a client as an app is one."""

import asyncio
import json
import os
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from rejoinder.web.server import running
from testbed.livekit_process import LiveKitProcess
from tests.fakes.node_program import installed, node
from tests.fakes.talk_settings import talk_settings
from tests.room.conftest import Worker

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

PROGRAM = Path(__file__).parents[2] / "examples" / "node_client"
LONG = "One two three four five six seven eight nine ten. " * 8


@pytest.fixture
async def endpoint(livekit: LiveKitProcess, tmp_path: Path) -> AsyncIterator[str]:
    """A token endpoint whose calls the agent "threads" takes."""
    library = tmp_path / "livekit-client.umd.js"
    library.touch()
    async with running(talk_settings(livekit, agent_name="threads"), library=library) as url:
        yield f"{url}api/token"


async def test_a_program_of_node_talks_types_and_uses_what_the_agent_offers(
    endpoint: str, threads: Worker, engines: OpenAIStandIn, question: Pcm, tmp_path: Path
) -> None:
    engines.transcribe = lambda request: "What is barge in?"
    engines.reply = lambda messages: LONG if "more" in str(messages[-1]) else "You may interrupt."
    folder, with_node = await asyncio.to_thread(lambda: (installed(PROGRAM), node()))
    asked, heard = tmp_path / "question.wav", tmp_path / "heard.wav"
    write(asked, question)
    program = await asyncio.create_subprocess_exec(
        *(with_node, "client.mjs", endpoint, asked, heard), cwd=folder,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_ENV": "production"},
    )  # fmt: skip
    try:
        out, errors = await program.communicate()
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    assert program.returncode == 0, errors.decode()
    told = [json.loads(line) for line in out.decode().splitlines() if line.startswith('{"what"')]

    captions = [(t["by"], t["text"].strip()) for t in told if t["what"] == "caption"]
    assert ("caller", "What is barge in?") in captions
    assert ("agent", "You may interrupt.") in captions
    assert captions[-1] == ("agent", "Guten Tag."), "it was told to speak German"
    states = [t["attributes"].get("lk.agent.state") for t in told if t["what"] == "attributes"]
    assert {"listening", "thinking", "speaking"} <= set(states)
    assert [t["interrupted"] for t in told if t["what"] == "rejoinder.turn"] == [False, True]
    answers = {t["method"]: t["answer"] for t in told if t["what"] == "answer"}
    assert answers["get_latency"]["turns"] == 1
    assert answers["interrupt"] == {"interrupted": True}
    assert answers["set_language"] == {"speaks": "de", "hears": "de"}
    assert answers["set_persona"]["name"] == "receptionist"
    assert "Tell me more." in str(engines.of("llm")[-1].body["messages"])
    words = [word for word, _, _ in engines.heard_words(read(heard), rate_hz=RATE_HZ)]
    assert words[:3] == ["you", "may", "interrupt"]


def write(path: Path, pcm: Pcm) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes((np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes())


def read(path: Path) -> Pcm:
    with wave.open(str(path)) as file:
        samples: dict[str, Any] = {"dtype": "<i2"}
        return np.frombuffer(file.readframes(file.getnframes()), **samples) / np.float32(32768)
