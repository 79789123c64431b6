"""Which events of a session and a room are told to features, and whose."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import (
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    FunctionToolsExecutedEvent,
    UserInputTranscribedEvent,
    llm,
)

from agent.call.features import Feature, Features
from agent.call.happenings import Happenings
from agent.tasks import CallTasks


class Noting(Feature):
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def key(self, key: str) -> None:
        self.told.append(("key", key))

    def turn(self, text: str, *, language: str) -> None:
        self.told.append(("turn", text, language))

    def speaking(self) -> None:
        self.told.append(("speaking",))

    def reply(self, text: str, *, interrupted: bool) -> None:
        self.told.append(("reply", text, interrupted))

    def tool(self, call: llm.FunctionCall, output: llm.FunctionCallOutput) -> None:
        self.told.append(("tool", call.name, output.output))

    def methods(self) -> Any:
        async def whoami(call: rtc.RpcInvocationData) -> str:
            return call.caller_identity

        return {"whoami": whoami}


class Stage:
    """A session, a room and one feature; ann is served."""

    def __init__(self) -> None:
        self.session: rtc.EventEmitter[str] = rtc.EventEmitter()
        self.room: rtc.EventEmitter[str] = rtc.EventEmitter()
        self.methods: dict[str, Any] = {}
        self.room.local_participant = SimpleNamespace(  # type: ignore[attr-defined]
            register_rpc_method=self.methods.__setitem__
        )
        self.feature = Noting()
        self.happenings = Happenings(
            cast(rtc.Room, self.room),
            cast(Any, self.session),
            Features(CallTasks(), [self.feature]),
            served=lambda: "ann",
        )

    def presses(self, identity: str | None, digit: str) -> None:
        by = cast(Any, SimpleNamespace(identity=identity)) if identity else None
        self.room.emit("sip_dtmf_received", rtc.SipDTMF(code=0, digit=digit, participant=by))


def test_keys_count_when_they_are_keys_and_of_who_is_served() -> None:
    stage = Stage()
    for identity, digit in (
        ("ann", "5"), ("bob", "6"), (None, "7"), ("ann", ""), ("ann", "55"), ("ann", "#")
    ):  # fmt: skip
        stage.presses(identity, digit)
    assert stage.feature.told == [("key", "5"), ("key", "#")]


def test_turns_are_final_transcripts_and_replies_are_the_agents() -> None:
    stage = Stage()
    for final in (False, True):
        event = UserInputTranscribedEvent(transcript="Hello.", is_final=final, language="en")
        stage.session.emit("user_input_transcribed", event)
    for role in ("user", "assistant"):
        item = llm.ChatMessage(role=role, content=["Hi."], interrupted=role == "assistant")
        stage.session.emit("conversation_item_added", ConversationItemAddedEvent(item=item))
    stage.session.emit(
        "agent_state_changed", AgentStateChangedEvent(old_state="thinking", new_state="speaking")
    )
    assert stage.feature.told == [("turn", "Hello.", "en"), ("reply", "Hi.", True), ("speaking",)]


def test_each_call_of_a_tool_is_told_with_its_own_output() -> None:
    stage = Stage()
    calls = [llm.FunctionCall(call_id=n, name=f"tool {n}", arguments="{}") for n in "12"]
    outputs = [
        llm.FunctionCallOutput(call_id=n, name=f"tool {n}", output=n, is_error=False) for n in "12"
    ]
    stage.session.emit(
        "function_tools_executed",
        FunctionToolsExecutedEvent(function_calls=calls, function_call_outputs=outputs),
    )
    assert stage.feature.told == [("tool", "tool 1", "1"), ("tool", "tool 2", "2")]


def test_procedures_are_answered_for_who_is_served_alone() -> None:
    async def scene() -> None:
        stage = Stage()
        stage.happenings.began()

        def call(identity: str) -> rtc.RpcInvocationData:
            return rtc.RpcInvocationData("1", identity, "", 1.0, method="whoami")

        assert await stage.methods["whoami"](call("ann")) == "ann"
        with pytest.raises(rtc.RpcError, match="somebody else is served"):
            await stage.methods["whoami"](call("bob"))

    asyncio.run(scene())
