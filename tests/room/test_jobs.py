"""What a dispatch tells a job reaches it: its kind, its persona, and the features of its call."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from livekit import api, rtc
from livekit.rtc.data_stream import StreamError

from agent.job.refusal import SENTENCE
from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.scripted_caller.hearing import RATE_HZ
from rejoinder.scripted_caller.microphone import Pcm
from rejoinder.stand_ins.openai_server import OpenAIStandIn, Request
from rejoinder.web import tokens
from testbed.livekit_process import LiveKitProcess
from tests.fakes.callers import TextCaller, joined_by_text, speaking
from tests.fakes.talk_settings import talk_settings
from tests.fakes.telling_feature import TOPIC
from tests.room.conftest import CallAgent, Worker

pytestmark = pytest.mark.timeout(120)

AGENT = "threads"


def persona(**wishes: Any) -> str:
    return json.dumps({"rejoinder": {"persona": wishes}})


def system_prompt(request: Request) -> str:
    return str(request.body["messages"][0]["content"])


async def test_two_calls_of_one_process_have_personas_and_voices_of_their_own(
    call_agent: CallAgent, threads: Worker, engines: OpenAIStandIn
) -> None:
    engines.reply = lambda messages: "I am myself."
    one = persona(voice="nova", instructions="You are Nova.", languages=["de"])
    other = persona(voice="onyx", instructions="You are Onyx.", speed=1.25)
    async with call_agent(AGENT, one) as ann, call_agent(AGENT, other) as bob:
        for caller in (ann, bob):
            await caller.type("Who are you?")
        for caller in (ann, bob):
            await caller.hearing.wait_for_sound(after=caller.hearing.began)
            await caller.hearing.wait_for_silence(lasting_s=0.6)
        heard = [
            {word for word, _, _ in engines.heard_words(c.hearing.pcm(), rate_hz=RATE_HZ)}
            for c in (ann, bob)
        ]
    assert heard == [
        {f"{voice}:{word}" for word in ("i", "am", "myself")} for voice in ("nova", "onyx")
    ]
    prompts = {system_prompt(request) for request in engines.of("llm")}
    assert prompts == {"You are Nova.", "You are Onyx."}
    speeds = {(r.body["voice"], r.body.get("speed")) for r in engines.of("tts")}
    assert speeds == {("nova", None), ("onyx", 1.25)}


async def test_a_persona_of_the_folder_is_chosen_by_its_name(
    call_agent: CallAgent, threads: Worker, engines: OpenAIStandIn
) -> None:
    engines.reply = lambda messages: "I am."
    named = json.dumps({"rejoinder": {"persona": "receptionist"}})
    differs = persona(name="receptionist", languages=["de"], instructions="You are on holiday.")
    async with call_agent(AGENT, named) as ann, call_agent(AGENT, differs) as bob:
        heard = []
        for caller, greeting in ((ann, "Good day."), (bob, "Guten Tag.")):
            await caller.wait_until(lambda c=caller, g=greeting: g in said_by_agent(c))  # type: ignore[misc]
            await caller.type("Who are you?")
            await caller.wait_until(lambda c=caller: "I am." in said_by_agent(c))  # type: ignore[misc]
            await caller.hearing.wait_for_silence(lasting_s=0.6)
            words = engines.heard_words(caller.hearing.pcm(), rate_hz=RATE_HZ)
            heard.append([*dict.fromkeys(word for word, _, _ in words)])
    assert heard[0] == [f"nova:{word}" for word in ("good", "day", "i", "am")]
    assert heard[1] == [f"onyx:{word}" for word in ("guten", "tag", "i", "am")]
    prompts = {system_prompt(request) for request in engines.of("llm")}
    assert prompts == {"You answer the phone.", "You are on holiday."}
    assert "broken.yaml: it lacks instructions" in threads.program.log.read_text()


def said_by_agent(caller: Caller) -> list[str]:
    return [caption.text for caption in caller.log.captions if caption.by_agent]


async def test_a_persona_that_is_not_there_says_so(
    livekit: LiveKitProcess, threads: Worker
) -> None:
    room = f"room-{secrets.token_hex(4)}"
    token = livekit.token(room, "caller", dispatch=AGENT, metadata=persona(name="SECRET"))
    async with join(livekit.url, token) as caller:
        await caller.wait_until(lambda: bool(caller.log.notices))
        assert [notice["text"] for notice in caller.log.notices] == [SENTENCE]
    logged = threads.program.log.read_text()
    assert "there is no persona of this name; known: auditor, hurried, " in logged
    assert "wrong files: 1" in logged
    assert "SECRET" not in logged


@asynccontextmanager
async def told(livekit: LiveKitProcess, token: str) -> AsyncIterator[tuple[TextCaller, list[Any]]]:
    """A client without sound, and what the telling feature tells it."""
    heard: list[Any] = []
    async with joined_by_text(livekit.url, token) as caller, asyncio.TaskGroup() as group:

        async def read(reader: rtc.TextStreamReader) -> None:
            try:
                heard.append(json.loads(await reader.read_all())["told"])
            except StreamError:
                return

        def on_stream(reader: rtc.TextStreamReader, sender: str) -> None:
            group.create_task(read(reader), name="told")

        caller.room.register_text_stream_handler(TOPIC, on_stream)
        yield caller, heard


async def test_features_are_told_what_happens_and_those_not_served_reach_none(
    livekit: LiveKitProcess,
    threads: Worker,
    engines: OpenAIStandIn,
    question: Pcm,
    lkapi: api.LiveKitAPI,
) -> None:
    engines.reply = lambda messages: (
        {"tool": "time_of_day", "arguments": {}}
        if messages[-1]["role"] == "user" and "time" in str(messages[-1]["content"])
        else "Noon."
    )
    engines.transcribe = lambda request: "Thank you."
    metadata = '{"order": 7}'
    settings = talk_settings(livekit, agent_name=AGENT)
    body = {
        "participant_identity": "ann",
        "participant_attributes": {"channel": "web"},
        "room_config": {"agents": [{"metadata": metadata}]},
    }
    room, token = tokens.mint(tokens.parse(body, agent_name=AGENT), settings)
    async with told(livekit, token) as (ann, heard):

        async def until(*event: Any) -> None:
            await ann.until(lambda: list(event) in heard, within_s=30)

        await until("joined", "ann", "web", False)
        await ann.until(ann.agents)  # its words may be here before news of it
        [agent] = ann.agents()
        asking = ann.room.local_participant.perform_rpc
        answer = await asking(
            destination_identity=agent.identity, method="test.metadata", payload=""
        )
        assert answer == metadata
        with pytest.raises(rtc.RpcError, match="Application error"):
            await asking(destination_identity=agent.identity, method="test.fails", payload="SECRET")

        async with joined_by_text(livekit.url, livekit.token(room, "bob")) as bob:
            await bob.until(lambda: bool(bob.notices))  # told to wait: bob is here
            await bob.room.local_participant.publish_dtmf(code=1, digit="1")
            with pytest.raises(rtc.RpcError, match="somebody else is served"):
                await bob.room.local_participant.perform_rpc(
                    destination_identity=agent.identity, method="test.metadata", payload=""
                )
            for code, digit in ((5, "5"), (5, "5 OR 1=1"), (11, "#")):
                await ann.room.local_participant.publish_dtmf(code=code, digit=digit)
            # Each is told in a stream of its own: one may overtake the other.
            for digit in ("5", "#"):
                await until("key", digit)
            assert len([event for event in heard if event[0] == "key"]) == 2

            await lkapi.room.update_participant(
                api.UpdateParticipantRequest(
                    room=room, identity="ann", attributes={"sip.callStatus": "active"}
                )
            )
            await until("changed", "ann", {"sip.callStatus": "active"})

            await ann.type("What time is it?")
            await until("tool", "time_of_day", "noon")
            await until("reply", "Noon.", False)
            assert ["typed", "What time is it?"] in heard
            assert ["speaking"] in heard

            async with speaking(ann.room, rtc.TrackSource.SOURCE_MICROPHONE) as microphone:
                await microphone.say(question).done.wait()
                await until("turn", "Thank you.")  # where it fails, and the call goes on
                await ann.until(lambda: heard.count(["reply", "Noon.", False]) == 2)


async def test_a_job_that_is_not_known_says_so_and_nobody_is_sent_again(
    livekit: LiveKitProcess, threads: Worker, lkapi: api.LiveKitAPI
) -> None:
    room = f"room-{secrets.token_hex(4)}"
    metadata = json.dumps({"rejoinder": {"kind": "SECRET"}})
    token = livekit.token(room, "caller", dispatch=AGENT, metadata=metadata)
    async with join(livekit.url, token) as caller:
        await caller.hearing.wait_for_sound(after=caller.hearing.began)
        await caller.wait_until(lambda: caller.agent is None)
        assert [notice["text"] for notice in caller.log.notices] == [SENTENCE]
        assert await lkapi.agent_dispatch.list_dispatch(room_name=room) == []
        await asyncio.sleep(4)  # others look at the room within 3 s
        assert caller.agent is None
    logged = threads.program.log.read_text()
    assert "rejoinder.kind: no such kind of job; known: call" in logged
    assert "SECRET" not in logged
