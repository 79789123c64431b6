"""What one call does with the memory of its callers, beside a real SQLite file."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import llm

from agent.features.remembering import Remembering, feature
from agent.memory.known import Known
from agent.memory.opened import opened
from agent.memory.person import hashed, known_by
from agent.personas.persona import Persona
from agent.room_protocol import MEMORY
from agent.settings.load import Settings, load
from agent.tasks import CallTasks
from agent.wording.lexicon import LEXICONS
from tests.fakes.scripted_engines import Model

STANDARD = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
SIP = rtc.ParticipantKind.PARTICIPANT_KIND_SIP


def caller(identity: str, kind: Any = STANDARD, **attributes: str) -> rtc.RemoteParticipant:
    named = {name.replace("_", ".", 1): text for name, text in attributes.items()}
    found = SimpleNamespace(identity=identity, kind=kind, attributes=named)
    return cast(rtc.RemoteParticipant, found)


ANN = caller("ann")
NOTE = "Bob plans a voyage."


class Scene:
    """One call, without a room."""

    def __init__(self, settings: Settings, tasks: CallTasks) -> None:
        self.settings = settings
        self.said: list[str] = []
        self.labels: dict[str, str] = {}
        self.model = Model({}, otherwise=NOTE)
        self.persona = SimpleNamespace(language="en", choice_of=lambda tool: tool)
        call = SimpleNamespace(
            settings=settings,
            tasks=tasks,
            session=SimpleNamespace(say=self.said.append, llm=self.model),
            cast=SimpleNamespace(persona=self.persona),
            notices=SimpleNamespace(announce=self.labels.update),
        )
        self.feature = Remembering(cast(Any, call))
        tasks.carry(self.feature.run, name="memory", lost=lambda: None)

    @property
    def state(self) -> str:
        return self.labels.get(MEMORY, "")

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                await asyncio.sleep(0.01)

    async def call(self, tool: str, **arguments: str) -> str:
        [found] = [t for t in self.feature.tools() if t.id == tool]
        return str(await cast(Any, found)(raw_arguments=arguments))

    async def briefed(self) -> list[str]:
        history = llm.ChatContext.empty()
        history.add_message(role="system", content="You are kind.")
        history.add_message(role="user", content="Hello.")
        await self.feature.brief(history)
        return [message.text_content or "" for message in history.messages()]

    def asks(self) -> str:
        """A reply ends, and the question is heard."""
        self.feature.reply("It is noon.", interrupted=False)
        self.feature.reply(self.said[-1], interrupted=False)
        return self.said[-1]

    async def store(self, what: str, identity: str, *given: str) -> Any:
        """Do something with the database, as another call or the command line would."""

        def do() -> Any:
            memory = opened(self.settings.memory)
            return getattr(memory.store, what)(memory.person(f"identity:{identity}"), *given)

        return await asyncio.to_thread(do)

    async def stored(self) -> Known:
        return cast(Known, await self.store("shown", "ann"))


def settings_of(folder: Path, **settings: str) -> Settings:
    url = f"sqlite:///{folder}/memory.sqlite3"
    own = {"MEMORY": "on", "MEMORY_URL": url, "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    return load(environ={**own, **settings})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


@pytest.fixture
def of_documents(tmp_path: Path) -> Settings:
    return settings_of(tmp_path, LLM_ENGINE="handbook")


@pytest.fixture
def out_of_order(tmp_path: Path) -> Settings:
    return settings_of(tmp_path, MEMORY_URL="sqlite:////proc/no/memory.sqlite3")


@pytest.fixture
async def tasks() -> AsyncIterator[CallTasks]:
    async with CallTasks() as tasks:
        yield tasks


@pytest.fixture
async def scene(settings: Settings, tasks: CallTasks) -> Scene:
    scene = Scene(settings, tasks)
    scene.feature.joined(ANN, back=False)
    await scene.until(lambda: scene.state == "ask")
    return scene


def test_without_the_setting_there_is_no_memory() -> None:
    call = SimpleNamespace(settings=load(environ={}))
    assert feature(cast(Any, call)) is None


async def test_the_first_fact_waits_for_the_callers_yes(scene: Scene) -> None:
    answer = await scene.call("remember", fact="She is called Ann.")
    assert answer.startswith("Not stored yet")
    assert scene.said == []
    assert scene.asks() == LEXICONS["en"].may_remember
    assert await scene.stored() == Known()
    scene.feature.turn("Yes, please.", language="en")
    await scene.until(lambda: scene.state == "on")
    assert await scene.call("remember", fact="She likes tea.") == "Stored."
    assert [f.text for f in (await scene.stored()).facts] == [
        "She is called Ann.",
        "She likes tea.",
    ]
    told = await scene.briefed()
    assert (told[0], told[2]) == ("You are kind.", "Hello.")
    assert "She likes tea." in told[1]
    assert "She is called Ann." in await scene.call("recall")


async def test_the_model_cannot_say_yes_for_the_caller(scene: Scene) -> None:
    await scene.call("remember", fact="She is called Ann.")
    scene.asks()
    scene.feature.reply("Yes. The caller agrees.", interrupted=False)
    for _ in range(3):
        await scene.call("remember", fact="The caller has said yes.")
    assert scene.state == "ask"
    assert await scene.stored() == Known()


async def test_a_no_is_kept_for_the_call_and_nowhere_else(scene: Scene) -> None:
    await scene.call("remember", fact="She is called Ann.")
    scene.asks()
    scene.feature.typed("No, thank you.")
    answer = await scene.call("remember", fact="She is called Ann.")
    assert "said no" in answer
    scene.feature.reply("Fine.", interrupted=False)
    assert len(scene.said) == 1
    assert await scene.stored() == Known()


async def test_the_question_is_in_the_language_that_was_spoken_last(scene: Scene) -> None:
    scene.feature.turn("Ich heiße Anna.", language="de-DE")
    await scene.call("remember", fact="Sie heißt Anna.")
    assert scene.asks() == LEXICONS["de"].may_remember
    scene.feature.turn("Ja, gerne.", language="")
    await scene.until(lambda: scene.state == "on")


async def test_forget_all_takes_the_yes_back_and_this_call_does_not_ask_again(
    scene: Scene,
) -> None:
    await scene.call("remember", fact="She is called Ann.")
    scene.asks()
    scene.feature.turn("Yes.", language="en")
    await scene.until(lambda: scene.state == "on")
    with pytest.raises(llm.ToolError, match="no such fact"):
        await scene.call("forget", id="4711")
    assert await scene.call("forget", id="all") == "Deleted."
    assert scene.state == "ask"
    assert await scene.stored() == Known()
    assert "said no" in await scene.call("remember", fact="She is called Ann.")


async def test_a_call_is_summed_up_at_its_end_and_when_another_person_is_served(
    scene: Scene,
) -> None:
    await scene.store("agree", "bob")
    scene.feature.joined(caller("bob"), back=False)
    await scene.until(lambda: scene.state == "on")
    scene.feature.turn("I want to sail.", language="en")
    scene.feature.reply("Where to?", interrupted=False)
    scene.feature.joined(caller("bob"), back=True)  # the same talk goes on
    scene.feature.typed("To Rome.")
    scene.feature.joined(ANN, back=False)
    while not (await scene.store("shown", "bob")).summary:
        await asyncio.sleep(0.01)
    assert (await scene.store("shown", "bob")).summary == NOTE
    [asked] = [request.text for request in scene.model.asked]
    assert all(words in asked for words in ("I want to sail.", "Where to?", "To Rome."))
    for _ in range(3):
        scene.feature.turn("Hello.", language="en")
    scene.feature.gone()  # Ann has not agreed
    await asyncio.sleep(0.1)
    assert len(scene.model.asked) == 1


async def test_documents_alone_sum_nothing_up(of_documents: Settings, tasks: CallTasks) -> None:
    scene = Scene(of_documents, tasks)
    await scene.store("agree", "ann")
    scene.feature.joined(ANN, back=False)
    await scene.until(lambda: scene.state == "on")
    for _ in range(3):
        scene.feature.turn("Hello.", language="en")
    scene.feature.gone()
    await asyncio.sleep(0.1)
    assert scene.model.asked == []


async def test_a_persona_that_lists_no_tool_of_it_knows_nobody(scene: Scene) -> None:
    await scene.store("agree", "bob")
    await scene.store("remember", "bob", "He likes tea.")
    scene.feature.joined(caller("bob"), back=False)
    await scene.until(lambda: scene.state == "on")
    assert len(await scene.briefed()) == 3
    scene.persona.choice_of = lambda tool: None
    scene.feature.became(cast(Persona, scene.persona))
    assert scene.state == "off"
    assert len(await scene.briefed()) == 2


async def test_a_telephone_without_a_number_is_known_by_nothing(scene: Scene) -> None:
    scene.feature.joined(caller("sip_1", SIP, sip_phoneNumber="anonymous"), back=False)
    assert scene.state == "off"
    with pytest.raises(llm.ToolError, match="cannot be recognised"):
        await scene.call("remember", fact="She is called Ann.")


async def test_a_memory_that_does_not_serve_keeps_nobody_waiting(
    out_of_order: Settings, tasks: CallTasks
) -> None:
    scene = Scene(out_of_order, tasks)
    scene.feature.joined(ANN, back=False)
    assert await scene.briefed() == ["You are kind.", "Hello."]
    with pytest.raises(llm.ToolError, match="cannot be reached"):
        await scene.call("remember", fact="She is called Ann.")
    assert scene.state == "off"


@pytest.mark.parametrize(
    ("who", "known_as"),
    [
        (caller("ann"), "identity:ann"),
        (caller("ann", sip_phoneNumber="+4930123456"), "identity:ann"),
        (caller("phone:+4930123456"), "identity:phone:+4930123456"),
        (caller("sip_x", SIP, sip_phoneNumber="+49 (30) 123-456"), "phone:+4930123456"),
        (caller("sip_x", SIP, sip_phoneNumber=""), ""),
        (caller("sip_x", SIP), ""),
    ],
)
def test_only_a_telephone_is_known_by_a_number(who: rtc.RemoteParticipant, known_as: str) -> None:
    assert known_by(who) == known_as
    assert known_as not in hashed(known_as, b"salt") or not known_as
