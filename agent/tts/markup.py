"""Takes markdown out of a reply before it is spoken, without holding plain words back.

livekit-agents' filter waits for the space or stop after the next one, because a mark may follow:
a word of English, up to a whole sentence of Chinese, which has no spaces. Text in which no mark
has come needs no waiting; from the first mark on it is the framework's filter that works.
"""

import re
from collections.abc import AsyncGenerator, AsyncIterable

from livekit.agents.voice.transcription.filters import filter_markdown

_MARK = re.compile(r"[*_`~\[]|(?:^|\n)[ \t]*[#>+-]")
"""Emphasis, code and links anywhere; headings, quotes and lists where a line begins."""
_INSIDE_LINE = "\u2060"
"""Stands for the part of a line that has been spoken: a word joiner, which matches nothing."""


async def without_markdown(text: AsyncIterable[str]) -> AsyncGenerator[str, None]:
    """Pass a reply on, plain pieces at once and unchanged.

    Args:
        text: pieces of any size.
    """
    line = ""  # of the line in progress, as far as a mark may depend on it
    pieces = aiter(text)
    async for piece in pieces:
        mark = _MARK.search(line + piece)
        if mark is not None:
            break
        yield piece
        line = _line_start(line + piece)
    else:
        return

    async def marked() -> AsyncGenerator[str, None]:
        yield _lead(line) + piece
        async for later in pieces:
            yield later

    lead = _lead(line)
    async for filtered in filter_markdown(marked()):
        if lead and filtered:
            filtered, lead = filtered.removeprefix(lead), ""
        if filtered:
            yield filtered


def _line_start(text: str) -> str:
    """The indent of a line that has only that so far, or the character a mark would stand at."""
    last = text.rpartition("\n")[2]
    if not last.strip():
        return "\n" + last
    return last[-1] if last[-1].isalnum() else _INSIDE_LINE


def _lead(line: str) -> str:
    return "" if line.startswith("\n") else line
