"""A machine whose environment names proxies that do not reach it: the call is held all the same."""

import asyncio
import os
import sys
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess

pytestmark = [pytest.mark.timeout(90), pytest.mark.patient]

# Port 9 answers nobody.
PROXIES = {
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
}


@pytest.fixture
def proxied(standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]) -> Iterator[None]:
    with start_worker(
        OPENAI_BASE_URL=standing_in.url, AGENT_NAME="proxied", AGENT_GREETING="", **PROXIES
    ):
        yield


async def test_worker_caller_and_engines_on_this_machine_are_reached_without_the_proxy(
    proxied: None,
    livekit: LiveKitProcess,
    engines: OpenAIStandIn,
    question: Pcm,
    tmp_path: Path,
) -> None:
    engines.reply = lambda messages: "Here I am."
    sound = tmp_path / "question.wav"
    with wave.open(str(sound), "wb") as wav:
        wav.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        wav.writeframes((question * 32767).astype(np.int16).tobytes())
    caller = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rejoinder",
        "call", "--url", livekit.url, "--no-greeting", str(sound),
        env={
            **os.environ,
            **PROXIES,
            "AGENT_NAME": "proxied",
            "LIVEKIT_API_KEY": livekit.api_key,
            "LIVEKIT_API_SECRET": livekit.api_secret,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await caller.communicate()
    assert caller.returncode == 0, said.decode()
    assert b"Here I am." in said
