"""How a conversation begins with each person, and what is kept of it."""

import asyncio
from typing import Any

from livekit.agents import llm

from agent.call.conversation import Conversation
from agent.call.presence import Resume, Serve
from agent.metadata import PersonaWishes
from agent.personas.cast import Cast
from agent.settings.load import load
from agent.survival.history import Memory, Message
from agent.tasks import CallTasks
from tests.fakes import virtual_time

SETTINGS = load(environ={})
GREETING, BACK = "Hello.", "I am back."


class Session:
    """Speaks at once, and keeps what was said."""

    def __init__(self) -> None:
        self.current_agent = self
        self.current_speech: object | None = None
        self.chat_ctx = llm.ChatContext.empty()
        self.history = llm.ChatContext.empty()
        self.heard = True
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)
        if self.heard:
            self.chat_ctx.add_message(role="assistant", content=text)

    def generate_reply(self, *, user_input: llm.ChatMessage) -> None:
        self.said.append(user_input.text_content or "")
        if self.heard:
            self.chat_ctx.insert(user_input)

    async def update_chat_ctx(self, context: llm.ChatContext) -> None:
        self.chat_ctx = context


class Heart:
    def __init__(self) -> None:
        self.remembered: list[tuple[str | None, list[str]]] = []

    def remember(self, served: str | None, items: Any, *, persona: str) -> None:
        self.remembered.append((served, [item.text_content for item in items]))


def conversation_of(
    session: Session,
    tasks: CallTasks,
    heart: Heart,
    *,
    greeting: str = GREETING,
    typed_chars: int = 4000,
) -> Conversation:
    cast = Cast(SETTINGS, PersonaWishes(greeting=greeting, back_text=BACK))
    return Conversation(
        session,  # type: ignore[arg-type]
        tasks,
        heart,  # type: ignore[arg-type]
        cast,
        typed_chars=typed_chars,
        history_chars=1000,
    )


def talk(*actions: Any, session: Session | None = None) -> tuple[Session, Heart]:
    session, heart = session or Session(), Heart()

    async def scene() -> None:
        async with CallTasks() as tasks:
            conversation = conversation_of(session, tasks, heart)
            for action in actions:
                if isinstance(action, Memory):
                    await conversation.recall(action)
                elif isinstance(action, str):
                    session.chat_ctx.add_message(role="user", content=action)
                    conversation.remember()
                    await asyncio.sleep(0)
                else:
                    await conversation.serve(action)

    virtual_time.run(scene())
    return session, heart


def test_a_caller_is_greeted_once_however_often_they_come_back() -> None:
    session, _ = talk(Serve("ann"), Resume("ann"), Resume("ann"))
    assert session.said == [GREETING]


def test_a_caller_who_left_before_the_first_word_is_greeted_when_they_are_back() -> None:
    session = Session()
    session.heard = False
    talk(Serve("ann"), Resume("ann"), session=session)
    assert session.said == [GREETING] * 2
    session.said.clear()
    session.current_speech = object()  # it is still being said
    talk(Serve("ann"), Resume("ann"), session=session)
    assert session.said == [GREETING]


def test_the_next_person_is_greeted_and_knows_nothing_of_the_first() -> None:
    session, heart = talk(Serve("ann"), "My name is Ann.", Serve("bob"))
    assert session.said == [GREETING] * 2
    assert heart.remembered[-1] == ("bob", [GREETING])


def test_a_call_that_is_taken_over_goes_on_with_what_was_said() -> None:
    memory = Memory("ann", (Message("assistant", GREETING), Message("user", "My name is Ann.")))
    session, heart = talk(memory, Resume("ann"))
    assert session.said == [BACK]
    assert heart.remembered[-1] == ("ann", [GREETING, "My name is Ann.", BACK])


