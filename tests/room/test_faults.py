"""Bugs in the worker's own parts, put into the real process: none leaves a call deaf or mute."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.wording.lexicon import ENGLISH
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.waiting import until
from tests.room.conftest import CallAgent, Worker

pytestmark = pytest.mark.timeout(120)


@dataclass(frozen=True)
class Faults:
    """What is broken in the worker's process (tests/fakes/faults.py)."""

    file: Path

    def begin(self, name: str) -> None:
        self.file.write_text(name)

    def end(self) -> None:
        self.file.unlink(missing_ok=True)

    @property
    def pending(self) -> bool:
        return self.file.exists()


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Faults:
    return Faults(tmp_path_factory.mktemp("faults") / "fault")


@pytest.fixture(scope="module")
def faulty(
    standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack], faults: Faults
) -> Iterator[Worker]:
    with start_worker(
        OPENAI_BASE_URL=standing_in.url,
        AGENT_NAME="faulty",
        AGENT_ISOLATION="thread",
        AGENT_GREETING="",
        STT_ENGINE="tests.fakes.faults",
        STT_FAULT_FILE=str(faults.file),
        TURN_EAGERNESS="patient",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def no_fault_yet(faults: Faults) -> None:
    faults.end()


async def test_a_room_that_takes_no_messages_does_not_end_the_call(
    call_agent: CallAgent, faulty: Worker, faults: Faults, engines: OpenAIStandIn, question: Pcm
) -> None:
    engines.reply = lambda messages: "Still here."
    async with call_agent("faulty") as caller:
        faults.begin("messages")
        await caller.wait_for_reply(await caller.say(question))
        await caller.wait_for_reply(await caller.say(question))
        assert caller.log.turns == []
        faults.end()
        await caller.wait_for_reply(await caller.say(question))
        await caller.wait_until(lambda: len(caller.log.turns) == 1)


@pytest.mark.parametrize("fault", ["turns-once", "detector-once"])
async def test_a_bug_while_somebody_speaks_costs_one_utterance(
    fault: str,
    call_agent: CallAgent,
    faulty: Worker,
    faults: Faults,
    engines: OpenAIStandIn,
    question: Pcm,
) -> None:
    engines.reply = lambda messages: "Still here."
    async with call_agent("faulty") as caller:
        faults.begin(fault)
        await caller.say(question)
        await until(lambda: not faults.pending, "the fault")
        await caller.wait_until(lambda: len(caller.log.notices) == 1)
        await caller.hearing.wait_for_sound(after=time.perf_counter())
        await caller.hearing.wait_for_silence(lasting_s=0.8)
        await caller.wait_for_reply(await caller.say(question))
        assert caller.log.captions[-1].text.strip() == "Still here."
        assert [notice["stage"] for notice in caller.log.notices] == ["stt"]
    assert "what the caller said" not in faulty.program.log.read_text()


async def test_a_part_that_always_fails_ends_the_call_with_a_sentence(
    call_agent: CallAgent, faulty: Worker, faults: Faults, engines: OpenAIStandIn, question: Pcm
) -> None:
    async with call_agent("faulty") as caller:
        faults.begin("turns")
        await caller.wait_until(lambda: any(n["stage"] == "session" for n in caller.log.notices))
        await caller.hearing.wait_for_sound(after=time.perf_counter())
        await caller.wait_until(lambda: caller.agent is None)
        said = " ".join(caption.text for caption in caller.log.captions if caption.by_agent)
        assert said.split() == ENGLISH.apologies["session"].split()
