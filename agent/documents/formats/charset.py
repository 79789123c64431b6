"""Bytes as text, whatever they were written with."""

import codecs
import re

from charset_normalizer import from_bytes

from agent.documents.formats.parsed import Unreadable

_MARKS = (
    # UTF-32's begins as UTF-16's does.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LOOKED_AT = 2**18
"""Bytes by which an encoding is told: more take seconds and tell no more."""
_DAMAGED = 0.1
"""Of UTF-8 with a few broken bytes: as a share of the characters that are more than a byte."""

_OF_CHARACTERS = ("gb", "big5", "euc", "shift", "cp9", "johab", "hz", "iso2022")
"""How names of encodings begin in which an `ö` and the letter after it are a character."""
_WIDE = re.compile(rb"[\x80-\xff]+")


def decoded(content: bytes, *, told: str | None = None) -> str:
    """The text of a file: by its byte order mark, as UTF-8, as `told`, else by how it looks.

    Args:
        content: the file.
        told: an encoding that somebody who sent it named.

    Raises:
        Unreadable: it is no text.
    """
    text = _decoded(content, told)
    if "\0" in text:
        raise Unreadable("it is no text, whatever its name says")
    return text


def _decoded(content: bytes, told: str | None) -> str:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.decode(encoding, errors="replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        pass
    if told:
        try:
            return content.decode(told)
        except (UnicodeDecodeError, LookupError):
            pass
    replaced = content.decode("utf-8", errors="replace")
    wide = sum(character > "\x7f" for character in replaced)
    if replaced.count("\ufffd") <= _DAMAGED * wide:
        return replaced
    best = from_bytes(content[:_LOOKED_AT]).best()
    if best is None:
        return replaced
    if best.encoding.startswith(_OF_CHARACTERS) and _is_western(content):
        return content.decode("cp1252", errors="replace")
    return content.decode(best.encoding, errors="replace")


def _is_western(content: bytes) -> bool:
    """Whether what is not ASCII stands alone within it: letters with accents, no characters."""
    runs = [len(run) for run in _WIDE.findall(content)]
    return runs.count(1) > 0.7 * len(runs)
