"""Tables of values with commas, semicolons or tabs between them: a passage for each row."""

import csv
import io
from collections.abc import Iterator, Sequence

from agent.documents.formats.charset import decoded
from agent.documents.formats.parsed import Parsed, Unreadable
from agent.documents.plain_words import Section, split_sentences, without_addresses

_MAX_ROWS = 50_000
_SNIFFED = 2**14
"""Characters by which the separator is told."""
_TITLE = 120
"""A longer first cell is no title, characters."""


def read(content: bytes, charset: str | None) -> Parsed:
    """Read a table whose first row names the columns.

    A row becomes a section: titled by its first cell that has words, and each further cell a
    sentence with its column's name.
    """
    text = decoded(content, told=charset)
    try:
        rows = list(_rows(text))
    except csv.Error as error:
        raise Unreadable("it is no table with a separator that can be told") from error
    if len(rows) > _MAX_ROWS:
        raise Unreadable(f"it has more than {_MAX_ROWS} rows; part it into several files")
    header, *rest = rows or [[]]
    return Parsed(None, [section for row in rest if (section := _section(header, row))])


def _rows(text: str) -> Iterator[list[str]]:
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(text[:_SNIFFED], ",;\t|")
    except csv.Error:  # a single column has no separator
        dialect = "excel"
    for row in csv.reader(io.StringIO(text, newline=""), dialect):
        cells = [" ".join(cell.split()) for cell in row]
        if any(cells):
            yield cells


def _section(header: Sequence[str], row: Sequence[str]) -> Section | None:
    named = [(header[i] if i < len(header) else "", cell) for i, cell in enumerate(row) if cell]
    title = next((cell for _, cell in named if any(map(str.isalpha, cell))), named[0][1])
    title = title if len(title) <= _TITLE else ""
    sentences = [
        sentence
        for name, cell in named
        if cell != title or len(named) == 1
        for sentence in split_sentences(without_addresses(f"{name}: {cell}" if name else cell))
    ]
    return Section(title.rstrip(".:"), [sentences]) if sentences else None
