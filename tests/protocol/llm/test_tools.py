"""Tools of a call on the real wire of each kind of engine: at once, in rounds, and unknown ones."""

from collections.abc import AsyncIterator
from typing import Any

import livekit.plugins.openai  # noqa: F401 - plug-ins are imported on the main thread
import pytest
from livekit.agents import Agent, AgentSession, llm

from agent.call.tool_use import ToolUse
from agent.llm.openai import engine as openai
from agent.metadata import PersonaWishes
from agent.personas.cast import Cast
from agent.settings.load import Settings, load
from rejoinder.stand_ins.aws_server import AwsStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from tests.protocol.llm import bedrock_bench, test_openai_chat, test_plugin
from tests.protocol.llm.contract import Bench


@pytest.fixture(params=["openai", "bedrock", "plugin"])
async def bench(
    request: pytest.FixtureRequest, openai_server: OpenAIStandIn, amazon: AwsStandIn
) -> AsyncIterator[Bench]:
    match request.param:
        case "bedrock":
            bench = bedrock_bench.bench_of(amazon)
        case "plugin":
            engine = await test_plugin.make(openai_server.url)
            bench = test_openai_chat.bench_of(openai_server, engine)
        case _:
            own = openai.build(openai.Options(url=openai_server.url, model="stand-in"))
            bench = test_openai_chat.bench_of(openai_server, own)
    yield bench
    await bench.engine.aclose()


class Office:
    """Two tools; what the model answers next is set when one is called."""

    def __init__(self, bench: Bench, settings: Settings, cast: Cast) -> None:
        self.bench = bench
        self.settings = settings
        self.cast = cast
        self.called: list[str] = []
        self.told: list[dict[str, Any]] = []

    async def hours(self, day: str, holidays: bool = False) -> str:
        """When the office is open.

        Args:
            day: of the week.
            holidays: whether it is one.
        """
        self.called.append(day)
        if len(self.called) == 2:
            self.bench.call(("staff", {}))
        return f"open on {day}"

    async def staff(self) -> list[str]:
        """Who is there."""
        self.called.append("staff")
        self.bench.say("Ann is there on both days.")
        return ["Ann"]

    async def asked(self, text: str, *, rounds: int = 5) -> list[llm.ChatItem]:
        """Ask in a session; what has come of it."""
        session: AgentSession[None] = AgentSession(
            llm=self.bench.engine, max_tool_steps=rounds, vad=None, turn_detection=None
        )
        use = ToolUse(
            session,
            self.cast,
            self.settings.tools,
            publish=lambda topic, message: self.told.append(message),
        )
        tools = [llm.function_tool(self.hours), llm.function_tool(self.staff)]
        await session.start(Agent(instructions="Be brief.", tools=[*use.offered(tools)]))
        await session.run(user_input=text, input_modality="text")
        items = list(session.history.items)
        await session.aclose()
        return items


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load(environ={})


@pytest.fixture
def office(bench: Bench, settings: Settings, cast: Cast) -> Office:
    return Office(bench, settings, cast)


@pytest.fixture(scope="module")
def cast(settings: Settings) -> Cast:
    return Cast(settings, PersonaWishes())


async def test_two_calls_at_once_and_a_further_round_lead_to_one_answer(
    bench: Bench, office: Office
) -> None:
    bench.call(("hours", {"day": "Monday"}), ("hours", {"day": "Friday", "holidays": True}))
    items = await office.asked("Who is there on Monday and Friday?")
    assert sorted(office.called) == ["Friday", "Monday", "staff"]
    said = [item.text_content for item in items if isinstance(item, llm.ChatMessage)]
    assert said[-1] == "Ann is there on both days."
    results = {item.output for item in items if isinstance(item, llm.FunctionCallOutput)}
    assert results == {"open on Monday", "open on Friday", "['Ann']"}
    assert len(bench.requests) == 3
    states = sorted((message["name"], message["state"]) for message in office.told)
    assert states == [("hours", "done")] * 2 + [("hours", "running")] * 2 + [
        ("staff", "done"),
        ("staff", "running"),
    ]


async def test_the_schema_on_the_wire_has_the_words_and_types_of_the_function(
    bench: Bench, office: Office
) -> None:
    bench.say("Yes.")
    await office.asked("Are you there?")
    wire = str(bench.requests[0].body)
    for part in ("When the office is open.", "of the week.", "whether it is one", "boolean"):
        assert part in wire


async def test_a_tool_that_the_model_invents_is_unknown_and_it_goes_on(
    bench: Bench, office: Office
) -> None:
    bench.call(("open_the_safe", {"code": 1}))
    items = await office.asked("Open the safe.", rounds=1)
    assert office.called == []
    assert office.told == []
    [result, *_] = [item for item in items if isinstance(item, llm.FunctionCallOutput)]
    assert result.is_error
    assert "Unknown function" in result.output
