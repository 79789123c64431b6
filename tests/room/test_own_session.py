"""examples/own_session.py, as it stands, in a real room: somebody else's session and plug-ins."""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rejoinder.scripted_caller.hearing import RATE_HZ
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from testbed.programs import running
from testbed.speech import say
from tests.room.conftest import CallAgent

pytestmark = [pytest.mark.timeout(120), pytest.mark.heard]

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_session.py"
SAID = ("Count for me.", "Yeah.", "Wait, what was that?")
LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen. " * 2


@pytest.fixture
def own(livekit: LiveKitProcess, standing_in: OpenAIStandIn, folder: Path) -> Iterator[None]:
    env = {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.api_key,
        "LIVEKIT_API_SECRET": livekit.api_secret,
        "LIVEKIT_AGENT_NAME": "own",
        "OPENAI_BASE_URL": standing_in.url,
        "OPENAI_API_KEY": "none",
        "PYTHONPATH": str(EXAMPLE.parents[1]),
        "PYTHONUNBUFFERED": "1",
    }
    # --dev: takes calls however busy the machine is, and any free port.
    argv = [sys.executable, "-m", "livekit.agents", "start", "--dev", str(EXAMPLE)]
    with running("own", argv, folder=folder, env=env) as program:
        program.wait_line("registered worker")
        yield


def test_the_example_is_short() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 40


@pytest.fixture(scope="module")
def lines() -> list[Pcm]:
    return [say(text, rate_hz=RATE_HZ) for text in SAID]


async def test_a_barge_in_stops_it_and_a_sign_of_listening_does_not(
    own: None, call_agent: CallAgent, engines: OpenAIStandIn, lines: list[Pcm]
) -> None:
    engines.transcribe = lambda request: SAID[0]
    engines.reply = lambda messages: LONG
    count, yeah, wait = lines
    async with call_agent("own") as caller:
        began = await caller.wait_for_answer(await caller.say(count))
        engines.transcribe = lambda request: SAID[1]
        await asyncio.sleep(max(0.0, began + 2.0 - time.perf_counter()))
        listening = await caller.say(yeah)
        await asyncio.sleep(2.0)
        went_on = caller.hearing.sounds(join_s=0.3)[-1]
        assert went_on.ended > listening.left(len(yeah) / RATE_HZ) + 1.0, "it goes on"
        assert len(engines.of("llm")) == 1
        engines.transcribe = lambda request: SAID[2]
        engines.reply = lambda messages: "It was a number."
        interruption = await caller.say(wait)
        await caller.wait_for_answer(interruption)
        measured = caller.measure(interruption)
    assert measured.barge_in_ms is not None
    assert measured.barge_in_ms < 1000, "it fell silent before the caller had ended"
    history = engines.of("llm")[1].body["messages"]
    answers = [m["content"] for m in history if m["role"] == "assistant"]
    assert LONG.startswith(answers[-1].strip())
    assert len(answers[-1]) < len(LONG) - 10, "the history lacks what was not heard"
