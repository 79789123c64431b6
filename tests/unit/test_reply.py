"""A reply between the engine and the voice: failures told once, words kept; on virtual time."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit.agents import APIConnectionError, APITimeoutError, ModelSettings, llm
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from agent.call.parts import Parts
from agent.call.reply import CallAgent
from agent.call.sources import Sources
from agent.call.timeline import Timeline
from agent.llm.reply_filter import Habit
from agent.llm.sight import GLIMPSE, MARK, CannotSee, has_pictures
from agent.metadata import PersonaWishes
from agent.options.stages import ModelOptions
from agent.personas.cast import Cast
from agent.remote.hedging import Pace
from agent.settings.load import load
from agent.wording.lexicon import ENGLISH, LEXICONS
from agent.wording.reader import Reader
from tests.fakes.virtual_time import run

SETTINGS = load(environ={})

Step = str | float | Exception
"""What an engine does: says a text, waits, fails."""


class Engine:
    """Plays one script per request."""

    model = "m"

    def __init__(self, *scripts: list[Step]) -> None:
        self.scripts = scripts
        self.asked = 0
        self.closed = 0

    @asynccontextmanager
    async def chat(self, **_: Any) -> AsyncGenerator[AsyncGenerator[llm.ChatChunk, None], None]:
        async with aclosing(self._play()) as chunks:
            yield chunks

    async def _play(self) -> AsyncGenerator[llm.ChatChunk, None]:
        script = self.scripts[min(self.asked, len(self.scripts) - 1)]
        self.asked += 1
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    delta = llm.ChoiceDelta(role="assistant", content=step)
                    yield llm.ChatChunk(id="a", delta=delta)
        finally:
            self.closed += 1


@pytest.fixture
def reply() -> Callable[..., tuple[str, list[Exception]]]:
    """What of an engine's answer reaches the voice, and the failures that the caller is told."""

    def play(
        engine: Engine,
        history: llm.ChatContext | None = None,
        *,
        pace: Pace | None = None,
        is_list: bool = False,
        on_unseen: Callable[[], None] = lambda: None,
        **options: Any,
    ) -> Any:
        failures: list[Exception] = []

        async def scene() -> str:
            limits = ModelOptions(**options)
            parts = SimpleNamespace(
                llm=engine,
                llm_pace=pace,
                llm_habit=Habit(),
                llm_stall_s=None if is_list else limits.stall_s,
            )
            agent = CallAgent(
                cast=Cast(SETTINGS, PersonaWishes(filler=limits.filler)),
                reply=limits,
                limits=DEFAULT_API_CONNECT_OPTIONS,
                timeline=Timeline(),
                sources=Sources(),
                on_failure=failures.append,
                on_turn_over=lambda: None,
                reader=Reader(),
                parts=cast(Parts, parts),
                on_unseen=on_unseen,
            )
            said, asked = "", history or llm.ChatContext.empty()
            async for piece in agent.llm_node(asked, [], ModelSettings()):
                if isinstance(piece, llm.ChatChunk):
                    said += (piece.delta.content or "") if piece.delta else ""
                elif isinstance(piece, str):
                    said += piece
            return said

        return run(scene()), failures

    return play


def test_a_whole_reply_is_passed_on(reply: Any) -> None:
    assert reply(Engine([0.5, "It is ", "so."])) == ("It is so.", [])


def test_a_failure_in_mid_answer_keeps_what_was_said_and_is_told_once(reply: Any) -> None:
    engine = Engine(["One two. ", APIConnectionError("broke")])
    said, failures = reply(engine)
    assert said == "One two. "
    assert len(failures) == 1
    assert engine.closed == 1


def test_a_fault_of_an_engine_from_outside_is_told_like_any_other(reply: Any) -> None:
    said, failures = reply(Engine([0.1, KeyError("x")]))
    assert said == ""
    assert len(failures) == 1


def test_words_that_stop_coming_are_given_up(reply: Any) -> None:
    engine = Engine(["One two. ", 60.0, "Three."])
    said, failures = reply(engine, stall_s=5.0)
    assert said == "One two. "
    assert [type(failure) for failure in failures] == [APITimeoutError]
    assert engine.closed == 1


def test_of_a_list_the_next_model_may_go_on_after_the_limit(reply: Any) -> None:
    """Its first word comes later than the moment at which the first model is given up."""
    engine = Engine(["One ", 5.0, 0.4, "two."])
    assert reply(engine, is_list=True, stall_s=5.0) == ("One two.", [])


def test_pauses_within_the_limit_are_none(reply: Any) -> None:
    assert reply(Engine(["One ", 4.9, "two ", 4.9, "three."]), stall_s=5.0) == (
        "One two three.",
        [],
    )


def test_a_long_thought_lets_the_caller_wait_with_the_filler(reply: Any) -> None:
    thought: list[Step] = ["<think>"] + [step for _ in range(20) for step in ("hm ", 1.0)]
    said, failures = reply(Engine([*thought, "</think>", "Yes."]), stall_s=5.0)
    assert said == "One moment. Yes."
    assert failures == []


def test_a_wordless_reply_is_told_once_even_after_the_filler(reply: Any) -> None:
    said, failures = reply(Engine([4.0, " "]))
    assert said == "One moment. "
    assert len(failures) == 1


def test_a_failure_is_not_told_when_the_second_request_answers(reply: Any) -> None:
    pace = Pace()
    for _ in range(20):
        pace.took(0.2)
    engine = Engine([1.0, APIConnectionError("broke")], [1.5, "Here."])
    assert reply(engine, pace=pace) == ("Here.", [])
    assert engine.asked == 2


PICTURE = llm.ImageContent(image="data:image/jpeg;base64,AA==")


class Blind(Engine):
    """Takes no pictures; keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__(["In words."])
        self.chats: list[llm.ChatContext] = []

    @asynccontextmanager
    async def chat(self, **request: Any) -> AsyncGenerator[Any, None]:
        self.chats.append(request["chat_ctx"])
        if has_pictures(request["chat_ctx"]):
            raise CannotSee
        async with super().chat() as chunks:
            yield chunks


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("What is this?", ENGLISH.pictures.blind),
        ("这是什么？", LEXICONS["zh"].pictures.blind),
        ("Was ist auf diesem Bild zu sehen?", LEXICONS["de"].pictures.blind),
    ],
)
def test_a_picture_that_the_model_cannot_see_is_answered_in_the_language_of_the_question(
    reply: Any, question: str, said: str
) -> None:
    engine, unseen = Blind(), list[bool]()
    history = llm.ChatContext.empty()
    history.add_message(role="user", content=[PICTURE, MARK, question])
    assert reply(engine, history, on_unseen=lambda: unseen.append(True)) == (said, [])
    assert unseen == [True]
    assert len(engine.chats) == 1, "it would make something up"
    history.add_message(role="assistant", content=said)
    history.add_message(role="user", content="Never mind. How are you?")
    assert reply(engine, history) == ("In words.", [])
    assert not has_pictures(engine.chats[-1])
    assert engine.chats[-1].messages()[0].content == [MARK, question]


def test_a_glimpse_that_the_model_cannot_see_is_left_out(reply: Any) -> None:
    engine = Blind()
    history = llm.ChatContext.empty()
    history.add_message(role="user", content=[PICTURE, "(seen)"], extra={GLIMPSE: True})
    history.add_message(role="user", content="How late is it?")
    assert reply(engine, history) == ("In words.", [])
    assert [m.content for m in engine.chats[-1].messages()] == [["How late is it?"]]
