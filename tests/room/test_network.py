"""A call over a bad network: what is lost is bridged, what was cut off goes on."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.scripted_caller.hearing import RATE_HZ
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from testbed.network_patterns import CLEAN, MILD
from testbed.programs import Background
from testbed.rough_path import RoughPath, rough_path
from tests.room.conftest import Worker
from tests.room.test_conversation import user_messages_of

pytestmark = [pytest.mark.timeout(120), pytest.mark.heard]

COUNT = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen. "
ALPHA = "Alpha beta gamma delta epsilon zeta eta theta."
OUTAGE_S = 2.0
KEPT = 0.8
"""Share of the reply's words; the rest may fall to a machine that is busy besides."""


@pytest.fixture
def path(background: Background, livekit: LiveKitProcess) -> Iterator[RoughPath]:
    stack = AsyncExitStack()
    yield background.run(stack.enter_async_context(rough_path(livekit.url)))
    background.run(stack.aclose())


@pytest.fixture
async def caller(path: RoughPath, livekit: LiveKitProcess, worker: Worker) -> AsyncIterator[Caller]:
    """One who has heard the greeting."""
    token = livekit.token(f"room-{secrets.token_hex(4)}", "caller")
    async with join(path.url, token) as caller:
        await caller.wait_for_agent()
        await caller.hearing.wait_for_sound(after=caller.hearing.began)
        await caller.hearing.wait_for_silence(lasting_s=0.6)
        yield caller


def by_turn(*replies: str) -> Callable[[list[dict[str, Any]]], str]:
    """Answers each of the caller's turns with its own, also one that is asked about again."""
    return lambda messages: replies[min(len(user_messages_of(messages)), len(replies)) - 1]


def kept(engines: OpenAIStandIn, caller: Caller, said: str, *, after: float) -> float:
    """Share of the words of a reply that the caller heard."""
    pcm = caller.hearing.pcm()[round((after - 0.1 - caller.hearing.began) * RATE_HZ) :]
    heard = {word for word, _, _ in engines.heard_words(pcm, rate_hz=RATE_HZ)}
    words = said.lower().replace(".", "").split()
    return sum(word in heard for word in words) / len(words)


async def test_a_talk_over_a_line_that_loses_and_delays_keeps_its_words_and_its_barge_in(
    caller: Caller, path: RoughPath, engines: OpenAIStandIn, question: Pcm
) -> None:
    path.pattern = MILD
    engines.transcribe = lambda request: "What is barge in?"
    engines.reply = by_turn(ALPHA, COUNT * 2, "Fine.")
    first = await caller.say(question)
    began = await caller.wait_for_answer(first)
    await caller.wait_for_reply(first)
    assert kept(engines, caller, ALPHA, after=began) >= KEPT
    upload = engines.of("stt")[0].audio
    assert upload is not None
    assert abs(len(upload) / 16000 - len(question) / RATE_HZ) < 1.5

    began = await caller.wait_for_answer(await caller.say(question))
    await asyncio.sleep(max(0.0, began + 1.5 - time.perf_counter()))
    exchange = await caller.wait_for_reply(await caller.say(question))
    await caller.wait_until(lambda: len(caller.log.turns) == 3)
    assert exchange.barge_in_ms is not None
    assert [turn["interrupted"] for turn in caller.log.turns] == [False, True, False]
    assert path.lost > 0


async def test_a_call_goes_on_after_an_outage_of_two_seconds(
    caller: Caller, path: RoughPath, engines: OpenAIStandIn, question: Pcm
) -> None:
    engines.transcribe = lambda request: "What is barge in?"
    engines.reply = by_turn(COUNT * 2, ALPHA)
    began = await caller.wait_for_answer(await caller.say(question))
    await asyncio.sleep(max(0.0, began + 1.0 - time.perf_counter()))
    path.cut(OUTAGE_S)
    over = time.perf_counter() + OUTAGE_S
    heard_again = await caller.hearing.wait_for_sound(after=over - 0.1)
    assert heard_again - over < 4.0
    await caller.wait_until(lambda: len(caller.log.turns) == 1)
    assert caller.log.turns[0]["interrupted"] is False
    # The captions were held up, not lost.
    assert [c.text.strip() for c in caller.log.captions if c.by_agent][-1] == (COUNT * 2).strip()

    path.pattern = CLEAN
    second = await caller.say(question)
    began = await caller.wait_for_answer(second)
    await caller.wait_for_reply(second)
    assert kept(engines, caller, ALPHA, after=began) >= KEPT
