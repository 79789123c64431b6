"""Markdown and plain text as sentences that can be spoken.

Headings part the text; emphasis and links leave their words; code blocks, images and HTML
are left out; a table's row becomes a sentence; an address becomes its host.
"""

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agent.wording.abbreviations import ALWAYS, BEFORE_NUMBER, OPEN_ENDED, is_dotted
from agent.wording.scripts import HAN

_FENCE = re.compile(r"^\s{0,3}(```+|~~~+)")
_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_UNDERLINE = re.compile(r"^\s{0,3}(=+|-{2,})\s*$")
_RULE = re.compile(r"^\s{0,3}([-*_])(\s*\1){2,}\s*$")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
_TABLE_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")
_DEFINITION = re.compile(r"^\s{0,3}\[[^\]]+\]:\s+\S+")
_INDENTED = re.compile(r"^( {4}|\t)")

_COMMENT = re.compile(r"<!--.*?-->", re.S)
_IMAGE = re.compile(r"!\[[^\]]*\](\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"\[([^\]]+)\](?:\([^)]*\)|\[[^\]]*\])")
_FOOTNOTE = re.compile(r"\[\^[^\]]+\]")
_ADDRESS = re.compile(r"<?\b(https?|wss?)://[^\s<>)\]]*[^\s<>)\].,;:!?]>?")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_STRONG = re.compile(r"(\*\*|__|~~|\*)(?=\S)(.+?)(?<=\S)\1")
_WORD_EMPHASIS = re.compile(r"(?<!\w)_(?=\S)(.+?)(?<=\S)_(?!\w)")
_ESCAPE = re.compile(r"\\([^\w\s])")

_CJK_END = "。！？；"
_ENDS = ".!?…:" + _CJK_END
_CLOSING = "\"'”’)」』）"
_BREAKS = (
    re.compile(rf"([{_CJK_END}][{_CLOSING}]*)\s*"),
    re.compile(rf"([.!?…][{_CLOSING}]*)\s+(?=[\"'“‘(]*[A-Z0-9{HAN}])"),
)

_SHORT_LINE = 60
"""A longer line of a text file is not a heading, characters."""


@dataclass(slots=True)
class Section:
    """What stands under one heading."""

    title: str
    paragraphs: list[list[str]] = field(default_factory=list)
    """Sentences, by paragraph or list item."""


def markdown_sections(text: str) -> tuple[str | None, list[Section]]:
    """Part a Markdown document by its headings.

    Returns:
        The first heading of the first level, if any, and the sections in order. Text before
        the first heading is in a section without a title.
    """
    page: str | None = None
    sections = [Section("")]
    for kind, content in _blocks(_COMMENT.sub("", _without_front_matter(text))):
        if kind == "text":
            sentences = split_sentences(plain(content))
            if sentences:
                sections[-1].paragraphs.append(sentences)
            continue
        title = plain(content).rstrip(".:")
        if kind == "h1" and page is None:
            page = title
        sections.append(Section(title))
    return page, [section for section in sections if section.paragraphs]


def text_sections(text: str) -> tuple[str | None, list[Section]]:
    """Part a text file by blank lines; a short line of its own is a heading."""
    page: str | None = None
    sections = [Section("")]
    for block in re.split(r"\n\s*\n", text):
        line = " ".join(block.split())
        if not line:
            continue
        if "\n" not in block.strip() and len(line) <= _SHORT_LINE and line[-1] not in _ENDS:
            page = page or line
            sections.append(Section(line))
        else:
            sections[-1].paragraphs.append(split_sentences(without_addresses(line)))
    return page, [section for section in sections if section.paragraphs]


def plain(text: str) -> str:
    """One block's words, without markup."""
    text = _IMAGE.sub("", text)
    text = _FOOTNOTE.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = without_addresses(text)
    text = _TAG.sub("", text)
    text = text.replace("`", "")
    text = _STRONG.sub(r"\2", _STRONG.sub(r"\2", text))
    text = _WORD_EMPHASIS.sub(r"\1", text)
    text = html.unescape(_ESCAPE.sub(r"\1", text))
    return " ".join(text.split())


