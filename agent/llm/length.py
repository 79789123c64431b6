"""Ends a reply at the sentence in which it has become too long."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from livekit.agents import llm
from livekit.agents.types import FlushSentinel

from agent.wording.sentences import Splitter
from agent.wording.spoken_length import letters

Chunk = llm.ChatChunk | str | FlushSentinel

LETTERS_OF_A_WORD = 5
"""By this words are counted in all scripts: a Chinese character is most of one."""


async def within_words(
    chunks: AsyncGenerator[Chunk, None], most: int
) -> AsyncGenerator[Chunk, None]:
    """The same reply up to the end of the sentence in which it has `most` words.

    Text is held back within that sentence alone, until its end is certain. Then `chunks` are
    closed, and with them the request; tool calls that come later are not made.
    """
    sentences = Splitter()
    whole_letters = most * LETTERS_OF_A_WORD
    said = passed = ""
    """All text of the reply; what of it was passed on."""
    ended = 0
    """How much of `said` is sentences whose end is certain."""
    so_far = 0.0
    async with aclosing(chunks):
        async for chunk in chunks:
            text = _text_of(chunk)
            if not text:
                yield chunk
                continue
            said += text
            so_far += letters(text)
            for sentence in sentences.push(text):
                ended += len(sentence)
                if letters(said[:ended]) >= whole_letters:
                    yield said[len(passed) : ended]
                    return
            if so_far < whole_letters:
                passed = said
                yield chunk
    if rest := said[len(passed) :]:
        yield rest


def _text_of(chunk: Chunk) -> str:
    if isinstance(chunk, str):
        return chunk
    delta = chunk.delta if isinstance(chunk, llm.ChatChunk) else None
    return (delta.content or "") if delta is not None else ""
