"""Markdown is taken out of what is spoken, and plain words are not held back for it."""

from collections.abc import AsyncIterator

import pytest
from livekit.agents.voice.transcription.filters import filter_markdown

from agent.tts.markup import without_markdown

PLAIN = (
    "Certainly, that is easy. It costs 5 - 3 = 2 dollars, or #1; is that right?",
    "当然可以，这个很容易解释。你说话的时候，系统在工作。",
    "One line.\nAnother line.\n  A third one, indented.",
    "",
)
MARKED = (
    "This is **very** important, and `code` too.",
    "# A title\nAnd a sentence.",
    "Here is a list:\n- one thing\n- another thing\n\nThat is all.",
    "See [the page](https://example.org/a_b) for more.",
    "Use snake_case_names and 2 * 3 * 4, not *this*.",
    "It is cold: \n-5 degrees. _Really_ cold.",
    "请看**这里**，然后打开`设置`页面。",
    "---\nA line above.",
    "> quoted\nnot quoted",
)


async def pieces(text: str, size: int) -> AsyncIterator[str]:
    for at in range(0, len(text), size):
        yield text[at : at + size]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
@pytest.mark.parametrize("text", PLAIN)
async def test_plain_pieces_pass_as_they_come(text: str, size: int) -> None:
    passed = [piece async for piece in without_markdown(pieces(text, size))]
    assert passed == [piece async for piece in pieces(text, size)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 100])
@pytest.mark.parametrize("text", MARKED)
async def test_marks_are_taken_out_as_the_framework_does(text: str, size: int) -> None:
    spoken = "".join([piece async for piece in without_markdown(pieces(text, size))])
    assert spoken == "".join([piece async for piece in filter_markdown(pieces(text, size))])


async def test_a_plain_word_is_there_before_the_next_has_come() -> None:
    async def reply() -> AsyncIterator[str]:
        yield "当然"
        assert passed == ["当然"]
        yield "可以，**好**"

    passed: list[str] = []
    async for piece in without_markdown(reply()):
        passed.append(piece)
    assert "".join(passed) == "当然可以，好"


async def test_words_before_a_mark_are_not_said_twice() -> None:
    for text in ("It is a_b **c** d", "It is **c** d", "好**c**"):
        for size in (1, 2, 3, 7):
            spoken = "".join([piece async for piece in without_markdown(pieces(text, size))])
            assert spoken == text.replace("**", "")
