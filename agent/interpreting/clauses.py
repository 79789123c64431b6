"""Where what somebody says may be cut, so that each piece can be translated by itself. Pure.

A clause ends where a sentence does, at a comma, before a conjunction or in a pause, when it is long
enough to mean something; a very long one ends between words that do not belong together. Where the
verb comes last the words before a conjunction are rarely a clause: such languages are cut at their
marks and pauses.
"""

from collections.abc import Sequence

from agent.interpreting.agreement import Word
from agent.turns.words import Wording, read
from agent.wording.boundaries import Quotes, is_wide, sentence_cut
from agent.wording.lexicon import LEXICONS

SHORT_PAUSE_S = 0.25
"""Silence after which a whole sentence is over."""
PAUSE_S = 0.5
"""Silence after which words are a clause that say nothing against it."""

_LEAST, _BEFORE_CONJUNCTION, _MOST = 4, 5, 12
"""Words of a clause: before a comma, before a conjunction, and before it is cut anywhere."""
_WIDE = 0.6
"""What a Chinese character is of a word."""
_VERB_LAST = frozenset(("de", "ja", "ko", "tr"))
_VERB_LAST_MOST = 24
_COMMAS = ",;:，；：、"
_ENDS = ".!?。！？…"
_AFTER_MARKS = "\"'”’»)]」』）"


def clause_end(
    words: Sequence[Word], stable: int, *, language: str, pause_s: float = 0.0, over: bool = False
) -> int:
    """How many words the first clause has; 0: it has not ended yet, as far as is known.

    Args:
        words: what was said since the last clause.
        stable: how many of them will stay.
        language: BCP-47 tag; empty: not known.
        pause_s: silence since the last word, if all words are known; else 0.
        over: nothing will follow.
    """
    code = language.partition("-")[0].lower()
    verb_last = code in _VERB_LAST
    lexicon = LEXICONS.get(code)
    conjunctions = lexicon.pieces.conjunctions if lexicon is not None else frozenset[str]()
    binds = lexicon.pieces.binds_next if lexicon is not None else frozenset[str]()
    sentence = _sentence_end(words, final=over)
    size = 0.0
    for count in range(1, min(stable, len(words)) + 1):
        word = words[count - 1]
        size += _WIDE if is_wide(word.token[0]) else 1.0
        if count == len(words):
            break
        following = words[count]
        if count == sentence or (size >= _LEAST and _has_comma(word, following)):
            return count
        if verb_last:
            if size >= _VERB_LAST_MOST and word.token not in binds:
                return count
            continue
        if size >= _BEFORE_CONJUNCTION and following.token in conjunctions:
            # "in which" is one.
            return count - 1 if word.token in binds else count
        if size >= _MOST and word.token not in binds and following.token not in binds:
            return count
    if not words or stable < len(words):
        return 0
    if over or (pause_s > 0 and _may_end(words, language, pause_s)):
        return len(words)
    return 0


def _sentence_end(words: Sequence[Word], *, final: bool) -> int:
    """How many words the first sentence has; 0: no end is in sight."""
    text = "".join(word.text for word in words)
    cut = sentence_cut(text, final=final, quotes=Quotes())
    if cut is None:
        return 0
    at = 0
    for count, word in enumerate(words, 1):
        at += len(word.text)
        if at >= cut:
            # A cut inside of a word is none that a translator could use.
            return count if word.text.rstrip()[-1:] in _ENDS + _AFTER_MARKS + _COMMAS else 0
    return 0


def _has_comma(word: Word, following: Word) -> bool:
    written = word.text.rstrip()
    if written[-1:] not in _COMMAS:
        return False
    # "1,500", "3:30": no space after it.
    return written != word.text or is_wide(following.token[0])


def _may_end(words: Sequence[Word], language: str, pause_s: float) -> bool:
    wording = read("".join(word.text for word in words), language)
    if wording is Wording.FINISHED:
        return pause_s >= SHORT_PAUSE_S
    return wording is Wording.PLAIN and pause_s >= PAUSE_S
