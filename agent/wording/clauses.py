"""The first pieces of a reply: short, so that the voice begins with the first words.

A whole first sentence takes a language model a quarter of a second and more. The first piece
ends at its first comma or after a few words, the second a little later, and from the third on
whole sentences are spoken (`agent.wording.boundaries`): by then there is audio to play meanwhile.

Words that belong together stay together: numbers with what they count, names, an article with
its noun, Latin words within Chinese. Pure functions.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.wording.boundaries import MAX_UNITS, NOT_FIRST, WIDE_UNITS, Quotes, is_wide, sentence_cut
from agent.wording.lexicon import LEXICONS
from agent.wording.scripts import is_hangul, is_katakana
from agent.wording.segmenter import ends_word

_CJK_COMMAS = "、，；："
_COMMAS = ",;:" + _CJK_COMMAS
_DASHES = "—–"
_QUOTES = "\"'“”„‘’«»(["
_CJK_LEAST, _CJK_MOST = 4, 8
"""Characters of a first Chinese piece without a comma; the second may have twice as many."""
_WORDS_OVER = 4
"""A piece grows by at most this many words while it waits for a good place."""

_PIECES = [lexicon.pieces for lexicon in LEXICONS.values()]
_BINDS_NEXT = frozenset[str]().union(*(words.binds_next for words in _PIECES))
_NUMBERS = frozenset[str]().union(*(words.numbers for words in _PIECES))
_BREAKS_AFTER = frozenset[str]().union(*(words.breaks_after for words in _PIECES))
_BREAKS_BEFORE = frozenset[str]().union(*(words.breaks_before for words in _PIECES))


@dataclass(frozen=True, slots=True)
class ClauseCut:
    """Finds the end of a short piece; usable wherever `sentence_cut` is."""

    least_words: int
    """Latin words before a piece ends without a comma."""

    def __call__(self, text: str, *, final: bool, quotes: Quotes) -> int | None:
        """As `sentence_cut`: length of the first piece, or None when it is not certain yet."""
        # An overlong sentence is cut at a place that depends on what follows that place: a
        # short piece is looked for only in what comes before.
        head = text[: _reach(text)]
        whole = sentence_cut(head, final=final and head == text, quotes=quotes)
        short = self._short(head if whole is None else head[:whole], quotes)
        if short is not None or whole is not None:
            return short or whole
        return sentence_cut(text, final=final, quotes=quotes)

    def _short(self, text: str, quotes: Quotes) -> int | None:
        inside = replace(quotes)
        words = wide = 0
        in_word = False
        for at, char in enumerate(text[:-1]):
            inside.feed(char)
            following = text[at + 1]
            if _is_dense(char):
                in_word, wide = False, wide + 1
            elif char.isspace():
                in_word = False
            elif char.isalnum() and not in_word:
                in_word, words = True, words + 1
            if inside.any_open():
                continue
            end = None
            if char in _COMMAS:
                end = self._comma_end(text, at) if words or wide >= 2 else None
            elif _is_dense(char):
                end = _cjk_end(text, at, wide * 3 // self.least_words)
            elif following.isspace() and not char.isspace():
                enough = words + wide // 2 >= self.least_words
                end = at + 1 if enough and self._may_end(text, at + 1, words) else None
            if end is not None:
                return end
        last = text[-1:]
        if last and last in _CJK_COMMAS and not text[-2:-1].isdigit() and wide >= 2:
            inside.feed(last)
            return None if inside.any_open() else len(text)  # whatever follows
        return None

    def _comma_end(self, text: str, at: int) -> int | None:
        following = text[at + 1]
        if text[at - 1].isdigit():
            # "May 5, 2024", "1，000", "3、5": the rest of the number may not have come yet.
            rest = text[at + 1 :].lstrip()
            return at + 1 if rest and not rest[0].isdigit() and not following.isdigit() else None
        goes_on = not (following.isspace() or is_wide(following) or following in _DASHES)
        return None if goes_on and text[at] not in _CJK_COMMAS else at + 1

    def _may_end(self, text: str, end: int, words: int) -> bool:
        """Whether the voice may stop after the word that ends at `end`."""
        word = _last_word(text[:end])
        bare = word.strip(_QUOTES)
        rest = text[end:].lstrip()
        if not rest or not (rest[0].isalpha() or rest[0] in _QUOTES) or _is_dense(rest[0]):
            return False
        if word[-1] in ".!?…-/" or any(char.isdigit() for char in word):
            return False
        known = bare.lower().replace("’", "'")
        if known in _NUMBERS or (bare[:1].isupper() and rest[0].isupper()):
            return False
        # A name or a German noun belongs to what leads to it.
        good = known not in _BINDS_NEXT and not rest[0].isupper()
        return good or words >= self.least_words + _WORDS_OVER


def _reach(text: str) -> int:
    """Length of what `sentence_cut` does not take for overlong."""
    units = 0
    for at, char in enumerate(text):
        units += WIDE_UNITS if is_wide(char) else 1
        if units > MAX_UNITS:
            return at
    return len(text)


def _cjk_end(text: str, at: int, count: int) -> int | None:
    """Where to cut after, or a little before, the Chinese character at `at`, if at all.

    `count` is in characters of a first piece.
    """
    char, following = text[at], text[at + 1]
    if count >= _CJK_LEAST and not _bound(text, at + 1):
        after = char in _BREAKS_AFTER and following not in _BREAKS_AFTER
        if after or (following in _BREAKS_BEFORE and char not in _BREAKS_BEFORE):
            return at + 1
    if count >= _CJK_MOST:
        ends = range(at + 1, max(1, at + 1 - _CJK_MOST), -1)
        return next((end for end in ends if not _bound(text, end)), None)
    return None


def _bound(text: str, end: int) -> bool:
    """Whether the characters before and after `end` stay together, in Chinese or Japanese."""
    char, following = text[end - 1], text[end]
    if not (_is_dense(char) and _is_dense(following)) or following in NOT_FIRST:
        return True
    if char in _BINDS_NEXT or (following in _NUMBERS and char in "点年月分"):
        return True
    if ends_word(text, end) <= 0 or (is_katakana(char) and is_katakana(following)):
        return True
    # "三封信": a number, its unit and what is counted.
    counted = text[end - 2] in _NUMBERS and char not in _BREAKS_AFTER
    return counted and following not in _BREAKS_BEFORE


def _is_dense(char: str) -> bool:
    """Whether a letter is of a script without spaces; Korean has them."""
    return is_wide(char) and not is_hangul(char)


def _last_word(text: str) -> str:
    start = len(text)
    while start > 0 and not text[start - 1].isspace() and not _is_dense(text[start - 1]):
        start -= 1
    return text[start:]


Cut = Callable[..., int | None]

CUTS: tuple[Cut, ...] = (ClauseCut(least_words=3), ClauseCut(least_words=6), sentence_cut)
"""How the first, the second and all further pieces of a reply end."""
