"""What a caller's words say about the turn.

Is the sentence finished, is it only a sign of listening, is something being dictated? Pure
functions on recognised text, as recognisers deliver it: with or without punctuation and
capitals, truncated at the moment in which the caller paused. What is known of each language is
in `agent.wording.lexicon`.
"""

import functools
import re
import unicodedata
from enum import Enum

from agent.turns.dictation import is_dictating
from agent.turns.tongue import tongue_of
from agent.wording.lexicon import ENGLISH, LEXICONS
from agent.wording.lexicon.turn_words import DenseEnds, SpacedEnds
from agent.wording.scripts import CJK, HAN, KANA, is_cjk

_TOKEN = re.compile(rf"[{CJK}]|[^\W_]+(?:['’.@-][^\W_]+)*", re.UNICODE)
_HAN, _KANA = re.compile(f"[{HAN}]"), re.compile(f"[{KANA}]")
_TIME = re.compile(r"\b\d{1,2}[:：]\d{2}\b|\b\d{1,4}([/.-])\d{1,2}\1\d{2,4}\b")
"""Times of the day and dates: their digits are not dictated."""

_END_MARKS = ".!?。！？｡؟।"
_QUESTION_MARKS = "?？؟"
_BETWEEN = re.compile(r"(?:[.!?]\s+|[。！？])(?=.)", re.DOTALL)
_OPEN_MARKS = ",;:，、；：-–—…"
_CLOSERS = " \"'”’」』）)"

_MOST_WORDS, _MOST_CJK = 6, 12
"""Longest sign of listening, in words or in characters."""

_MOST_READ = 24
"""So many words, or characters, from the end tell how a sentence ends."""


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


def token_spans(text: str) -> list[tuple[str, int]]:
    """The same words, each with where it begins in the text as it is written."""
    return [
        (unicodedata.normalize("NFKC", found.group()).lower().replace("’", "'"), found.start())
        for found in _TOKEN.finditer(text)
    ]


def same_words(one: str, other: str) -> bool:
    """Whether two texts differ in case, punctuation and white space alone."""
    return tokens(one) == tokens(other)


def _as_listed(text: str) -> str:
    """Chinese in the characters in which the lexicon has it."""
    if _HAN.search(text) and not _KANA.search(text):
        return text.translate(LEXICONS["zh"].turns.variants)
    return text


# Signs of listening are short and much alike: a recogniser often takes them for those of another
# language, so they count in all of them.
_LISTENING = frozenset().union(*(lexicon.turns.listening for lexicon in LEXICONS.values()))
_STOPS = frozenset().union(*(lexicon.turns.stops for lexicon in LEXICONS.values()))
_CJK_STOPS = tuple(stop for stop in _STOPS if is_cjk(stop))
_PHRASES = frozenset(tuple(tokens(phrase)) for phrase in _LISTENING)
_LONGEST = max(map(len, _PHRASES))
_BEGINNINGS = frozenset(phrase[:size] for phrase in _PHRASES for size in range(1, len(phrase)))
"""What may become one: "I" may become "I see"."""

for _lexicon in LEXICONS.values():
    _lexicon.turns.prepare()


@functools.lru_cache(maxsize=64)
def is_backchannel(text: str) -> bool:
    """Whether the words only show that somebody listens ("mm-hm", "okay", "嗯")."""
    words = tokens(_as_listed(text))
    most = _MOST_CJK if all(map(is_cjk, words)) else _MOST_WORDS
    return 0 < len(words) <= most and _covered(words)


@functools.lru_cache(maxsize=64)
def takes_the_floor(text: str, *, complete: bool = True) -> bool:
    """Whether the first words already say that the caller wants to speak.

    Unless the words are `complete`, "go" may become "go ahead": it says nothing yet.
    """
    words = tokens(_as_listed(text))
    if _covered(words):
        return False
    if _stops(words):
        return True
    return complete or not _may_be_covered(words)


def surely_heard(text: str) -> str:
    """What is to be believed of a text that was cut off while the voice went on.

    A lone word is not: half of "perfect" is heard as "person". But for signs of listening, and
    words that always take the floor.
    """
    words = tokens(_as_listed(text))
    believed = len(words) != 1 or _covered(words) or _stops(words)
    return text if believed else ""