def without_addresses(text: str) -> str:
    """A text in which the hosts stand for addresses."""
    return _ADDRESS.sub(_host, text)


def _host(address: re.Match[str]) -> str:
    try:
        return urlsplit(address[0].strip("<>")).hostname or ""
    except ValueError:  # brackets that hold no address
        return ""


def split_sentences(text: str) -> list[str]:
    """Part a text at the ends of its sentences, Chinese and Japanese ones too."""
    sentences: list[str] = []
    for boundary in _BREAKS:
        text = boundary.sub(r"\1\n", text)
    for piece in text.splitlines():
        if not piece.strip():
            continue
        if sentences and _goes_on(sentences[-1], piece.strip()):
            sentences[-1] += " " + piece.strip()
        else:
            sentences.append(piece.strip())
    return [_ended(sentence) for sentence in sentences]


def _goes_on(sentence: str, following: str) -> bool:
    """Whether the full stop at the end of what seemed a sentence is that of an abbreviation."""
    word = sentence.split()[-1].lstrip("(\"'“‘")
    if not word.endswith("."):
        return False
    bare = word[:-1].lower()
    if bare in BEFORE_NUMBER or bare in OPEN_ENDED:
        return following[0].isdigit()
    return bare in ALWAYS or (is_dotted(word[:-1]) and not (len(bare) == 1 and word[0] == bare))


def _ended(sentence: str) -> str:
    if sentence.rstrip(_CLOSING)[-1:] in _ENDS:
        return sentence
    words = sentence.rstrip(",;，、—-")
    return words + ("。" if words[-1:] >= "\u3000" else ".")


def _without_front_matter(text: str) -> str:
    if text.startswith("---\n"):
        end = text.find("\n---", 3)
        if end > 0:
            return text[end + 4 :].partition("\n")[2]
    return text


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield ("h1".."h6", title) and ("text", paragraph, item or row)."""
    pending: list[str] = []
    header: list[str] = []
    fence = ""

    def flush() -> Iterator[tuple[str, str]]:
        if pending:
            yield "text", " ".join(pending)
            pending.clear()

    in_list = False
    for line in text.splitlines():
        opened = _FENCE.match(line)
        if fence:
            if opened and opened[1].startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
            continue
        if opened:
            yield from flush()
            in_list, fence = False, opened[1]
            continue
        line = re.sub(r"^\s{0,3}(>\s?)+", "", line)
        if not line.strip():
            yield from flush()
            header = []
            continue
        if heading := _HEADING.match(line):
            yield from flush()
            in_list = False
            yield f"h{len(heading[1])}", heading[2]
        elif len(pending) == 1 and not in_list and (under := _UNDERLINE.match(line)):
            yield "h1" if under[1][0] == "=" else "h2", pending.pop()
        elif line.lstrip().startswith("|"):
            yield from flush()
            in_list = False
            if _TABLE_RULE.match(line):
                continue
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if header:
                yield "text", _row(header, cells)
            header = header or cells
        elif _RULE.match(line) or _DEFINITION.match(line):
            yield from flush()
        elif item := _ITEM.match(line):
            yield from flush()
            in_list = True
            pending.append(line[item.end() :].strip())
        elif not pending and not in_list and _INDENTED.match(line):
            continue
        else:
            in_list = in_list and bool(pending or line[0].isspace())
            pending.append(line.strip())
    yield from flush()


def _row(header: list[str], cells: Iterable[str]) -> str:
    first, *rest = cells
    named = [f"{name} {cell}".strip() for name, cell in zip(header[1:], rest, strict=False) if cell]
    return f"{first}: {', '.join(named)}." if named else f"{first}."
