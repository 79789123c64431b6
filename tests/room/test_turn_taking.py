"""Eager turn-taking in a real room: guesses, a filler, signs of listening, noises."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from functools import partial
from itertools import groupby

import numpy as np
import pytest

from rejoinder.scripted_caller.caller import Caller
from rejoinder.scripted_caller.hearing import RATE_HZ
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.speech import say
from tests.room.conftest import CallAgent

pytestmark = [pytest.mark.timeout(120), pytest.mark.heard]

LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen. " * 2


@pytest.fixture(scope="module")
def eager(standing_in: OpenAIStandIn, start_worker: Callable[..., object]) -> Iterator[None]:
    with start_worker(  # type: ignore[attr-defined]
        OPENAI_BASE_URL=standing_in.url, AGENT_NAME="eager", AGENT_GREETING=""
    ):
        yield


@pytest.fixture
def eager_call(
    call_agent: CallAgent, eager: None
) -> Callable[[], AbstractAsyncContextManager[Caller]]:
    return partial(call_agent, "eager")


async def test_the_answer_is_begun_once_before_the_turn_is_over(eager_call, engines) -> None:
    engines.transcribe = lambda request: "What is the meaning of barge in?"
    engines.reply = lambda messages: "It means that you may interrupt."
    pcm = say("What is the meaning of barge in?", rate_hz=RATE_HZ)
    async with eager_call() as caller:
        await caller.wait_for_reply(await caller.say(pcm))
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
    stages = {s["stage"]: s for s in caller.log.turns[0]["stages"]}
    assert stages["llm"]["from_ms"] < stages["end_of_turn"]["to_ms"]
    assert len(engines.of("llm")) == 1
    assert [r.outcome for r in engines.of("llm")] == ["completed"]


async def test_a_slow_model_is_announced_and_its_answer_follows(eager_call, engines) -> None:
    engines.transcribe = lambda request: "What is the meaning of barge in?"
    engines.reply = lambda messages: "Here it is."
    engines.llm.first_byte_s = 4.0
    pcm = say("What is the meaning of barge in?", rate_hz=RATE_HZ)
    async with eager_call() as caller:
        await caller.say(pcm)
        await caller.wait_until(lambda: len(caller.log.turns) == 1)
        heard = [word for word, _, _ in engines.heard_words(caller.hearing.pcm(), rate_hz=RATE_HZ)]
        answers = [c.text.strip() for c in caller.log.captions if c.by_agent]
    # A word that stuttered on its way is one.
    assert [word for word, _ in groupby(heard)] == ["one", "moment", "here", "it", "is"]
    assert answers == ["One moment. Here it is."]
    assert len(engines.of("llm")) == 1


async def test_the_reply_goes_on_after_a_sign_of_listening_and_after_a_noise(
    eager_call, engines
) -> None:
    engines.transcribe = lambda request: "Yeah." if engines.of("llm") else "Count for me."
    engines.reply = lambda messages: LONG
    question, yeah = say("Count for me.", rate_hz=RATE_HZ), say("Yeah.", rate_hz=RATE_HZ)
    noise = np.random.default_rng(1).standard_normal(round(0.15 * RATE_HZ)) * 0.1
    async with eager_call() as caller:
        began = await caller.wait_for_answer(await caller.say(question))
        for at_s, sound in ((2.0, yeah), (5.0, noise.astype(np.float32))):
            await asyncio.sleep(max(0.0, began + at_s - time.perf_counter()))
            await caller.say(sound)
        await caller.hearing.wait_for_silence(lasting_s=1.8)
        heard = [word for word, _, _ in engines.heard_words(caller.hearing.pcm(), rate_hz=RATE_HZ)]
    expected = LONG.lower().replace(".", "").split()
    # The word that was held in the middle is heard in two parts.
    joined = [w for n, w in enumerate(heard) if n == 0 or w != heard[n - 1]]
    assert joined == expected
    assert len(engines.of("llm")) == 1
