"""What the feature of telephones does with a session: voices, replies cut short, transfers."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import llm

from agent.features.telephone import Telephone
from agent.metadata import PersonaWishes
from agent.personas.cast import Cast
from agent.settings.load import Settings, load
from agent.tasks import CallTasks
from agent.wording.lexicon import LEXICONS
from tests.fakes import virtual_time

SIP = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
EN = LEXICONS["en"].help
DESK = """\
title: Desk
instructions: You are the desk.
languages: [en]
human: {transfer_to: office%s}
emergency: {transfer_to: office}
"""


class Session:
    """Says things at once; a speech is heard until it is interrupted."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.current_speech: object | None = None
        self.cut_short: Any = lambda: None
        self.history = llm.ChatContext.empty()
        self.current_agent = SimpleNamespace(chat_ctx=llm.ChatContext.empty(), update_chat_ctx=kept)

    def say(self, text: str) -> None:
        self.said.append(text)

    def interrupt(self, *, force: bool) -> asyncio.Future[None]:
        future = asyncio.get_running_loop().create_future()
        if self.current_speech is not None:
            self.cut_short()
        self.current_speech = None
        future.set_result(None)
        return future


async def kept(history: llm.ChatContext) -> None:
    """Where the history goes."""


def caller(identity: str = "sip_ann") -> rtc.RemoteParticipant:
    return cast(rtc.RemoteParticipant, SimpleNamespace(identity=identity, kind=SIP, attributes={}))


class Scene:
    """One call of a persona, or of nobody's."""

    def __init__(self, tasks: CallTasks, settings: Settings, cast_: Cast, *, outcome: str) -> None:
        self.session = Session()
        self.cast = cast_
        self.asked: list[str] = []
        self.wanted: list[str] = []
        self.outcome = outcome
        call = SimpleNamespace(
            settings=settings,
            session=self.session,
            cast=self.cast,
            tasks=tasks,
            ask=self.asked.append,
            transfer=self.transfer if outcome else None,
            transferring=lambda: False,
        )
        self.feature = Telephone(cast(Any, call))
        self.feature.joined(caller(), back=False)

    async def transfer(self, name: str) -> str:
        self.wanted.append(name)
        return self.outcome

    async def press(self, key: str) -> None:
        self.feature.key(key)
        await asyncio.sleep(3)


def play(scene: Any, environ: dict[str, str] | None = None, *, outcome: str = "") -> Scene:
    """Hold a scene in a call on virtual time."""
    settings = load(environ={"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", **(environ or {})})
    people = Cast(settings, PersonaWishes(name="desk" if settings.personas.personas else None))

    async def held() -> Scene:
        async with CallTasks() as tasks:
            made = Scene(tasks, settings, people, outcome=outcome)
            await scene(made)
            await asyncio.sleep(1)
        return made

    return virtual_time.run(held())


def test_a_reply_that_a_key_cuts_short_is_said_again_by_the_model_alone() -> None:
    async def scene(call: Scene) -> None:
        call.feature.reply("Hello.", interrupted=False)
        call.session.current_speech = object()
        call.session.cut_short = lambda: call.feature.reply("It is", interrupted=True)
        await call.press("#")

    call = play(scene)
    assert call.session.said == []
    assert call.asked == ["[keys] Say your last reply again, from its beginning."]


def test_a_reply_of_which_nothing_was_heard_is_not_taken_for_the_one_before() -> None:
    async def scene(call: Scene) -> None:
        call.feature.reply("Hello.", interrupted=False)
        call.session.current_speech = object()
        await call.press("#")

    call = play(scene)
    assert call.session.said == []
    assert len(call.asked) == 1


def test_the_handbook_is_asked_in_words_that_it_knows() -> None:
    async def scene(call: Scene) -> None:
        call.feature.reply("办公室", interrupted=True)
        await call.press("#")

    assert play(scene, {"LLM_ENGINE": "handbook"}).asked == ["再说一遍。"]


def test_the_voice_is_slowed_step_by_step_and_is_its_own_again_for_the_next_caller() -> None:
    speeds: list[float] = []

    async def scene(call: Scene) -> None:
        for _ in range(4):
            await call.press("*")
            speeds.append(call.cast.persona.speed)
        call.feature.joined(caller("sip_bob"), back=False)
        speeds.append(call.cast.persona.speed)

    play(scene)
    assert speeds == pytest.approx([0.8, 0.64, 0.6, 0.6, 1.0])


def test_what_was_begun_to_be_keyed_in_is_nothing_to_the_next_caller() -> None:
    async def scene(call: Scene) -> None:
        call.feature.key("4")
        call.feature.left("sip_ann")
        call.feature.joined(caller("sip_bob"), back=False)
        await call.press("2")

    assert play(scene).asked == ["[keys] 2"]


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "desk.yaml").write_text(DESK % "")
    return {"PERSONAS": str(tmp_path)}


async def human(call: Scene) -> None:
    assert call.feature.takes("A human, please.")


async def emergency(call: Scene) -> None:
    assert call.feature.takes("Call an ambulance!")


def test_who_asks_for_a_human_is_put_through_where_the_persona_says_to_whom(
    desk: dict[str, str],
) -> None:
    call = play(human, desk, outcome="through")
    assert (call.wanted, call.session.said) == (["office"], [])


def test_who_could_not_be_put_through_has_been_told_so_and_hears_no_more(
    desk: dict[str, str], tmp_path: Path
) -> None:
    assert play(human, desk, outcome="busy").session.said == []
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "desk.yaml").write_text(DESK % ", say: Write to us.")
    own = {"PERSONAS": str(tmp_path / "own")}
    assert play(human, own, outcome="busy").session.said == ["Write to us."]


def test_in_an_emergency_what_to_dial_is_said_when_nobody_takes_the_call(
    desk: dict[str, str],
) -> None:
    sentence = EN.no_help.format(number=EN.own_number)
    assert play(emergency, desk, outcome="unanswered").session.said == [sentence]
    assert play(emergency, desk, outcome="through").session.said == []
    assert play(emergency, desk).session.said == [sentence], "nothing transfers in this call"
