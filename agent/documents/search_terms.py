"""Words of questions and passages as search terms: the same for both sides.

English words are lower-cased, freed of endings and of what says nothing about a topic;
Chinese, Japanese and Korean text becomes overlapping pairs of characters. The endings are cut
by simple rules: what matters is that "stopping", "stopped" and "stops" meet, not that the
result is a word. A few everyday words that mean the same nearly anywhere meet too.
"""

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from agent.wording.scripts import CJK

_WORD = re.compile(rf"[^\W_{CJK}]+")
_CJK_RUN = re.compile(f"[{CJK}]+")
_CJK_FILLER = re.compile(
    "请问|告诉我|我想知道|是什么|什么是|什么|怎么样|怎么|如何|为什么|能不能|可不可以|可以|"
    "有没有|是不是|一下|这个|那个|你们|我们|他们|吗|呢|吧|啊|的|了|是|我|你|您|请|有|在|要|会|能|和|都|也|就"
)
_NOT = re.compile(r"\b(ca|wo|do|does|did|is|are|was|were|has|have|had|could|would|should)n['’]?t\b")
_COMPOUND = re.compile(r"\b([a-z]+)-([a-z]+)\b")
_CONTRACTED = re.compile(
    r"['’](?:s|re|ve|ll|d|m)\b|(?<=\bi)(?:m|ve)\b|(?<=\byou)(?:re|ve)\b|(?<=\bthey)re\b|"
    r"(?<=\b(?:what|that))s\b|(?<=\b(?:where|there))s\b|(?<=\b(?:how|who))s\b"
)
"""Recognisers leave the apostrophe out, too."""

_SAYS_NOTHING = """
a able about above actually after again ah all alright also always am an and any anybody anyone
anything anyway anywhere are as ask at basically be because been before being below between
both but by ca can cannot come could course describe did different do does doing done down each
else er even ever every everything everywhere explain few find for from further gave get gets
getting give go going gonna good got great had happen happened happens has have having he hello
her here hers herself hey hi him himself his hmm how i if in into is it its itself just kind
kinda know let like little lot made make makes many may maybe me mean means might mine more
most much must my myself need needs never new news no nor not now nowhere of off often oh ok
okay on once one only or other our ours ourselves out over own perhaps please question quite
rather really right said same say see seem shall she should show since so some somebody someone
something sometimes somewhere sort still stuff such sure take tell than thank thanks that the
their them themselves then there these they thing things think this those through time times to
today too two uh um under until up upon us use used uses using very wanna want wanted wants was we
well were what whatever whats when where whether which while who whom whose why will with without
wo wonder wondering work worked working works would yeah yes yet you your yours yourself yourselves
"""
STOP_WORDS = frozenset(_SAYS_NOTHING.split())
"""Words that a question about anything may contain."""

_SAME_MEANING = (
    "am are be been is was were",
    "begin began launch start",
    "break broke broken",
    "buy bought",
    "choose chose chosen",
    "do did does",
    "app application",
    "computer laptop notebook pc",
    "doc document",
    "fast quick quickly",
    "find found",
    "hear heard",
    "keep kept",
    "lose lost",
    "mic microphone",
    "cellphone iphone phone smartphone telephone",
    "pay paid",
    "privacy private",
    "run ran",
    "send sent",
    "speak spoke spoken talk",
    "stop quit exit",
    "write wrote written",
)
"""Words of a line meet at the first."""

_FUZZY_LENGTH = 4
"""Shorter words have too many neighbours."""
_FUZZY_RATIO = 0.83
_JOINED_RATIO = 0.86
"""Two words together hit a term by chance more easily than one."""
_PLACES = 32
"""Letters are counted by their last five bits, which tell those of one alphabet apart."""


def search_terms(text: str) -> list[str]:
    """The search terms of a passage, with repetitions; a compound also as one word."""
    terms = [stem(m[1] + m[2]) for m in _COMPOUND.finditer(text.lower())]
    for kind, word in _pieces(text):
        if kind == "cjk":
            terms += _pairs(word)
        elif word not in STOP_WORDS:
            terms.append(stem(word))
    return terms


def words_of(text: str) -> list[str]:
    """All words of a text, lower-case, without punctuation: to compare what was said."""
    return [word for _, word in _pieces(text)]


def _pieces(text: str) -> Iterable[tuple[str, str]]:
    text = unicodedata.normalize("NFKC", text).lower()
    text = _CONTRACTED.sub("", _NOT.sub(r"\1 not", text))
    found = [(m.start(), "word", m[0]) for m in _WORD.finditer(text)]
    found += [(m.start(), "cjk", m[0]) for m in _CJK_RUN.finditer(text)]
    return [(kind, word) for _, kind, word in sorted(found)]


