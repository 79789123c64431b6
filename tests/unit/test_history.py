"""What is kept of a call, and who can read it."""

import secrets

import pytest
from livekit.agents import llm

from agent.survival.history import (
    SEALED_CHARS,
    Memory,
    Message,
    Seal,
    newest,
    recalled,
    said,
    shortened,
)

SECRET = "s" * 40


def history(*turns: tuple[str, str]) -> llm.ChatContext:
    context = llm.ChatContext.empty()
    context.add_message(role="system", content="Be brief.")
    for role, text in turns:
        context.add_message(role=role, content=text)  # type: ignore[arg-type]
    return context


def texts(context: llm.ChatContext) -> list[str]:
    return [item.text_content or "" for item in context.messages()]


def test_a_memory_is_opened_by_the_same_secret_in_the_same_room_alone() -> None:
    memory = Memory("ann", (Message("user", "你好"), Message("assistant", "Hello.")))
    sealed = Seal(secret=SECRET, room="r").close(memory)
    assert Seal(secret=SECRET, room="r").open(sealed) == memory
    assert Seal(secret="t" * 40, room="r").open(sealed) is None
    assert Seal(secret=SECRET, room="q").open(sealed) is None
    assert Seal(secret=SECRET, room="r").open(sealed[:-4]) is None
    assert Seal(secret=SECRET, room="r").open("") is None


def test_its_name_is_the_same_for_all_jobs_of_an_agent_and_tells_nothing() -> None:
    room = "call-_+15105550100_x"
    name = Seal(secret=SECRET, room=room).name("a")
    assert name == Seal(secret=SECRET, room=room).name("a")
    assert "15105550100" not in name
    others = (Seal(secret="t" * 40, room=room), Seal(secret=SECRET, room="q"))
    assert len({name, Seal(secret=SECRET, room=room).name(""), *(o.name("a") for o in others)}) == 4


def test_a_sealed_memory_shows_nothing_and_fits_into_the_attributes() -> None:
    words = tuple(Message("user", secrets.token_hex(500)) for _ in range(100))
    sealed = Seal(secret=SECRET, room="r").close(
        Memory("ann.of.bath", newest(words, chars=SEALED_CHARS))
    )
    assert sealed.isascii()
    assert "ann.of.bath" not in sealed
    assert len(sealed) < 32 * 1024


def test_the_newest_words_are_kept_and_the_oldest_cut_at_their_beginning() -> None:
    turns = [Message("user", "abcdef"), Message("assistant", "ghij"), Message("user", "kl")]
    assert newest(turns, chars=8) == (Message("user", "ef"), *turns[1:])
    assert newest(turns, chars=100) == tuple(turns)
    assert newest(turns, chars=0) == ()


def test_a_recalled_history_has_the_words_of_both_sides_in_their_order() -> None:
    turns = (Message("assistant", "Hi."), Message("user", "One?"), Message("assistant", "Two."))
    context = recalled(Memory("ann", turns))
    assert tuple(said(context.items)) == turns


def test_what_is_said_leaves_instructions_and_tools_out() -> None:
    context = history(("user", "Time?"), ("assistant", "Noon."))
    context.insert(llm.FunctionCall(call_id="1", name="clock", arguments="{}"))
    assert said(context.items) == [Message("user", "Time?"), Message("assistant", "Noon.")]


@pytest.mark.parametrize("chars", [60, 100, 400])
def test_a_long_history_loses_its_oldest_turns_and_keeps_its_instructions(chars: int) -> None:
    context = history(
        *((r, f"{n:02} {'x' * 17}") for n in range(50) for r in ("user", "assistant"))
    )
    short = shortened(context, chars=chars)
    assert short is not None
    assert short.items[0] is context.items[0]
    assert short.items[1].role == "user"  # type: ignore[union-attr]
    assert short.items[-1] is context.items[-1]
    spoken = texts(short)[1:]
    assert spoken == texts(context)[-len(spoken) :]
    assert sum(map(len, spoken)) <= chars
    assert shortened(short, chars=chars) is None


def test_a_history_within_its_limit_is_left_alone() -> None:
    assert shortened(history(("user", "Hi."), ("assistant", "Yes?")), chars=20) is None


def test_the_newest_message_stays_however_long_it_is() -> None:
    short = shortened(history(("user", "a"), ("assistant", "b"), ("user", "c" * 900)), chars=50)
    assert short is not None
    assert texts(short) == ["Be brief.", "c" * 900]