@functools.lru_cache(maxsize=64)
def read(text: str, language: str = "", *, marks: bool = True) -> Wording:
    """Judge the words before a pause; the same ones are asked about every 10 ms.

    Args:
        text: all that was said.
        language: BCP-47 code that the recogniser gives; empty: it gives none.
        marks: whether the recogniser writes full stops.
    """
    text = _as_listed(text)
    words = tokens(text)
    if not words:
        return Wording.PLAIN
    lexicon = tongue_of(words, language) or ENGLISH
    asked = text.rstrip().endswith(("?", "？"))
    if not asked and is_dictating(tokens(_digits_alone(_TIME.sub(" then ", text))), lexicon):
        return Wording.DICTATION
    stripped = text.rstrip(_CLOSERS)
    if stripped.endswith("...") or stripped[-1:] in _OPEN_MARKS:
        return Wording.UNFINISHED
    said = tokens(stripped[_last_sentence(stripped) :])
    mark = stripped[-1:] if stripped[-1:] in _END_MARKS else ""
    spoken_in = tongue_of(said, language)
    ends = spoken_in.turns.ends if spoken_in is not None else None
    if isinstance(ends, DenseEnds):
        if is_cjk(words[-1]):
            return _read_dense("".join(said), mark, ends)
        ends = None
    if isinstance(ends, SpacedEnds):
        return _read_spaced(said, mark, ends, marks=marks, alone=len(words) < 2)
    return Wording.FINISHED if mark and len(words) > 1 else Wording.PLAIN


def has_end_mark(text: str) -> bool:
    """Whether the recogniser wrote a full stop, a question mark or the like."""
    return text.rstrip(_CLOSERS)[-1:] in tuple(_END_MARKS)


def _last_sentence(text: str) -> int:
    """Where the last of several sentences begins."""
    return max((found.end() for found in _BETWEEN.finditer(text)), default=0)


def _read_spaced(
    words: list[str], mark: str, ends: SpacedEnds, *, marks: bool, alone: bool
) -> Wording:
    if len(words) > _MOST_READ:
        words = ["…", *words[-_MOST_READ:]]  # no pattern takes the first of them for a beginning
    sentence, last, asked = " ".join(words), words[-1], mark in _QUESTION_MARKS and bool(mark)
    open_pair = "-".join(words[-2:]) in ends.never_pairs
    rarely = open_pair or last in ends.rarely
    if not rarely and last not in ends.never and last not in ends.seldom:
        if ends.open.match(sentence) and not asked:
            return Wording.PLAIN if mark else Wording.UNFINISHED
        return Wording.FINISHED if mark and not alone else Wording.PLAIN
    if ends.answer.match(sentence):
        return Wording.FINISHED if mark else Wording.PLAIN
    whole = ends.sentence.match(sentence)
    if not mark:
        # Of one who writes no full stops its absence says nothing.
        return Wording.PLAIN if whole and not marks else Wording.UNFINISHED
    if whole or (asked and ends.question.match(sentence)):
        return Wording.FINISHED
    doubtful = ends.doubtful.match(sentence) or (asked and rarely and len(words) >= 3)
    return Wording.PLAIN if doubtful or last in ends.seldom else Wording.UNFINISHED


def _read_dense(sentence: str, mark: str, ends: DenseEnds) -> Wording:
    asked = mark in _QUESTION_MARKS and bool(mark)
    if len(sentence) > _MOST_READ:
        sentence = f"…{sentence[-_MOST_READ:]}"
    finished = Wording.FINISHED if mark else Wording.PLAIN
    if not asked and ends.open.match(sentence):
        return Wording.UNFINISHED
    if ends.whole.match(sentence):
        return finished
    # The longest ending decides: "为了" before "了", "とか" before "か".
    longest = max(
        (ending for ending in (*ends.done, *ends.never, *ends.seldom) if sentence.endswith(ending)),
        key=len,
        default="",
    )
    if not longest:
        return finished
    if longest in ends.done:
        return Wording.FINISHED
    if longest in ends.never:
        return Wording.UNFINISHED
    if asked:
        return finished
    return Wording.PLAIN if mark else Wording.UNFINISHED


_DENSE_DIGITS = re.compile(
    "|".join(
        sorted(
            (
                digit
                for lexicon in LEXICONS.values()
                for digit in lexicon.turns.digits
                if is_cjk(digit) and len(digit) > 1
            ),
            key=len,
            reverse=True,
        )
    )
)


def _digits_alone(text: str) -> str:
    """Number words of several CJK characters as digits, one token each."""
    return _DENSE_DIGITS.sub(" 0 ", text)


def _stops(words: list[str]) -> bool:
    return words[0] in _STOPS or "".join(words[:_LONGEST]).startswith(_CJK_STOPS)


def _covered(words: list[str]) -> bool:
    """Whether signs of listening make up all."""
    return _covered_upto(words)[-1]


def _may_be_covered(words: list[str]) -> bool:
    """Whether more words may make it so."""
    covered = _covered_upto(words)
    return any(
        covered[at] and tuple(words[at:]) in _BEGINNINGS
        for at in range(max(0, len(words) - _LONGEST), len(words))
    )


def _covered_upto(words: list[str]) -> list[bool]:
    """Whether signs of listening make up the words before each place, from 0 to the end."""
    covered = [True] + [False] * len(words)
    for at in range(len(words)):
        if covered[at]:
            for end in range(at + 1, min(at + _LONGEST, len(words)) + 1):
                covered[end] = covered[end] or tuple(words[at:end]) in _PHRASES
    return covered
