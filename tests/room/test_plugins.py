"""Engines that are livekit-agents' plug-ins, in a real call, whose process was forked from one that
had imported them."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack

import numpy as np
import pytest

from rejoinder.scripted_caller.hearing import voiced_span
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.stand_ins.deepgram_server import DeepgramStandIn, Word
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.programs import Background
from tests.room.conftest import CallAgent, Worker

pytestmark = pytest.mark.timeout(120)

ASKED = "What is the meaning of barge in?"
_LOUD = 0.02


@pytest.fixture(scope="module")
def deepgram(background: Background) -> Iterator[DeepgramStandIn]:
    stack = AsyncExitStack()
    yield background.run(stack.enter_async_context(DeepgramStandIn().serve()))
    background.run(stack.aclose())


@pytest.fixture(scope="module")
def plugins(
    deepgram: DeepgramStandIn, standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]
) -> Iterator[Worker]:
    near = {"base_url": standing_in.url, "api_key": "${THE_KEY}"}
    with start_worker(
        AGENT_NAME="plugins",
        AGENT_GREETING="",
        AGENT_GOODBYE_S="0.5",
        STT_ENGINE="plugin",
        STT_PLUGIN="deepgram.STT",
        STT_PLUGIN_OPTIONS=json.dumps({"base_url": deepgram.url, "endpointing_ms": 300}),
        DEEPGRAM_API_KEY="of-the-plug-in",
        LLM_ENGINE="plugin",
        LLM_PLUGIN="openai.LLM",
        LLM_PLUGIN_OPTIONS=json.dumps(near),
        TTS_ENGINE="plugin",
        TTS_PLUGIN="openai.TTS",
        TTS_PLUGIN_OPTIONS=json.dumps({**near, "voice": "alloy", "response_format": "pcm"}),
        THE_KEY="of-the-person",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


def hears(text: str, *, length_s: float) -> Callable[[np.ndarray, int], list[Word]]:
    """The words of one utterance, evenly from its first sound on."""
    words = text.split()
    each_s = length_s / len(words)

    def hear(pcm: np.ndarray, rate_hz: int) -> list[Word]:
        loud = np.flatnonzero(np.abs(pcm) > _LOUD)
        began = loud[0] / rate_hz if len(loud) else float("inf")
        placed = [
            (word, began + number * each_s, began + (number + 1) * each_s)
            for number, word in enumerate(words)
        ]
        return [one for one in placed if one[2] <= len(pcm) / rate_hz]

    return hear


async def test_a_call_whose_three_engines_are_plugins(
    call_agent: CallAgent,
    plugins: Worker,
    deepgram: DeepgramStandIn,
    engines: OpenAIStandIn,
    question: Pcm,
) -> None:
    engines.api_key = "of-the-person"
    deepgram.api_key = "of-the-plug-in"
    began_s, ended_s = voiced_span(question)
    deepgram.hear = hears(ASKED, length_s=ended_s - began_s)
    engines.reply = lambda messages: "You may interrupt."
    async with call_agent("plugins") as caller:
        await caller.wait_for_reply(await caller.say(question))
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
        assert caller.agent is not None
        labels = {
            stage: caller.agent.attributes[f"rejoinder.{stage}"] for stage in ("stt", "llm", "tts")
        }
        assert caller.log.notices == []
    assert {label.split(" · ")[0] for label in labels.values()} == {"plugin"}
    assert len(deepgram.sessions) == 1
    # A pause within the question may have been worth a guess.
    answered = engines.of("llm")[-1].body["messages"][-1]["content"]
    assert answered.strip(".?") == ASKED.strip("?")
    spoken = " ".join(request.body["input"] for request in engines.of("tts"))
    assert spoken.endswith("You may interrupt.")
    async with asyncio.timeout(15):
        while deepgram.sessions[0].outcome == "open" or engines.connections:
            await asyncio.sleep(0.05)