def _unspelt(pieces: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Join letters that were spelt one by one."""
    joined: list[tuple[str, str]] = []
    spelling = False
    for kind, word in pieces:
        letter = kind == "word" and len(word) == 1 and word.isalpha()
        if letter and spelling:
            joined[-1] = (kind, joined[-1][1] + word)
        else:
            joined.append((kind, word))
        spelling = letter
    return joined


def _pairs(run: str) -> list[str]:
    pairs: list[str] = []
    for part in _CJK_FILLER.sub(" ", run).split():
        pairs += [part[i : i + 2] for i in range(len(part) - 1)] or [part]
    return pairs


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """Cut an English word's ending; spellings and words of one meaning meet."""
    return _MEETING.get(_cut(word)) or _cut(word)


def _cut(word: str) -> str:
    if len(word) <= 3 or not word.isascii() or not word.isalpha():
        return word
    word = _singular(word)
    for ending in ("ing", "ed"):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= 3 and re.search("[aeiouy]", rest):
            word = rest[:-1] if rest[-1] == rest[-2] and rest[-1] not in "lsz" else rest
            break
    for ending, least in (("ation", 4), ("ion", 4)):
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= least:
            word = rest
            break
    word = word.removesuffix("e") if len(word) > 3 else word
    if len(word) > 4:
        for british, american in (("our", "or"), ("enc", "ens"), ("is", "iz"), ("ogu", "og")):
            if word.endswith(british):
                return word.removesuffix(british) + american
    return word


def _meeting() -> dict[str, str]:
    meeting: dict[str, str] = {}
    for line in _SAME_MEANING:
        first, *others = map(_cut, line.split())
        meeting |= dict.fromkeys(others, first)
    return meeting


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zes", "ches", "shes")):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


_MEETING = _meeting()


class Vocabulary:
    """The terms of all passages, to which a misheard word is led back."""

    def __init__(self, terms: Collection[str]) -> None:
        self._terms = frozenset(terms)
        by_initial: dict[str, list[str]] = defaultdict(list)
        for term in sorted(self._terms):
            if term.isalpha():
                by_initial[term[:1]].append(term)
        self._neighbours = {initial: _Neighbours(near) for initial, near in by_initial.items()}

    def heard(self, text: str) -> tuple[list[str], frozenset[str]]:
        """The terms of a question as a recogniser wrote it.

        A name that was parted ("live kit", "re joiner") or spelt ("G P U") is joined, and a
        term that no passage has is replaced by its nearest neighbour where one is near enough.

        Returns:
            The terms, and which of them are such guesses.
        """
        terms: list[str] = []
        guesses: set[str] = set()
        pieces = _unspelt(_pieces(text))
        parted: set[int] = set()
        for i in range(len(pieces) - 1):
            joined = self._joined(pieces[i], pieces[i + 1])
            if joined is not None:
                terms.append(joined)
                if stem(pieces[i][1] + pieces[i + 1][1]) != joined:
                    guesses.add(joined)
                parted |= {i, i + 1}
        for i, (kind, word) in enumerate(pieces):
            if kind == "cjk":
                terms += _pairs(word)
                continue
            if word in STOP_WORDS:
                continue
            term = stem(word)
            if term in self._terms:
                terms.append(term)
            elif i not in parted:
                near = self._nearest(term, _FUZZY_RATIO)
                terms.append(near or term)
                if near is not None:
                    guesses.add(near)
        return list(dict.fromkeys(terms)), frozenset(guesses)

    def _joined(self, first: tuple[str, str], second: tuple[str, str]) -> str | None:
        if "cjk" in (first[0], second[0]):
            return None
        both_usual = all(
            word in STOP_WORDS or stem(word) in self._terms for _, word in (first, second)
        )
        term = stem(first[1] + second[1])
        if term in self._terms:
            return term
        return None if both_usual else self._nearest(term, _JOINED_RATIO)

    def _nearest(self, term: str, ratio: float) -> str | None:
        if len(term) < _FUZZY_LENGTH or not term.isalpha() or term[:1] not in self._neighbours:
            return None
        near = difflib.get_close_matches(
            term, self._neighbours[term[:1]].within(term, ratio), n=1, cutoff=ratio
        )
        return near[0] if near else None


class _Neighbours:
    """Terms of one initial, of which those with about the same letters are found at once.

    `difflib` compares a word with ten thousand others in 0.1 s; with the few that are left by this
    bound of its ratio in less than a millisecond, and the result is the same.
    """

    def __init__(self, terms: Sequence[str]) -> None:
        self._terms = terms
        self._letters: NDArray[np.uint8] | None = None

    def within(self, term: str, ratio: float) -> list[str]:
        """The terms that may be as near as `ratio`."""
        if self._letters is None:
            self._letters = np.stack([_letters(other) for other in self._terms])
        shared = np.minimum(self._letters, _letters(term)).sum(axis=1, dtype=np.int64)
        lengths = self._letters.sum(axis=1, dtype=np.int64) + len(term)
        near = np.flatnonzero(2 * shared >= ratio * lengths)
        return [self._terms[i] for i in near.tolist()]


def _letters(term: str) -> NDArray[np.uint8]:
    """How often a term has which letters; two of them in one place make the bound no tighter."""
    places = np.frombuffer(term.encode("utf-32-le"), dtype=np.uint32) % _PLACES
    return np.bincount(places, minlength=_PLACES).clip(max=255).astype(np.uint8)
