"""What of a text is spoken otherwise than it is written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text as it is shown and as the voice says it."""

    written: str
    spoken: str


def plain(text: str) -> tuple[Part, ...]:
    """A text that is spoken as it is written."""
    return (Part(text, text),) if text else ()
