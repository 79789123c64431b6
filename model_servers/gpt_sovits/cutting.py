"""Cut a text into the pieces that the model speaks one by one."""

import re
from collections.abc import Iterator

LONGEST = 150
"""Characters of a piece. The model loses its way in long ones."""
_CUTS = ("。！？!?…\n", ".;；", "，、,：:", " ")
"""Where a piece that is too long is cut, the best place first."""


def cut(text: str, marks: str) -> list[str]:
    """The pieces in order, none of them without anything to say.

    Args:
        text: what is to be spoken.
        marks: cut after each of these, but not between two digits; empty: only where a piece
            would be too long.
    """
    pieces = [text]
    if marks:
        pieces = re.split(f"(?<=[{re.escape(marks)}])(?<!\\d.(?=\\d))", text)
    short = (part.strip() for piece in pieces for part in _shortened(piece))
    return [piece for piece in short if any(c.isalnum() for c in piece)]


def _shortened(piece: str) -> Iterator[str]:
    while len(piece) > LONGEST:
        at = next(filter(None, (_last(piece, marks) for marks in _CUTS)), LONGEST)
        yield piece[:at]
        piece = piece[at:]
    yield piece


def _last(piece: str, marks: str) -> int:
    """Behind the last of these marks that is not too far; 0: there is none."""
    found = re.finditer(f"[{re.escape(marks)}]", piece[:LONGEST])
    return max((mark.end() for mark in found if not _in_number(piece, mark.start())), default=0)


def _in_number(piece: str, at: int) -> bool:
    return at > 0 and piece[at - 1].isdigit() and piece[at + 1 : at + 2].isdigit()
