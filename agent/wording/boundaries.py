"""Where running text may be cut into pieces that are spoken one after another.

Pure functions on the text so far. A cut, once found, is the same however much text follows,
so the pieces do not depend on the chunks in which a language model delivers the text. Where
the next character could change the decision ("3." may become "3.14"), the answer waits for
it.

Length is measured in units: a Latin letter is 1, a Chinese, Japanese or Korean one 5, which
is about their ratio in speaking time.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from agent.wording.abbreviations import ALWAYS, BEFORE_NUMBER, OPEN_ENDED, ORDINAL_LEADS, is_dotted
from agent.wording.annotation import SAID
from agent.wording.lexicon import LEXICONS

MAX_UNITS = 200
"""A sentence longer than this is cut at its best place: 200 Latin letters, 40 Chinese."""
CLAUSE_UNITS = 100
"""From this length on a Chinese or Japanese comma ends a piece."""
_LEAST_UNITS = 50
"""An overlong sentence is not cut before this length while a later place exists."""
_HARD_UNITS = 1000
"""Text without any place to cut (a long URL) is cut here all the same."""
WIDE_UNITS = 5

_NEWLINES = "\n\r\u2028\u2029"
_CJK_ENDS = "。！？；｡"
_ENDS = ".!?…؟۔।॥።։"
_CJK_COMMAS = "，、：､"
_CLAUSE_MARKS = ",;:،؛"
_DASHES = "—–"
_CLOSERS = "\"'”’“)]}»*_`」』】）》〉〕"
_OPEN = "“「『《〈（(【〔«„"
_CLOSE = "”」』》〉）)】〕»"
_UNBREAKABLE = "\u00a0\u202f\u2007"
NOT_FIRST = "ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々"
"""Kana and marks that belong to the character before them."""
_CONJUNCTIONS = frozenset[str]().union(
    *(lexicon.pieces.conjunctions for lexicon in LEXICONS.values())
)


class Ends(Enum):
    """Whether a sentence ends at a mark."""

    YES = 1
    NO = 2
    WAIT = 3
    """The next character decides."""


@dataclass(slots=True)
class Quotes:
    """Which quotes and brackets are open; carried from one piece to the next."""

    depth: int = 0
    straight: bool = False
    """Inside a pair of ASCII double quotes."""
    angled: int = 0
    """Open «; French writes a space before the closing one."""

    def feed(self, text: str) -> None:
        """Take in further text."""
        for char in text:
            if char in _NEWLINES:
                self.depth, self.straight, self.angled = 0, False, 0
            elif char == '"':
                self.straight = not self.straight
            elif char in _OPEN:
                self.depth += 1
                self.angled += char == "«"
            elif char in _CLOSE:
                self.depth = max(0, self.depth - 1)
                self.angled = max(0, self.angled - (char == "»"))

    def any_open(self) -> bool:
        """Whether a closing mark may follow a full stop."""
        return self.depth > 0 or self.straight


def sentence_cut(text: str, *, final: bool, quotes: Quotes) -> int | None:
    """Find where the first piece of `text` ends.

    Args:
        text: what has not been spoken yet; the white space between two pieces leads the
            second one.
        final: nothing follows `text`.
        quotes: what is open at the start of `text`; left as it is.

    Returns:
        Length of the first piece, above 0; None when it has not ended yet, or, with
        `final`, when all of `text` is one piece.
    """
    inside = replace(quotes)
    units = wide_units = 0
    spoken = overlong = False
    for i, char in enumerate(text):
        wide = is_wide(char)
        if char in _NEWLINES and spoken:
            return i
        units += WIDE_UNITS if wide else 1
        wide_units += WIDE_UNITS if wide else 0
        if units > MAX_UNITS and spoken and (char.isalnum() or char.isspace()):
            cut = i if overlong and _may_break(text, i) else None
            if not overlong:
                cut, overlong = _best_break(text[: i + 1]), True
            if cut is None and units > _HARD_UNITS and _between_graphemes(text, i):
                cut = i
            if cut is not None:
                return cut
        inside.feed(char)
        spoken = spoken or char.isalnum() or char == SAID
        if not spoken:
            continue
        verdict, cut = Ends.NO, i + 1
        if char in _CJK_ENDS:
            verdict, cut = _cjk_end(text, i, inside)
        elif char in _ENDS and text[i - 1] not in _ENDS:
            verdict, cut = _latin_end(text, i, inside)
        elif _is_comma(char, units, wide_units):
            verdict = _comma_end(text, i)
        if verdict is Ends.YES:
            return cut
        if verdict is Ends.WAIT and not final:
            return None
    return None


def is_wide(char: str) -> bool:
    """Whether a character is a letter of a script written without spaces or in blocks."""
    return char > "\u10ff" and char.isalpha() and unicodedata.east_asian_width(char) in "WF"


def _cjk_end(text: str, at: int, inside: Quotes) -> tuple[Ends, int]:
    """A full-width end mark ends the sentence at once; within quotes, after their end."""
    after = replace(inside)
    end = at + 1
    while after.any_open():
        if end == len(text):
            return Ends.WAIT, end
        if text[end] not in _CLOSERS and text[end] not in _CJK_ENDS:
            break
        after.feed(text[end])
        end += 1
    return Ends.YES, end


def _latin_end(text: str, at: int, inside: Quotes) -> tuple[Ends, int]:
    """A full stop and its like end the sentence when white space or Chinese follows."""
    run = _span(text, at, _ENDS)
    end = _span(text, run, _CLOSERS)
    if end == len(text):
        return Ends.WAIT, end
    following = _next_visible(text, end)
    if not text[end].isspace():
        if not (is_wide(text[end]) or text[end] in _OPEN):
            return Ends.NO, end
        # "1.首先", "嗯……我想": a number in a list, a pause.
        if text[at] == "…" or text[at - 1].isdigit():
            return Ends.NO, end
    if inside.angled and following == "»":
        return Ends.YES, text.index("»", end) + 1
    if inside.angled and following is None:
        return Ends.WAIT, end
    marks = text[at:run]
    if marks == ".":
        return _full_stop(text, at, following, closed=end > run), end
    if marks[0] in ".…" or end > run:
        # A pause ("well... yes") or a quotation ('"Stop!" he said') may go on.
        return _unless(following, str.islower), end
    return Ends.YES, end


def _full_stop(text: str, at: int, following: str | None, *, closed: bool) -> Ends:
    start = at
    while start > 0 and not _ends_word(text[start - 1]):
        start -= 1
    word = text[start:at].lstrip("'’‘")
    lower = word.lower()
    if not word:
        return _unless(following, lambda char: char == "." or char.islower())
    if lower in OPEN_ENDED:
        return _unless(following, lambda char: not (char.isupper() or _caseless(char)))
    lead = text[:start].split()
    if word == "I" and lead:
        return Ends.YES
    if lower in ALWAYS or is_dotted(word):
        return Ends.NO
    if lower in BEFORE_NUMBER:
        return _unless(following, str.isdigit)
    if word.isdigit() and len(word) <= 3:
        if not any(char.isalnum() for char in text[:start]):
            return Ends.NO  # "1. Open the file": the number of a list item.
        if len(word) <= 2 and lead and lead[-1].lower() in ORDINAL_LEADS:
            return Ends.NO
    return _unless(following, str.islower) if closed else Ends.YES


def _comma_end(text: str, at: int) -> Ends:
    following = text[at + 1] if at + 1 < len(text) else None
    if text[at] in _CJK_COMMAS:
        return _unless(following, str.isdigit) if text[at - 1].isdigit() else Ends.YES
    return _unless(following, lambda char: not (char.isspace() or is_wide(char)))


def _is_comma(char: str, units: int, wide_units: int) -> bool:
    return (char in _CJK_COMMAS and units >= CLAUSE_UNITS) or (
        char in _CLAUSE_MARKS and wide_units >= CLAUSE_UNITS
    )


def _best_break(text: str) -> int | None:
    """The last of the best places in `text`, whose last character is one too many."""
    best: tuple[int, int] | None = None
    units = 0
    for i in range(len(text)):
        rank = _break_rank(text, i) if units >= _LEAST_UNITS else 0
        if rank and (best is None or rank >= best[0]):
            best = rank, i
        units += WIDE_UNITS if is_wide(text[i]) else 1
    return best[1] if best else None


def _break_rank(text: str, at: int) -> int:
    """How well the text may be cut before `at`: 0 not at all, 4 after a clause."""
    before, char = text[at - 1], text[at]
    if char.isspace():
        if not _may_break(text, at):
            return 0
        if before in _CLAUSE_MARKS or before in _DASHES:
            return 4
        word = text[at + 1 :].split(maxsplit=1)
        whole = word and at + 1 + len(word[0]) < len(text)
        return 3 if whole and word[0].lower() in _CONJUNCTIONS else 2
    if before in _CJK_COMMAS and not (text[at - 2].isdigit() and char.isdigit()):
        return 4
    if before in _DASHES or (before == "…" and char != "…" and is_wide(char)):
        return 4
    return 1 if _may_break(text, at) else 0


def _may_break(text: str, at: int) -> bool:
    """Whether words stay whole when the text is cut before `at`."""
    before, char = text[at - 1], text[at]
    if char.isspace():
        digits = before.isdigit() and text[at + 1 : at + 2].isdigit()
        # A full stop here belongs to an abbreviation, or it would have ended the sentence.
        return not (digits or before == "." or before.isspace() or char in _UNBREAKABLE)
    return is_wide(char) and char not in NOT_FIRST and is_wide(before)


def _between_graphemes(text: str, at: int) -> bool:
    joined = text[at] == "\u200d" or text[at - 1] == "\u200d"
    return not joined and not unicodedata.category(text[at]).startswith("M")


def _unless(following: str | None, goes_on: Callable[[str], bool]) -> Ends:
    if following is None:
        return Ends.WAIT
    return Ends.NO if goes_on(following) else Ends.YES


def _caseless(char: str) -> bool:
    return char in _OPEN or char in "\"'‘" or (char.isalpha() and char.lower() == char.upper())


def _ends_word(char: str) -> bool:
    return char.isspace() or is_wide(char) or char in _OPEN or char in '"‘[{/—–，。、：；'


def _span(text: str, start: int, chars: str) -> int:
    while start < len(text) and text[start] in chars:
        start += 1
    return start


def _next_visible(text: str, start: int) -> str | None:
    return next((char for char in text[start:] if not char.isspace()), None)
