"""A telephone is to be put through, and hangs up: with a participant of the kind SIP."""

import asyncio
import secrets
from typing import Any

import pytest

from agent.wording.lexicon import ENGLISH
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from tests.fakes.callers import joined_by_text
from tests.room.conftest import Worker

pytestmark = [pytest.mark.timeout(120), pytest.mark.patient]


async def test_who_cannot_be_put_through_is_told_so_and_goes_on_until_goodbye(
    livekit: LiveKitProcess, threads: Worker, engines: OpenAIStandIn
) -> None:
    """The server has no SIP service. Its answer is the real one, and so is the end of the room."""

    def reply(messages: list[dict[str, Any]]) -> Any:
        match messages[-1]["content"]:
            case "Sales, please.":
                return {"tool": "transfer_call", "arguments": {"to": "sales"}}
            case "Goodbye.":
                return {"tool": "end_call", "arguments": {}}
            case _:
                return "Goodbye then."

    engines.reply = reply
    room = f"room-{secrets.token_hex(4)}"
    attributes = {
        "sip.trunkPhoneNumber": "+4930778",
        "sip.phoneNumber": "+49301111",
        "sip.callID": "SCL_test",
        "sip.callStatus": "active",
    }
    token = livekit.token(room, "sip_caller", phone=True, attributes=attributes, dispatch="threads")
    async with joined_by_text(livekit.url, token) as caller:
        gone = asyncio.Event()
        caller.room.on("disconnected", lambda *_: gone.set())
        await caller.until(lambda: "Whom do you want?" in caller.said())
        await caller.type("Sales, please.")
        await caller.until(lambda: ENGLISH.line.not_through in caller.said())
        assert ENGLISH.line.putting_through in caller.said()
        await caller.type("Goodbye.")
        async with asyncio.timeout(30):
            await gone.wait()
    assert "Goodbye then." in [request.body["input"] for request in engines.of("tts")]
    asked = str([request.body for request in engines.of("llm")])
    assert "'enum': ['sales']" in asked
    log = threads.program.log.read_text()
    assert "4930" not in asked + log
    assert "123456" not in asked + log
    assert '"outcome": "failed"' in log
