"""Keys of a telephone, both ways: with a participant of the kind SIP."""

import asyncio
import json
import secrets
import time
from typing import Any

import pytest

from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from testbed.waiting import until
from tests.room.conftest import Worker

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]

SWITCHBOARD = json.dumps({"rejoinder": {"persona": "switchboard"}})
LONG = "Our office is in the old town, right beside the river and not far from the station. " * 3
KEYS = {"4": 4, "2": 2, "7": 7, "5": 5, "#": 11, "*": 10}


def said_by_agent(caller: Caller) -> list[str]:
    return [caption.text.strip() for caption in caller.log.captions if caption.by_agent]


async def press(caller: Caller, keys: str) -> None:
    for key in keys:
        await caller.room.local_participant.publish_dtmf(code=KEYS[key], digit=key)


async def test_keys_are_heard_by_the_agent_and_pressed_by_it(
    livekit: LiveKitProcess, threads: Worker, engines: OpenAIStandIn
) -> None:
    def reply(messages: list[dict[str, Any]]) -> Any:
        asked = str(messages[-1]["content"])
        if asked.endswith("[keys] 4 2 7"):
            return "Order found."
        if asked.endswith("[keys] 5"):
            return LONG
        if "Say your last reply again" in asked:
            return "In the old town."
        if messages[-1]["role"] == "user" and "press" in asked:
            return {"tool": "press_keys", "arguments": {"keys": "4,2#"}}
        return "I see."

    engines.reply = reply
    engines.transcribe = lambda request: ""
    room = f"room-{secrets.token_hex(4)}"
    attributes = {"sip.phoneNumber": "+4930555777", "sip.callStatus": "active"}
    token = livekit.token(
        room, "sip_caller", phone=True, attributes=attributes, dispatch="threads",
        metadata=SWITCHBOARD,
    )  # fmt: skip
    async with join(livekit.url, token) as caller:
        pressed: list[tuple[str, int]] = []
        caller.room.on("sip_dtmf_received", lambda key: pressed.append((key.digit, key.code)))

        async def told(text: str, times: int = 1) -> None:
            await caller.wait_until(lambda: said_by_agent(caller).count(text) == times)

        async def quiet() -> None:
            """It has ended: with a key in the middle of a reply it stops."""
            await caller.wait_for_state("listening")
            await caller.hearing.wait_for_silence(lasting_s=0.6)

        await told("Switchboard.")
        await quiet()
        await press(caller, "427")
        await told("Order found.")

        # By one key the last reply is said again, by another one slower.
        await quiet()
        await press(caller, "#")
        await told("Order found.", times=2)
        await quiet()
        await press(caller, "*")
        await told("Order found.", times=3)
        speeds = [r.body.get("speed") for r in engines.of("tts") if "Order" in r.body["input"]]
        assert (speeds[0], speeds[-1]) == (None, 0.8)

        # A key stops the agent; what nobody has heard of the reply only the model can say again.
        await quiet()
        pressed_at = time.perf_counter()
        await press(caller, "5#")
        await caller.hearing.wait_for_sound(after=pressed_at)
        await asyncio.sleep(2.0)  # some words of it were heard
        await press(caller, "#")
        await told("In the old town.")
        assert LONG.strip() not in said_by_agent(caller)

        await caller.type("For sales, press four two.")
        await until(lambda: len(pressed) == 3, "the keys that the agent presses")
        assert pressed == [("4", 4), ("2", 2), ("#", 11)]

    asked = json.dumps([request.body["messages"] for request in engines.of("llm")])
    assert "The caller is on a telephone" in asked
    assert "4930555777" not in asked
    log = threads.program.log.read_text()
    assert "4930555777" not in log
    assert "4 2 7" not in log
