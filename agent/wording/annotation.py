"""Stretches of a reply that are not read as they are written, marked within its text.

A reply travels as plain text through livekit-agents: what is known about a stretch of it has to
be in the text. Unicode has characters for it, interlinear annotations: an anchor, the
annotated text, a separator, the annotation, a terminator. The annotation is a `Kind`.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

ANCHOR, SEPARATOR, TERMINATOR = "\ufff9", "\ufffa", "\ufffb"
_WHOLE = re.compile(f"{ANCHOR}([^{ANCHOR}{TERMINATOR}]*){SEPARATOR}([a-z]*){TERMINATOR}")
SAID, UNSAID = "\ufffc", "\u2060"
"""Each stands for a whole annotation in a `Shorthand`: an object that is said, one that is not."""
_KEPT = re.compile(f"{_WHOLE.pattern}|{SAID}|{UNSAID}")
_SHORT = re.compile(f"[{SAID}{UNSAID}]")
_CHARACTERS = str.maketrans("", "", ANCHOR + SEPARATOR + TERMINATOR)


class Kind(StrEnum):
    """What an annotated stretch is."""

    UNSPOKEN = ""
    """Left out by the voice."""
    CODE = "code"
    """The beginning of a block of code; the rest of it is unspoken."""
    TABLE = "table"
    FORMULA = "formula"
    """The beginning of a formula that is too long to be read."""
    MATH = "math"
    """LaTeX that may be read."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text and what it is; `kind` is None for running text."""

    text: str
    kind: Kind | None = None


def annotate(text: str, kind: Kind) -> str:
    """Mark a text."""
    return f"{ANCHOR}{text}{SEPARATOR}{kind}{TERMINATOR}" if text else ""


def without_annotations(text: str) -> str:
    """The text as it is shown."""
    return _WHOLE.sub(r"\1", text) if ANCHOR in text else text


def without_characters(text: str) -> str:
    """A text of foreign origin, which cannot annotate anything."""
    return text.translate(_CHARACTERS)


def stretches(text: str) -> Iterator[Stretch]:
    """Cut a text where its annotations begin and end; joined again they are what is shown."""
    end = 0
    for found in _WHOLE.finditer(text):
        if found.start() > end:
            yield Stretch(text[end : found.start()])
        yield Stretch(found[1], Kind(found[2]))
        end = found.end()
    if end < len(text):
        yield Stretch(text[end:])


class Shorthand:
    """Keeps annotations whole where text is cut: a single character stands for each."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._kept: deque[str] = deque()
        self._begun = ""

    def shorten(self, text: str) -> str:
        """Put one character for each annotation; one that is not whole yet waits."""
        text = self._begun + text
        self._begun = ""
        if not any(char in text for char in (ANCHOR, SAID, UNSAID)):
            return text
        anchor = text.rfind(ANCHOR)
        if anchor >= 0 and text.find(TERMINATOR, anchor) < 0:
            text, self._begun = text[:anchor], text[anchor:]
        return _KEPT.sub(self._keep, text)

    def rest(self) -> str:
        """Give back an annotation that has never become whole."""
        rest, self._begun = self._begun, ""
        return rest

    def restore(self, text: str) -> str:
        """Put the annotations back, first those that were taken first."""
        if not self._kept:
            return text
        return _SHORT.sub(lambda found: self._kept.popleft(), text)

    def _keep(self, found: re.Match[str]) -> str:
        self._kept.append(found[0])
        if found[0] in (SAID, UNSAID):
            return found[0]
        return SAID if found[2] else UNSAID
