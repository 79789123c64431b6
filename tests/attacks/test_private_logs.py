"""A server that repeats the caller in its refusals, and a log with every line switched on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from agent.wording.lexicon import ENGLISH
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from tests.room.conftest import CallAgent, Worker
from tests.room.test_replies import ask, shown

pytestmark = [pytest.mark.timeout(90), pytest.mark.room, pytest.mark.patient]

SECRET = "swordfish marmalade"
INSTRUCTIONS = "You are the keeper of the velvet lighthouse."


@pytest.fixture(scope="module")
def talkative(
    standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]
) -> Iterator[Worker]:
    with start_worker(
        "--log-level",
        "DEBUG",
        OPENAI_BASE_URL=standing_in.url,
        OPENAI_LOG="debug",
        LK_OPENAI_DEBUG="1",
        AGENT_NAME="talkative",
        AGENT_GREETING="Hello there.",
        LLM_INSTRUCTIONS=INSTRUCTIONS,
        LLM_MAX_RETRIES="1",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


async def test_an_error_that_repeats_what_was_said_is_told_and_in_no_line_of_the_log(
    call_agent: CallAgent, talkative: Worker, engines: OpenAIStandIn
) -> None:
    async with call_agent("talkative") as caller:
        for status, times in ((400, 1), (500, 2)):
            engines.llm = Behaviour(status=status, repeats=True)
            asked = len(engines.of("llm"))
            heard = shown(caller).count(ENGLISH.apologies["llm"])
            await caller.type(f"Do not tell anybody about {SECRET}.")
            await caller.wait_until(lambda n=asked + times: len(engines.of("llm")) >= n)
            if not heard:
                await caller.wait_until(lambda: ENGLISH.apologies["llm"] in shown(caller))
            await caller.wait_for_state("listening")
        assert 1 <= shown(caller).count(ENGLISH.apologies["llm"]) <= 2
        engines.llm, engines.tts = Behaviour(), Behaviour(status=500, repeats=True)
        engines.reply = lambda messages: f"I keep {SECRET} to myself."
        await caller.type("What do you do?")
        await caller.wait_until(lambda: any(n["stage"] == "tts" for n in caller.log.notices))
        await caller.wait_for_state("listening")
        engines.tts = Behaviour()
        engines.reply = lambda messages: "All is well."
        await ask(caller, "And now?", expect="All is well.")
    log = talkative.program.log.read_text()
    assert "a stage failed" in log
    assert "status 400" in log or "Refused" in log
    for word in (*SECRET.split(), "velvet", "stand-in fault", "And now?", "All is well"):
        assert word not in log, [line for line in log.splitlines() if word in line][:3]
    assert "\x1b" not in log
