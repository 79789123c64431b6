"""Which question a picture goes with, and what the history keeps of it."""

import asyncio

import pytest
from livekit.agents import llm

from agent.llm.sight import GLIMPSE, MARK
from agent.pictures.album import Album
from agent.pictures.reading import read_picture
from tests.fakes import virtual_time
from tests.fakes.pictures import picture

RED = read_picture(picture("red"), longest_px=64)


def album(*, per_question: int = 2, turns: int = 2) -> Album:
    return Album(per_question=per_question, turns=turns)


def user(text: str, at: float) -> llm.ChatMessage:
    return llm.ChatMessage(role="user", content=[text], created_at=at)


def answer(text: str = "I see.") -> llm.ChatMessage:
    return llm.ChatMessage(role="assistant", content=[text])


def shown(pictures: Album, *items: llm.ChatItem) -> list[tuple[int, str]]:
    """Of each message of the caller's in what the model is asked: pictures, and words."""
    history = llm.ChatContext([*items])
    pictures.place(history)
    return [
        (
            sum(isinstance(part, llm.ImageContent) for part in item.content),
            item.text_content or "",
        )
        for item in history.messages()
        if item.role == "user"
    ]


def sent(pictures: Album, at: float) -> None:
    kept = pictures.expect(at)
    assert kept is not None
    pictures.put(kept, RED)


def test_a_picture_goes_with_the_first_question_after_it() -> None:
    pictures = album()
    before = user("Hello", 1.0)
    pictures.entered(before)
    sent(pictures, 2.0)
    assert shown(pictures, before) == [(0, "Hello")]
    question = user("What is this?", 3.0)
    asked = [before, answer(), question]
    assert shown(pictures, *asked) == [(0, "Hello"), (1, f"{MARK}\nWhat is this?")]
    assert question.content == ["What is this?"], "the history itself is as it was"


def test_a_guess_that_is_thrown_away_takes_no_picture_with_it() -> None:
    pictures = album()
    sent(pictures, 1.0)
    assert shown(pictures, user("What", 2.0))[0][0] == 1
    said = user("What is that?", 3.0)
    assert shown(pictures, said)[0][0] == 1
    pictures.entered(said)
    assert shown(pictures, said, answer(), user("And?", 4.0)) == [
        (1, f"{MARK}\nWhat is that?"),
        (0, "And?"),
    ]


def test_after_some_questions_a_mark_in_the_history_is_all_that_is_left() -> None:
    pictures = album(turns=2)
    sent(pictures, 1.0)
    items: list[llm.ChatItem] = []
    counts = []
    for at in range(2, 5):
        question = user("And?", float(at))
        counts.append(shown(pictures, *items, question)[0])
        pictures.entered(question)
        items += [question, answer()]
    assert counts == [(1, f"{MARK}\nAnd?"), (1, f"{MARK}\nAnd?"), (0, f"{MARK}\nAnd?")]


def test_what_is_too_much_for_one_question_is_refused_until_it_was_asked() -> None:
    pictures = album(per_question=2)
    sent(pictures, 1.0)
    sent(pictures, 1.1)
    assert pictures.expect(1.2) is None
    question = user("Which one?", 2.0)
    assert shown(pictures, question) == [(2, f"{MARK}\n{MARK}\nWhich one?")]
    pictures.entered(question)
    assert pictures.expect(3.0) is not None


def test_a_question_waits_for_a_picture_on_its_way_and_not_for_a_later_one() -> None:
    async def scene(*, began: float, takes_s: float) -> float:
        pictures = album()
        kept = pictures.expect(began)
        assert kept is not None
        loop = asyncio.get_running_loop()
        loop.call_later(takes_s, pictures.put, kept, RED)
        start = loop.time()
        await pictures.arrived(user("Well?", 2.0), within_s=3.0)
        return loop.time() - start

    assert virtual_time.run(scene(began=1.0, takes_s=0.5)) == pytest.approx(0.5)
    assert virtual_time.run(scene(began=1.0, takes_s=60.0)) == pytest.approx(3.0)
    assert virtual_time.run(scene(began=2.5, takes_s=0.5)) == 0.0


def test_a_picture_that_comes_too_late_is_seen_with_its_question_afterwards() -> None:
    pictures = album()
    kept = pictures.expect(1.0)
    assert kept is not None
    question = user("Well?", 2.0)
    pictures.entered(question)
    assert shown(pictures, question) == [(0, "Well?")]
    pictures.put(kept, RED)
    assert shown(pictures, question, answer(), user("And now?", 3.0)) == [
        (1, f"{MARK}\nWell?"),
        (0, "And now?"),
    ]


def test_one_that_was_given_up_leaves_nothing_and_holds_up_nobody() -> None:
    pictures = album(per_question=1)
    kept = pictures.expect(1.0)
    assert kept is not None
    pictures.give_up(kept)
    virtual_time.run(pictures.arrived(user("Well?", 2.0), within_s=3.0))
    assert shown(pictures, user("Well?", 2.0)) == [(0, "Well?")]
    assert pictures.expect(3.0) is not None


def test_another_caller_gets_none_of_them() -> None:
    pictures = album()
    sent(pictures, 1.0)
    late = pictures.expect(1.5)
    assert late is not None
    pictures.clear()
    pictures.put(late, RED)
    assert shown(pictures, user("Well?", 2.0)) == [(0, "Well?")]


def test_a_glimpse_is_no_question() -> None:
    pictures = album()
    sent(pictures, 1.0)
    question = user("Well?", 2.0)
    seen = llm.ChatMessage(role="user", content=["(seen)"], extra={GLIMPSE: True}, created_at=2.0)
    assert shown(pictures, question, seen)[1] == (0, "(seen)")
    assert shown(pictures, question, seen)[0][0] == 1
