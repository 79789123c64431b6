"""Which reader a file's name asks for, and what becomes of one that cannot be read."""

import importlib
from collections.abc import Mapping

from agent.documents.formats.parsed import PackageMissing, Parsed, Unreadable

VERSION = "1"
"""Another one reads all documents anew: to be raised with every change to what a reader gives."""

_READERS: Mapping[str, str] = {
    ".md": "text_file:read_markdown",
    ".markdown": "text_file:read_markdown",
    ".txt": "text_file:read_text",
    ".csv": "csv_table:read",
    ".tsv": "csv_table:read",
    ".html": "html_page:read",
    ".htm": "html_page:read",
    ".pdf": "pdf_file:read",
    ".docx": "word_file:read",
}
SUFFIXES = tuple(_READERS)
OTHER_DOCUMENTS = (".doc", ".docm", ".odt", ".rtf", ".pptx", ".ppt", ".xlsx", ".xls", ".epub")
"""Kinds that people may expect to be read."""

_KINDS: Mapping[str, str] = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/pdf": ".pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
"""What a web server calls them."""


def suffix_of(content_type: str) -> str | None:
    """The ending of a file that a web server calls so; None: none that is read."""
    return _KINDS.get(content_type.partition(";")[0].strip().lower())


def read(content: bytes, suffix: str, *, charset: str | None = None) -> Parsed:
    """Read a file of the kind that `suffix` says. Blocks.

    Raises:
        Unreadable: it is broken, protected, empty, or its reader is not installed.
    """
    name = _READERS.get(suffix.lower())
    if name is None:
        raise Unreadable(f"files {suffix} are not read; save it as .docx, .pdf, .html, .md or .txt")
    if not content.strip():
        raise Unreadable("it is empty")
    module, _, function = name.partition(":")
    reader = importlib.import_module(f"agent.documents.formats.{module}")
    try:
        parsed: Parsed = getattr(reader, function)(content, charset)
    except Unreadable:
        raise
    except ImportError as error:
        raise PackageMissing(
            f"files {suffix} need a package that is not installed: uv sync --extra documents"
        ) from error
    except Exception as error:  # noqa: BLE001 - parsers of others raise what they like at a broken file
        # The type alone: an error's text may hold some of the document's.
        raise Unreadable(f"it is broken ({type(error).__name__})") from error
    if not parsed.sections:
        raise Unreadable("it holds no text that can be read aloud")
    return parsed
