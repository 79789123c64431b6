"""Which tools a persona has, the built-in ones, and what becomes of a tool when the call ends."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import Agent, AgentSession, llm

from agent.call.features import Surroundings
from agent.call.tool_use import ToolUse
from agent.features.end_call import EndCall
from agent.features.send_text import MOST_CHARS, SendText
from agent.metadata import PersonaWishes
from agent.options.tools import ToolOptions
from agent.personas.cast import Cast
from agent.settings.load import load
from tests.fakes import virtual_time
from tests.fakes.scripted_engines import Model, Reply
from tests.fakes.whole_talk import Says, Stops, WholeTalk, play

ASKED = "That is all. Good bye."


class Use:
    """A session without sound, whose model calls `work` once."""

    def __init__(self, *, takes_s: float, flags: llm.ToolFlag = llm.ToolFlag.NONE) -> None:
        self.took: list[float] = []
        self.takes_s = takes_s
        self.tool = llm.function_tool(self.work, flags=flags)

    async def work(self) -> str:
        """Work."""
        began = asyncio.get_running_loop().time()
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.took.append(asyncio.get_running_loop().time() - began)
        return "done"

    def of(self, cast: Cast, session: Any = None, options: ToolOptions | None = None) -> ToolUse:
        chosen = options or ToolOptions()
        return ToolUse(session, cast, chosen, publish=lambda topic, message: None)


def test_the_agent_of_no_file_has_no_built_in_tool_unless_a_setting_says_so() -> None:
    call = cast(Surroundings, SimpleNamespace(room=None, end=None, settings=load(environ={})))
    tools = [*EndCall(call).tools(), *SendText(call).tools()]
    nobody = Cast(load(environ={}), PersonaWishes())
    use = Use(takes_s=0)
    assert use.of(nobody).offered(tools) == []
    some = use.of(nobody, options=ToolOptions(built_in=("send_text",))).offered([*tools, use.tool])
    assert [tool.id for tool in some] == ["send_text", "work"]


def test_of_two_tools_of_one_name_the_first_is_offered(caplog: pytest.LogCaptureFixture) -> None:
    nobody = Cast(load(environ={}), PersonaWishes())
    use = Use(takes_s=0)
    assert len(use.of(nobody).offered([use.tool, Use(takes_s=0).tool])) == 1
    assert caplog.records[-1].__dict__["tool"] == "work"


def test_a_persona_that_has_taken_over_does_not_run_the_tools_of_the_one_before(
    tmp_path: Path,
) -> None:
    (tmp_path / "one.yaml").write_text("title: A\ninstructions: A.\ntools: [work]\n")
    (tmp_path / "other.yaml").write_text("title: B\ninstructions: B.\n")
    settings = {"PERSONAS": str(tmp_path)}
    use = Use(takes_s=1)
    people = Cast(load(environ=settings), PersonaWishes(name="one"))
    model = Model({"Go.": Reply("", calls=[("work", {})])}, "No.")

    async def scene() -> list[str]:
        session: AgentSession[None] = AgentSession(llm=model, vad=None)
        tools = use.of(people, session).offered([use.tool])
        await session.start(Agent(instructions="A.", tools=[*tools]))
        people.enter("other")
        await session.run(user_input="Go.", input_modality="text")
        items = session.history.items
        await session.aclose()
        return [item.output for item in items if isinstance(item, llm.FunctionCallOutput)]

    assert virtual_time.run(scene()) == ["You do not have this tool."]
    assert use.took == []


@pytest.mark.parametrize(
    ("flags", "took_s"), [(llm.ToolFlag.CANCELLABLE, 1.0), (llm.ToolFlag.NONE, 4.0)]
)
def test_at_the_end_of_the_call_only_what_has_effects_is_waited_for(
    flags: llm.ToolFlag, took_s: float
) -> None:
    use = Use(takes_s=4, flags=flags)
    nobody = Cast(load(environ={}), PersonaWishes())
    model = Model({"Go.": Reply("", first_s=0.0, calls=[("work", {})])}, "Well.")

    async def scene() -> None:
        session: AgentSession[None] = AgentSession(llm=model, vad=None)
        guard = use.of(nobody, session)
        tools = guard.offered([use.tool])
        await session.start(Agent(instructions="A.", tools=[*tools]))
        session.generate_reply(user_input="Go.", input_modality="text")
        await asyncio.sleep(1.0)
        guard.end()
        await session.aclose()

    virtual_time.run(scene())
    assert use.took == [pytest.approx(took_s, abs=0.1)]


def farewell(*lines: Any, say: str, then: str) -> tuple[WholeTalk, list[float]]:
    """A talk whose model calls `end_call`, with words or without; when the call has ended."""
    ended: list[float] = []
    end = lambda: ended.append(asyncio.get_running_loop().time())  # noqa: E731
    settings = {"TOOLS_BUILT_IN": "end_call", "TOOLS_TIMEOUT_S": "4"}
    call = SimpleNamespace(end=end, settings=load(environ=settings))
    feature = EndCall(cast(Surroundings, call))
    talk = play(
        Says(ASKED, 0.5, 2.1),
        *lines,
        replies={ASKED: Reply(say, calls=[("end_call", {})])},
        otherwise=then,
        tools=feature.tools(),
        settings=settings,
    )
    return talk, ended


LONG = "Thank you for your call and for all your good questions, I wish you a very nice day. Bye."


@pytest.mark.parametrize(
    ("say", "then"), [("Good bye and thanks.", "?"), ("", "Good bye now."), (LONG, "?")]
)
def test_the_agent_hangs_up_after_its_last_sentence(say: str, then: str) -> None:
    talk, [ended] = farewell(say=say, then=then)
    assert talk.heard == (say or then)
    assert ended >= talk.replies[-1][1]


def test_who_speaks_over_the_goodbye_stays_in_the_call() -> None:
    talk, ended = farewell(Stops("", 0.5, over=1), say="Good bye and thank you for it.", then="?")
    assert ended == []
    assert len(talk.replies) == 1, "it says no second goodbye later"


class Room:
    """Takes texts."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, Sequence[str]]] = []
        self.local_participant = self

    async def send_text(
        self, text: str, *, topic: str, destination_identities: Sequence[str]
    ) -> None:
        self.sent.append((text, topic, destination_identities))


@pytest.mark.parametrize(
    ("kind", "text", "sent"),
    [
        (rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, "Main Street 5", True),
        (rtc.ParticipantKind.PARTICIPANT_KIND_SIP, "Main Street 5", False),
        (rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, " ", False),
        (rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD, "a" * (MOST_CHARS + 1), False),
    ],
)
def test_a_text_is_sent_to_the_caller_alone_and_to_no_telephone(
    kind: int, text: str, sent: bool
) -> None:
    room = Room()
    feature = SendText(cast(Surroundings, SimpleNamespace(room=room)))
    feature.joined(cast(Any, SimpleNamespace(identity="ann", kind=kind)), back=False)
    [tool] = feature.tools()
    assert isinstance(tool, llm.FunctionTool)
    if sent:
        virtual_time.run(tool(text))
    else:
        with pytest.raises(llm.ToolError):
            virtual_time.run(tool(text))
    assert room.sent == ([(text, "lk.chat", ["ann"])] if sent else [])
