"""The end of a connection is not the end of a call; who is served when several are there."""

import asyncio
import secrets
import time

import pytest

from agent.call.membership import BUSY, TAKEN
from agent.room_protocol import SERVES, STATE, TAKE_TURN
from agent.tasks import undivided
from rejoinder.scripted_caller.caller import join
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from tests.fakes.callers import TextCaller, joined_by_text
from tests.room.conftest import GREETING, Worker
from tests.room.test_conversation import assistant_messages, heard, user_messages, words
from tests.room.test_leaving import active_jobs, wait_idle

pytestmark = pytest.mark.timeout(120)

SERVED_S = 6.0
"""A caller who is back is served within this; in two where the machine does nothing else."""


def parrot(messages: list[dict]) -> str:
    """Answers with the words it was asked last."""
    text = [m for m in messages if m["role"] == "user"][-1]["content"]
    return f"You said {text if isinstance(text, str) else text[0]['text']}."


async def ask(caller: TextCaller, text: str, *, within_s: float = 10.0) -> float:
    """Type and wait for the answer's caption; how long it took, seconds."""
    began = time.perf_counter()
    await caller.type(text)
    await caller.until(lambda: f"You said {text}." in caller.said(), within_s=within_s)
    return time.perf_counter() - began


async def test_a_caller_who_leaves_and_returns_is_served_with_what_was_said(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn
) -> None:
    """A page that is loaded again says goodbye, too."""
    engines.reply = parrot
    room = f"room-{secrets.token_hex(4)}"
    token = livekit.token(room, "caller")
    async with joined_by_text(livekit.url, token) as caller:
        await caller.until(lambda: GREETING in caller.said(), within_s=20)
        await ask(caller, "one")
    await asyncio.sleep(1.0)
    async with joined_by_text(livekit.url, token) as caller:
        began = time.perf_counter()
        await ask(caller, "two")
        assert time.perf_counter() - began < SERVED_S + 1.0  # and the answer's own time
        said = caller.said()
    assert said == ["You said two."]
    asked = engines.of("llm")[-1]
    assert user_messages(asked) == ["one", "two"]
    assert assistant_messages(asked) == [GREETING, "You said one."]
    await wait_idle(worker, timeout_s=15)


async def test_a_second_connection_under_the_same_identity_takes_the_call_over(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn, question
) -> None:
    engines.transcribe = lambda request: "Do you still hear me?"
    engines.reply = parrot
    await wait_idle(worker, timeout_s=20)
    room = f"room-{secrets.token_hex(4)}"
    token = livekit.token(room, "caller")
    async with joined_by_text(livekit.url, token) as first:
        await first.until(lambda: GREETING in first.said(), within_s=20)
        await ask(first, "one")
        async with join(livekit.url, token) as second:
            await second.wait_for_agent(timeout_s=SERVED_S)
            await second.wait_for_reply(await second.say(question))
            assert user_messages(engines.of("llm")[-1]) == ["one", "Do you still hear me?"]
            assert await active_jobs(worker) == 1


async def test_the_second_person_is_told_and_served_when_the_first_has_gone(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn
) -> None:
    engines.reply = parrot
    room = f"room-{secrets.token_hex(4)}"
    async with joined_by_text(livekit.url, livekit.token(room, "ann")) as ann:
        await ann.until(lambda: GREETING in ann.said(), within_s=20)
        await ask(ann, "my secret")
        async with joined_by_text(livekit.url, livekit.token(room, "bob")) as bob:
            await bob.until(lambda: [n["text"] for n in bob.notices] == [BUSY])
            await bob.type("me too")
            await ask(ann, "more")
            assert ann.notices == []
            await ann.room.disconnect()
            await bob.until(lambda: GREETING in bob.said(), within_s=10)
            await ask(bob, "hello")
    asked = engines.of("llm")
    assert not any("me too" in str(r.body) for r in asked)
    assert user_messages(asked[-1]) == ["hello"]
    assert "secret" not in str(asked[-1].body)


@pytest.mark.patient
async def test_where_the_floor_is_free_who_takes_the_turn_goes_on_with_the_talk(
    livekit: LiveKitProcess, threads: Worker, engines: OpenAIStandIn
) -> None:
    engines.reply = parrot
    room = f"room-{secrets.token_hex(4)}"
    tokens = [livekit.token(room, who, dispatch="threads") for who in ("ann", "bob")]
    async with joined_by_text(livekit.url, tokens[0]) as ann:
        await ann.until(lambda: ann.agents() and ann.agents()[0].attributes.get(STATE))
        await ask(ann, "one", within_s=30)
        async with joined_by_text(livekit.url, tokens[1]) as bob:
            await bob.until(lambda: [n["text"] for n in bob.notices] == [TAKEN])
            [agent] = bob.agents()
            taking = bob.room.local_participant.perform_rpc(
                destination_identity=agent.identity, method=TAKE_TURN, payload=""
            )
            assert await undivided(taking, name="rpc") == '{"serves": "bob"}'
            await ask(bob, "two", within_s=30)
            await ann.until(lambda: [n["text"] for n in ann.notices] == [TAKEN])
            assert ann.agents()[0].attributes[SERVES] == "bob"
    assert user_messages(engines.of("llm")[-1]) == ["one", "two"]


async def test_an_agent_that_waits_in_an_empty_room_greets_whole(
    livekit: LiveKitProcess, worker: Worker, engines: OpenAIStandIn, lkapi
) -> None:
    from livekit import api

    engines.tts.between_s = 0.01
    room = f"room-{secrets.token_hex(4)}"
    await lkapi.room.create_room(api.CreateRoomRequest(name=room))
    await asyncio.sleep(4.0)
    async with join(livekit.url, livekit.token(room, "caller")) as caller:
        await caller.wait_for_agent()
        await caller.hearing.wait_for_sound(after=caller.hearing.began)
        await caller.hearing.wait_for_silence(lasting_s=0.8)
        await caller.wait_until(lambda: any(c.final for c in caller.log.captions))
        said = heard(engines, caller.hearing.pcm())
        assert [c.text.strip() for c in caller.log.captions] == [GREETING]
    assert said == words(GREETING)
