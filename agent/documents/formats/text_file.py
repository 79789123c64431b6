"""Markdown and plain text."""

from agent.documents.formats.charset import decoded
from agent.documents.formats.parsed import Parsed
from agent.documents.plain_words import markdown_sections, text_sections


def read_markdown(content: bytes, charset: str | None) -> Parsed:
    """Part a Markdown file at its headings."""
    return Parsed(*markdown_sections(decoded(content, told=charset)))


def read_text(content: bytes, charset: str | None) -> Parsed:
    """Part a text file at its blank lines."""
    return Parsed(*text_sections(decoded(content, told=charset)))
