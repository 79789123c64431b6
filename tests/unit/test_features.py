"""Features are told what happens, in order, and none of them can end a call."""

import asyncio
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import llm

from agent.call.features import MOST_FAULTS, Feature, Features, Surroundings, load_features
from agent.errors import ConfigError
from agent.settings.load import load
from agent.tasks import CallTasks
from tests.fakes import virtual_time

CALL = cast(Surroundings, None)


class Noting(Feature):
    def __init__(self, name: str, told: list[str], *, broken: bool = False) -> None:
        self.name = name
        self.told = told
        self.broken = broken

    def key(self, key: str) -> None:
        self.told.append(f"{self.name} {key}")
        if self.broken:
            raise ValueError(key)

    async def run(self) -> None:
        await asyncio.sleep(1)
        self.told.append(f"{self.name} runs")
        if self.broken:
            raise ValueError
        await asyncio.Event().wait()


def module(feature: Any) -> ModuleType:
    return cast(ModuleType, SimpleNamespace(feature=feature))


def test_all_are_told_in_order_though_one_fails() -> None:
    told: list[str] = []
    features = Features(CallTasks(), [Noting("a", told, broken=True), Noting("b", told)])
    features.add(module(lambda call: Noting("c", told)), CALL)
    features.add(module(lambda call: None), CALL)
    features.key("1")
    features.key("#")
    assert told == ["a 1", "b 1", "c 1", "a #", "b #", "c #"]
    assert features.faults == 2


def test_one_that_fails_all_the_time_is_told_nothing_more() -> None:
    told: list[str] = []
    features = Features(CallTasks(), [Noting("a", told, broken=True), Noting("b", told)])
    for _ in range(MOST_FAULTS + 5):
        features.key("1")
    assert told.count("a 1") == MOST_FAULTS
    assert told.count("b 1") == MOST_FAULTS + 5


def test_one_that_cannot_be_made_is_counted_and_missed_by_nobody() -> None:
    def broken(call: Surroundings) -> Feature:
        raise OSError

    told: list[str] = []
    features = Features(CallTasks(), [Noting("a", told)])
    features.add(module(broken), CALL)
    features.key("1")
    assert told == ["a 1"]
    assert features.faults == 1


def test_what_they_run_belongs_to_the_call_and_starts_afresh() -> None:
    told: list[str] = []

    async def scene() -> int:
        async with CallTasks() as tasks:
            features = Features(tasks, [Noting("a", told, broken=True), Noting("b", told)])
            features.began()
            await asyncio.sleep(2.5)
        return tasks.restarts

    assert virtual_time.run(scene()) == 2
    assert told == ["a runs", "b runs", "a runs"]


def test_a_procedure_that_fails_is_counted_and_tells_its_client_no_more_than_that() -> None:
    class Answering(Feature):
        def methods(self) -> Any:
            return {"fails": self.fails, "refuses": self.refuses, "answers": self.answers}

        async def fails(self, call: Any) -> str:
            raise ValueError("private")

        async def refuses(self, call: Any) -> str:
            raise rtc.RpcError(7, "not today")

        async def answers(self, call: Any) -> str:
            return "here"

    features = Features(CallTasks(), [Answering()])
    methods = features.methods()

    async def scene() -> None:
        with pytest.raises(rtc.RpcError, match="^Application error in method handler$"):
            await methods["fails"](cast(Any, None))
        with pytest.raises(rtc.RpcError, match="^not today$"):
            await methods["refuses"](cast(Any, None))
        assert await methods["answers"](cast(Any, None)) == "here"

    virtual_time.run(scene())
    assert features.faults == 1


def test_every_event_of_a_feature_is_passed_on() -> None:
    """A new one cannot be forgotten in `Features`."""
    others = {"run", "brief", "heard"}
    events = [name for name in vars(Feature) if not name.startswith("_") and name not in others]
    assert {name for name in events if name in vars(Features)} == set(events)
    caller, call = cast(Any, object()), llm.FunctionCall(call_id="1", name="n", arguments="{}")
    output = llm.FunctionCallOutput(call_id="1", name="n", output="o", is_error=False)
    given: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {
        "joined": ((caller,), {"back": True}),
        "changed": ((caller, {"a": "b"}), {}),
        "left": (("ann",), {}),
        "typed": (("hello",), {}),
        "key": (("5",), {}),
        "turn": (("hello",), {"language": "en"}),
        "takes": (("hello",), {}),
        "reply": (("hi",), {"interrupted": True}),
        "tool": ((call, output), {}),
        "became": ((object(),), {}),
    }
    seen: list[tuple[str, Any, Any]] = []

    class All(Feature):
        def __getattribute__(self, name: str) -> Any:
            if name in {"tools", "methods"}:
                return lambda: seen.append((name, (), {})) or {}
            if name in events:
                return lambda *args, **named: seen.append((name, args, named))
            return super().__getattribute__(name)

    features = Features(CallTasks(), [All()])
    for name in events:
        args, named = given.get(name, ((), {}))
        getattr(features, name)(*args, **named)
    assert seen == [(name, *given.get(name, ((), {}))) for name in events]


def test_all_features_brief_the_model_at_once_and_one_that_fails_is_counted() -> None:
    class Knows(Feature):
        async def brief(self, history: llm.ChatContext) -> None:
            await asyncio.sleep(1.0)
            history.add_message(role="system", content="It rains.")

    class Fails(Feature):
        async def brief(self, history: llm.ChatContext) -> None:
            raise OSError("gone")

    history = llm.ChatContext.empty()
    features = Features(CallTasks(), [Knows(), Fails(), Feature(), Knows()])

    async def scene() -> None:
        now = asyncio.get_running_loop().time
        began = now()
        await features.brief(history)
        assert now() - began == pytest.approx(1.0)  # not one after the other

    virtual_time.run(scene())
    assert [item.text_content for item in history.messages()] == ["It rains."] * 2
    assert features.faults == 1


def test_features_of_ones_own_are_named_by_the_settings() -> None:
    name = "tests.fakes.telling_feature"
    loaded = load_features(load(environ={"AGENT_FEATURES": f" {name}, "}))
    assert [module.__name__ for module in loaded][-1:] == [name]
    with pytest.raises(ConfigError, match="there_is_none cannot be imported"):
        load_features(load(environ={"AGENT_FEATURES": "there_is_none"}))
    with pytest.raises(ConfigError, match="json has no function"):
        load_features(load(environ={"AGENT_FEATURES": "json"}))


def test_the_callers_sound_goes_to_who_listens_until_that_fails_too_often() -> None:
    heard: list[Any] = []

    class Listening(Feature):
        def heard(self, frame: rtc.AudioFrame) -> None:
            heard.append(frame)
            raise ValueError

    features = Features(CallTasks(), [Feature()])
    features.add(module(lambda call: Listening()), CALL)
    for n in range(MOST_FAULTS + 3):
        features.heard(cast(Any, n))
    assert heard == list(range(MOST_FAULTS))


def test_a_turn_is_taken_if_one_of_all_takes_it() -> None:
    class Taking(Feature):
        def takes(self, text: str) -> bool:
            return text == "mine"

    features = Features(CallTasks(), [Feature(), Taking(), Feature()])
    assert features.takes("mine")
    assert not features.takes("yours")
