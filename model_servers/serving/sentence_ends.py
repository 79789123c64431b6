"""Where sentences and clauses end, in the scripts that people write here.

The time that it takes grows as the text's length, whatever is in it: texts come from strangers.
"""

import re
from collections.abc import Iterator

_CLOSING = "\"'”’»)\\]」』）》"
_END = re.compile(rf"[.!?…।۔؟][{_CLOSING}]*\s+|[。！？]+[{_CLOSING}]*\s*|\s+")
"""Each character is looked at by one alternative: blanks alone end a sentence where a line ends."""
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[A-Za-z]|Mr|Mrs|Ms|Dr|Dra|Prof|Sr|Sra|St|Jr|vs|etc|approx|No|Nr|e\.g|i\.e|z\.B|"
    r"a\.m|p\.m|p\.ex|U\.S|Inc|Ltd|Co|Fig|Vol|Av|pp?)\.$"
)
_LAST_WORD = 12
"""Characters that are looked at for an abbreviation: more than the longest has."""

CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+|(?<=[，、；：،])\s*|\s+(?=[–—(])")
"""The blanks between two clauses. Over a long run of blanks it takes long: search a short text."""


def sentences(text: str) -> Iterator[str]:
    """Yield the sentences with what follows them; together they are the text."""
    begin = 0
    for end in _END.finditer(text):
        found = end.group()
        if found.isspace():
            is_end = "\n" in found
        else:
            said = end.start() + len(found.rstrip())
            last = text[max(begin, said - _LAST_WORD) : said]
            is_end = "\n" in found or _ABBREVIATION.search(last) is None
        if is_end:
            yield text[begin : end.end()]
            begin = end.end()
    if begin < len(text):
        yield text[begin:]
