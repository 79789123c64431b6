"""Lists of engines in real calls: the first one is dead, and each call has a new process."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from agent.wording.lexicon import lexicon_of
from rejoinder.demo.ports import PortPicker
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.stand_ins.openai_server import Behaviour, OpenAIStandIn
from tests.room.conftest import CallAgent, Worker
from tests.room.test_replies import ask

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def lists(standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]) -> Iterator[Worker]:
    with PortPicker() as free:
        near, far = f"http://127.0.0.1:{free.tcp()}/v1", standing_in.url
    with start_worker(
        AGENT_NAME="lists",
        AGENT_ISOLATION="thread",
        AGENT_GREETING="",
        AGENT_GOODBYE_S="0.5",
        TURN_EAGERNESS="patient",
        STT_ENGINE="openai:near,openai:far",
        STT_NEAR_URL=near,
        STT_FAR_URL=far,
        LLM_ENGINE="openai:near,openai:far",
        LLM_NEAR_URL=near,
        LLM_FAR_URL=far,
        LLM_FAR_HEDGE="on",
        TTS_ENGINE="openai:near,openai:far",
        TTS_NEAR_URL=near,
        TTS_FAR_URL=far,
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


async def test_a_dead_first_engine_is_told_once_and_the_next_call_hedges_from_its_first_turn(
    call_agent: CallAgent, lists: Worker, engines: OpenAIStandIn, question: Pcm
) -> None:
    engines.transcribe = lambda request: "What is the meaning of barge in?"
    engines.reply = lambda messages: "You may interrupt."
    async with call_agent("lists") as caller:
        await caller.wait_for_reply(await caller.say(question))
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
        for number in range(2, 10):
            await ask(caller, "And now?", expect="You may interrupt.")
            await caller.wait_until(lambda turns=number: len(caller.log.turns) == turns)
        told = sorted((notice["stage"], notice["text"]) for notice in caller.log.notices)
        assert told == [(stage, lexicon_of("en").stand_by) for stage in ("llm", "stt", "tts")]
        assert caller.agent is not None
        for stage in ("stt", "llm", "tts"):
            assert caller.agent.attributes[f"rejoinder.{stage}"].startswith("openai:far · ")
    async with asyncio.timeout(15):
        while engines.connections:
            await asyncio.sleep(0.05)

    async with call_agent("lists") as caller:

        async def only_the_first_waits(_: object) -> None:
            engines.llm = Behaviour()
            await asyncio.sleep(30.0)

        engines.llm = Behaviour(work=only_the_first_waits)
        asked = len(engines.of("llm"))
        await caller.type("Once more?")
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
        slow, quick = engines.of("llm")[asked:]
        assert (slow.outcome, quick.outcome) == ("cancelled", "completed")