def test_who_comes_in_place_of_the_one_who_is_waited_for_knows_nothing_of_them() -> None:
    memory = Memory("ann", (Message("user", "My name is Ann."),))
    session, heart = talk(memory, Serve("bob"))
    assert session.said == [GREETING]
    assert heart.remembered[-1] == ("bob", [GREETING])


def test_what_an_earlier_job_knows_that_comes_back_stands_before_what_was_said_here() -> None:
    memory = Memory("ann", (Message("user", "My name is Ann."),))
    session, heart = Session(), Heart()
    session.chat_ctx.add_message(role="system", content="Be short.")

    async def scene() -> bool:
        async with CallTasks() as tasks:
            conversation = conversation_of(session, tasks, heart)
            await conversation.serve(Serve("ann"))
            return await conversation.learn(memory)

    assert virtual_time.run(scene())
    assert heart.remembered[-1] == ("ann", ["Be short.", "My name is Ann.", GREETING])
    assert session.said == [GREETING]


def test_what_comes_back_takes_the_place_of_its_copy() -> None:
    """The copy was taken over first; the one that is back has heard a little more."""
    copy = Memory("ann", (Message("user", "My name is Ann."),))
    memory = Memory("ann", (*copy.said, Message("assistant", "Hello,")))
    session, heart = Session(), Heart()

    async def scene() -> None:
        async with CallTasks() as tasks:
            conversation = conversation_of(session, tasks, heart)
            await conversation.recall(copy)
            await conversation.serve(Resume("ann"))
            assert await conversation.learn(memory)

    virtual_time.run(scene())
    assert heart.remembered[-1] == ("ann", ["My name is Ann.", "Hello,", BACK])


def test_what_somebody_else_has_told_it_is_not_learnt() -> None:
    memory = Memory("ann", (Message("user", "My name is Ann."),))
    session, heart = Session(), Heart()

    async def scene() -> bool:
        async with CallTasks() as tasks:
            conversation = conversation_of(session, tasks, heart)
            await conversation.serve(Serve("bob"))
            return await conversation.learn(memory)

    assert not virtual_time.run(scene())
    assert heart.remembered[-1] == ("bob", [GREETING])


def test_what_is_added_while_a_conversation_is_cut_is_kept() -> None:
    session = Session()

    async def scene() -> None:
        async with CallTasks() as tasks:
            conversation = conversation_of(session, tasks, Heart(), greeting="")
            await conversation.serve(Serve("ann"))
            for n in range(20):
                session.chat_ctx.add_message(role="user", content=f"{n} {'x' * 98}")
            conversation.remember()
            session.chat_ctx.add_message(role="assistant", content="in the same turn")

    virtual_time.run(scene())
    texts = [message.text_content or "" for message in session.chat_ctx.messages()]
    assert texts[-1] == "in the same turn"
    assert sum(map(len, texts)) <= 1000


def test_a_long_conversation_is_kept_within_its_limit() -> None:
    session, heart = talk(Serve("ann"), *(f"{n} {'x' * 98}" for n in range(30)))
    texts = [item.text_content or "" for item in session.chat_ctx.messages()]
    assert sum(map(len, texts)) <= 1000
    assert texts[-1].startswith("29 ")
    assert heart.remembered[-1][0] == "ann"


def test_what_was_typed_and_not_taken_up_is_asked_again_with_the_next() -> None:
    session = Session()

    async def scene() -> None:
        async with CallTasks() as tasks:
            conversation = conversation_of(session, tasks, Heart(), typed_chars=100)
            conversation.ask("zero")
            session.heard = False  # the next one is interrupted before it is its turn
            conversation.ask("one")
            conversation.ask("x" * 50)
            session.heard = True
            conversation.ask("y" * 40)
            conversation.ask("end")

    virtual_time.run(scene())
    long = f"one\n{'x' * 50}\n{'y' * 40}"
    assert session.said == ["zero", "one", f"one\n{'x' * 50}", long, "end"]
    assert len(long) <= 100
