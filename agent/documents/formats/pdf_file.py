"""PDF files, by pypdf: their text in lines, of which the larger ones are headings."""

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from agent.documents.formats.parsed import Parsed, Unreadable
from agent.documents.plain_words import Section, split_sentences, without_addresses

_MAX_PAGES = 3000
_HEADING = 1.12
"""How much larger than the body a heading is."""
_HEADING_LENGTH = 150
"""Characters; a longer line is none."""
_REPEATED = 0.5
"""Share of the pages on which a line stands that is a running head."""
_FEW_PAGES = 4
"""On fewer pages nothing can be told to run through them."""
_NUMBER = re.compile(r"\W*(?:page|seite|p\.)?\W*\d+(?:\s*(?:/|of|von)\s*\d+)?\W*", re.I)


@dataclass(slots=True)
class _Line:
    text: str
    size: float
    """Height of its letters, in units of the page."""


def read(content: bytes, charset: str | None) -> Parsed:
    """Part a PDF at its headings; running heads and page numbers are left out.

    Pictures of pages have no text: a scan is `Unreadable`.
    """
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(content), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise Unreadable("it is protected by a password")
    if len(reader.pages) > _MAX_PAGES:
        raise Unreadable(f"it has more than {_MAX_PAGES} pages; part it into several files")
    pages = [list(_lines(page)) for page in reader.pages]
    if not any(pages):
        raise Unreadable("it has no text, only pictures of it: run a text recognition over it")
    lines = list(_without_running_heads(pages))
    title = str((reader.metadata and reader.metadata.title) or "").strip()
    sections = _sections(lines)
    first = sections[0].title if sections else ""
    return Parsed(first or title or None, [part for part in sections if part.paragraphs])


def _lines(page: Any) -> Iterator[_Line]:
    line, size = "", 0.0
    parts: list[tuple[str, float]] = []

    def visit(text: str, cm: list[float], tm: list[float], font: Any, font_size: float) -> None:
        scale = abs(tm[3] or tm[1]) * abs(cm[3] or cm[1] or 1.0)
        parts.append((text, font_size * scale))

    page.extract_text(visitor_text=visit)
    for text, height in parts:
        for i, piece in enumerate(text.split("\n")):
            if i:
                if line.strip():
                    yield _Line(" ".join(line.split()), size)
                line, size = "", 0.0
            line += piece
            if piece.strip():
                size = max(size, height)
    if line.strip():
        yield _Line(" ".join(line.split()), size)


def _without_running_heads(pages: Sequence[Sequence[_Line]]) -> Iterator[_Line]:
    on_pages = Counter(text for lines in pages for text in {line.text for line in lines})
    for lines in pages:
        for line in lines:
            often = len(pages) >= _FEW_PAGES and on_pages[line.text] > _REPEATED * len(pages)
            if not often and not _NUMBER.fullmatch(line.text):
                yield line


def _sections(lines: Sequence[_Line]) -> list[Section]:
    letters: Counter[float] = Counter()
    for line in lines:
        letters[round(line.size, 1)] += len(line.text)
    body = letters.most_common(1)[0][0] if letters else 0.0
    sections = [Section("")]
    text: list[str] = []

    def close() -> None:
        if sentences := split_sentences(without_addresses(_joined(text))):
            sections[-1].paragraphs += [[sentence] for sentence in sentences]
        text.clear()

    before: _Line | None = None
    for line in lines:
        heading = line.size > _HEADING * body and len(line.text) <= _HEADING_LENGTH
        if not heading:
            text.append(line.text)
        elif before is not None and not text and abs(before.size - line.size) < 0.1:
            sections[-1].title += f" {line.text}"  # a heading of two lines
        else:
            close()
            sections.append(Section(line.text))
        before = line if heading else None
    close()
    return [part for part in sections if part.title or part.paragraphs]


def _joined(lines: Iterable[str]) -> str:
    text = ""
    for line in lines:
        if re.search(r"[a-z]-$", text) and line[:1].islower():
            text = text[:-1] + line
        else:
            text += f" {line}" if text else line
    return text
