"""What a caller's words say about the turn.

Is the sentence finished, is it only a sign of listening, is something being dictated? Pure
functions on recognised text, as recognisers deliver it: with or without punctuation and
capitals, truncated at the moment in which the caller paused.
"""

import functools
import re
import unicodedata
from enum import Enum

from agent.turns.sentence_ends import endings_of
from agent.turns.word_lists import (
    BACKCHANNELS,
    CJK_DONE,
    CJK_NEVER,
    CJK_SELDOM,
    CJK_WHOLE,
    NUMBERS,
    STOPS,
)

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_]+(?:['’.@-][^\W_]+)*", re.UNICODE)
_IS_CJK = re.compile(rf"[{_CJK}]")

_HUNDREDS = {"hundred", "hundert"}
"""With these, number words are an amount."""
_TIME = re.compile(r"\b\d{1,2}[:：]\d{2}\b|\b\d{1,4}([/.-])\d{1,2}\1\d{2,4}\b")
"""Times of the day and dates: their digits are not dictated."""

_END_MARKS = ".!?。！？｡؟।"
_QUESTION_MARKS = "?？؟"
_BETWEEN = re.compile(r"(?:[.!?]\s+|[。！？])(?=.)", re.DOTALL)
_OPEN_MARKS = ",;:，、；：-–—…"


class Wording(Enum):
    """How a pause after these words is to be read."""

    FINISHED = "finished"
    """A whole sentence or question: the turn is probably over."""
    PLAIN = "plain"
    """Nothing speaks for or against the end."""
    UNFINISHED = "unfinished"
    """The sentence cannot end here."""
    DICTATION = "dictation"
    """Digits, letters or an address are being dictated in groups."""


def tokens(text: str) -> list[str]:
    """Words in lower case without punctuation; CJK character by character."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).lower().replace("’", "'"))


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in case, punctuation and white space alone."""
    return tokens(one) == tokens(other)


def is_backchannel(text: str) -> bool:
    """Whether the words only show that somebody listens ("mm-hm", "okay", "嗯")."""
    words = tokens(text)
    return 0 < len(words) <= 6 and _covered(words)


def takes_the_floor(text: str, *, complete: bool = True) -> bool:
    """Whether the first words already say that the caller wants to speak.

    Unless the words are `complete`, "go" may become "go ahead": it says nothing yet.
    """
    words = tokens(text)
    if _covered(words):
        return False
    joined = "".join(words[:3])
    if words[0] in STOPS or any(joined.startswith(stop) for stop in STOPS if _is_cjk(stop)):
        return True
    return complete or not _may_be_covered(words)


@functools.lru_cache(maxsize=64)
def read(text: str) -> Wording:
    """Judge the words before a pause; the same ones are asked about every 10 ms."""
    words = tokens(text)
    if not words:
        return Wording.PLAIN
    if _dictated(tokens(_TIME.sub(" then ", text))) and not text.rstrip().endswith(("?", "？")):
        return Wording.DICTATION
    stripped = text.rstrip(" \"'”’」』）)")
    if stripped.endswith("...") or stripped[-1:] in _OPEN_MARKS:
        return Wording.UNFINISHED
    said = tokens(stripped[_last_sentence(stripped) :])
    if _is_cjk(words[-1]):
        return _read_cjk("".join(said), stripped)
    return _read_spaced(words, " ".join(said), stripped[-1:])


def has_end_mark(text: str) -> bool:
    """Whether the recogniser wrote a full stop, a question mark or the like."""
    return text.rstrip(" \"'”’」』）)")[-1:] in tuple(_END_MARKS)


def _last_sentence(text: str) -> int:
    """Where the last of several sentences begins."""
    return max((found.end() for found in _BETWEEN.finditer(text)), default=0)


def _read_spaced(words: list[str], sentence: str, mark: str) -> Wording:
    marked = mark != "" and mark in _END_MARKS
    asked = marked and mark in _QUESTION_MARKS
    last, endings = words[-1], endings_of(sentence.split())
    open_pair = "-".join(words[-2:]) in endings.never_pairs
    rarely = open_pair or last in endings.rarely
    if not rarely and last not in endings.never and last not in endings.seldom:
        return Wording.FINISHED if marked and len(words) >= 2 else Wording.PLAIN
    if endings.answer.search(sentence):
        return Wording.FINISHED if marked else Wording.PLAIN
    if not marked:
        return Wording.UNFINISHED
    if endings.sentence.search(sentence) or (asked and endings.question.search(sentence)):
        return Wording.FINISHED
    doubtful = endings.doubtful.search(sentence) or (asked and rarely and len(words) >= 3)
    return Wording.PLAIN if doubtful or last in endings.seldom else Wording.UNFINISHED


def _read_cjk(joined: str, stripped: str) -> Wording:
    marked = stripped[-1:] in _END_MARKS
    if CJK_WHOLE.search(joined):
        return Wording.FINISHED if marked else Wording.PLAIN
    if joined.endswith(CJK_DONE):
        return Wording.FINISHED
    if joined.endswith(CJK_NEVER):
        return Wording.UNFINISHED
    if joined.endswith(CJK_SELDOM) and stripped[-1:] not in _QUESTION_MARKS:
        return Wording.PLAIN if marked else Wording.UNFINISHED
    return Wording.FINISHED if marked else Wording.PLAIN


def _dictated(words: list[str]) -> bool:
    """Digits or single letters at the end, more than a lone number would have."""
    run = groups = 0
    for word in reversed(words):
        groups += 1
        if word.isdigit():
            run += len(word)
        elif word in NUMBERS or (len(word) == 1 and word.isalpha() and not _is_cjk(word)):
            run += 1
        elif re.fullmatch(r"[\d-]+", word):
            run += sum(char.isdigit() for char in word)
        else:
            groups -= 1
            break
    if _HUNDREDS.intersection(words[-groups:] if groups else ()):
        return False
    # "In 1989." is a year; "five five five" and "030 1234" are parts of something longer.
    if run >= 3 and (groups > 1 or run > 4):
        return True
    tail = " ".join(words[-3:])
    return bool(re.search(r"\b(at|dot|underscore|dash|slash)$|[^\W_]@[\w.-]*$", tail)) and (
        any(mark in words for mark in ("dot", "underscore", "dash", "slash")) or "@" in tail
    )


def _covered(words: list[str]) -> bool:
    """Whether backchannels, of four words or six characters each at most, make up all."""
    if not words:
        return True
    for size in range(min(6, len(words)), 0, -1):
        head = words[:size]
        known = " ".join(head) in BACKCHANNELS or (
            all(map(_is_cjk, head)) and "".join(head) in BACKCHANNELS
        )
        if known and _covered(words[size:]):
            return True
    return False


def _may_be_covered(words: list[str]) -> bool:
    """Whether more words may make it so; but "I" begins most barge-ins."""
    return any(
        _covered(words[:at]) and tuple(words[at:]) in _BEGINNINGS for at in range(len(words))
    )


def _beginnings() -> frozenset[tuple[str, ...]]:
    phrases = [tuple(tokens(phrase)) for phrase in BACKCHANNELS]
    begun = {phrase[:size] for phrase in phrases for size in range(1, len(phrase))}
    return frozenset(begun) - {("i",), ("我",)}


_BEGINNINGS = _beginnings()


def _is_cjk(text: str) -> bool:
    return bool(_IS_CJK.match(text))
