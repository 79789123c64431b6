"""What a caller's words say about the turn.

Is the sentence finished, is it only a sign of listening, is something being dictated? Pure
functions on recognised text, as recognisers deliver it: with or without punctuation and
capitals, truncated at the moment in which the caller paused.
"""

import re
import unicodedata
from enum import Enum

from agent.turns.word_lists import (
    BACKCHANNELS,
    CJK_DONE,
    CJK_OPEN,
    NUMBERS,
    OPEN_ENDS,
    OPEN_PAIRS,
    STOPS,
)

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_]+(?:['’.@-][^\W_]+)*", re.UNICODE)
_IS_CJK = re.compile(rf"[{_CJK}]")

_END_MARKS = ".!?。！？｡؟।"
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
    if not words or len(words) > 6:
        return False
    if any(word in STOPS for word in words):
        return False
    return _covered(words)


def takes_the_floor(text: str) -> bool:
    """Whether the first words already say that the caller wants to speak."""
    words = tokens(text)
    if not words:
        return False
    joined = "".join(words[:3])
    if words[0] in STOPS or any(joined.startswith(stop) for stop in STOPS if _is_cjk(stop)):
        return True
    return not _covered(words)


def read(text: str) -> Wording:
    """Judge the words before a pause."""
    words = tokens(text)
    if not words:
        return Wording.PLAIN
    if _dictated(words) and not text.rstrip().endswith(("?", "？")):
        return Wording.DICTATION
    stripped = text.rstrip(" \"'”’」』）)")
    if stripped.endswith("...") or stripped[-1:] in _OPEN_MARKS:
        return Wording.UNFINISHED
    if _is_cjk(words[-1]):
        return _read_cjk("".join(words), stripped)
    if words[-1] in OPEN_ENDS or "-".join(words[-2:]) in OPEN_PAIRS:
        # "What is that for?" may end with a preposition, "I went to." may not.
        asked = stripped.endswith("?") and len(words) >= 3
        return Wording.PLAIN if asked else Wording.UNFINISHED
    if stripped[-1:] in _END_MARKS and len(words) >= 2:
        return Wording.FINISHED
    return Wording.PLAIN


def has_end_mark(text: str) -> bool:
    """Whether the recogniser wrote a full stop, a question mark or the like."""
    return text.rstrip(" \"'”’」』）)")[-1:] in tuple(_END_MARKS)


def _read_cjk(joined: str, stripped: str) -> Wording:
    if joined.endswith(CJK_DONE):
        return Wording.FINISHED
    if joined.endswith(CJK_OPEN):
        return Wording.UNFINISHED
    return Wording.FINISHED if stripped[-1:] in _END_MARKS else Wording.PLAIN


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


def _is_cjk(text: str) -> bool:
    return bool(_IS_CJK.match(text))
