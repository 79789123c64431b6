"""A reply ends with the sentence in which it has become too long, whatever its pieces are."""

from collections.abc import AsyncGenerator, Sequence

import pytest
from livekit.agents import llm

from agent.llm.length import Chunk, within_words
from tests.fakes.virtual_time import run

ENGLISH = "One word is enough. Here are five words more. It costs 3.50 euros. The rest is silence."
CHINESE = "你好。今天天气很好，我们去公园吧。然后我们回家吃饭。"


class Model:
    """Sends a text in pieces."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = pieces
        self.sent = 0
        self.closed = False

    async def reply(self) -> AsyncGenerator[Chunk, None]:
        try:
            for piece in self.pieces:
                self.sent += 1
                delta = llm.ChoiceDelta(role="assistant", content=piece)
                yield llm.ChatChunk(id="a", delta=delta)
        finally:
            self.closed = True


def said(model: Model, most: int) -> str:
    async def scene() -> str:
        text = ""
        async for chunk in within_words(model.reply(), most):
            if isinstance(chunk, llm.ChatChunk):
                text += (chunk.delta.content or "") if chunk.delta else ""
            else:
                text += str(chunk)
        return text

    found: list[str] = []

    async def whole() -> None:
        found.append(await scene())

    run(whole())
    return found[0]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 200])
@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        (ENGLISH, 3, "One word is enough."),
        (ENGLISH, 4, "One word is enough. Here are five words more."),
        (ENGLISH, 8, "One word is enough. Here are five words more. It costs 3.50 euros."),
        (ENGLISH, 100, ENGLISH),
        (CHINESE, 5, "你好。今天天气很好，我们去公园吧。"),
        ("No end in sight for this one", 3, "No end in sight for this one"),
    ],
)
def test_the_sentence_in_which_it_is_reached_is_the_last(
    text: str, most: int, kept: str, size: int
) -> None:
    model = Model([text[at : at + size] for at in range(0, len(text), size)])
    assert said(model, most) == kept
    assert model.closed


def test_what_is_not_said_is_not_waited_for() -> None:
    model = Model(["One two three four. ", "Five. ", *["And so on. "] * 50])
    assert said(model, 3) == "One two three four."
    assert model.sent <= 3
