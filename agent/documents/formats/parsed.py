"""What every reader of a kind of file gives."""

from dataclasses import dataclass

from agent.documents.plain_words import Section


@dataclass(frozen=True, slots=True)
class Parsed:
    """A document, parted at its headings."""

    page: str | None
    """Its title; None: it has none of its own."""
    sections: list[Section]


class Unreadable(Exception):
    """A file is left out; the message says why, as a sentence about it, without any of its text."""

    lasting = True
    """Whether the same content will never be readable."""


class PackageMissing(Unreadable):
    """The reader of its kind is not installed."""

    lasting = False
