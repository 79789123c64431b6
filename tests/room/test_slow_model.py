"""A model that lets the caller wait: a word to bridge it, and then all of the answer."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from rejoinder.scripted_caller.microphone import Pcm
from testbed.answering import Behaviour
from testbed.openai_server import OpenAIStandIn
from tests.room.conftest import CallAgent

pytestmark = pytest.mark.timeout(60)

FILLER = "Let me have a good long look at that for you now."
REPLY = "It means that you may interrupt. You need not wait for the end of it."


@pytest.fixture
def slow(standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]) -> Iterator[None]:
    with start_worker(
        OPENAI_BASE_URL=standing_in.url,
        AGENT_NAME="slow",
        AGENT_GREETING="",
        LLM_FILLER=FILLER,
        LLM_FILLER_AFTER_S="0.5",
    ):
        yield


async def test_a_long_filler_is_followed_by_the_whole_answer(
    call_agent: CallAgent, slow: None, engines: OpenAIStandIn, question: Pcm
) -> None:
    engines.transcribe = lambda request: "What is the meaning of barge in?"
    engines.reply = lambda messages: REPLY
    engines.llm = Behaviour(first_byte_s=8.0)
    async with call_agent("slow") as caller:
        await caller.say(question)

        def spoken() -> str:
            return " ".join(caption.text for caption in caller.log.captions if caption.by_agent)

        await caller.wait_until(lambda: "the end of it." in spoken(), timeout_s=30)
        assert spoken().split() == f"{FILLER} {REPLY}".split()
