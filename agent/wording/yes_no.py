"""Whether somebody who was asked for their permission gave it, by their own words.

A yes is one only if all that was said is a yes: "yes, but not my name" agrees to something else,
and whoever asked must ask again. So nothing is searched for in a text; its words have to be
covered, from the first to the last, by what a language knows as yes.
"""

import functools
import re
from collections.abc import Collection, Sequence

from agent.wording.lexicon import LEXICONS, code_of
from agent.wording.phrase_cover import UNSPACED, Phrases, is_only, listed, units

_ASKS = re.compile(r"[?？]")
_CLAUSE_END = re.compile(r"[,.;:!?…—–¡¿，。；：！？、]+")
_PAUSE = ","
_LONGEST_RUN = 12
"""Characters of a question that may be said again in one go."""
_MOST_CHARS = 200
"""Nobody answers at such length: it is something else, and is not looked at."""


def said_yes(text: str, language: str, *, question: str = "") -> bool | None:
    """Whether a text answers a request for permission with a clear yes, or a clear no.

    Args:
        text: all that was said or typed as the answer.
        language: BCP-47 tag of it; for one without a lexicon, or none, every language is asked.
        question: what was asked, as it was heard; its words may stand beside a yes: "Yes, for two"
            agrees to "Shall I book it for two?", "Yes, for three" does not.

    Returns:
        None for anything else: a question, a condition, both in one breath, a long text.
    """
    if len(text) > _MOST_CHARS:
        return None
    code = code_of(language)
    known = [code] if code in LEXICONS else LEXICONS
    verdicts = {_verdict(text, other, question) for other in known}
    verdicts.discard(None)
    return verdicts.pop() if len(verdicts) == 1 else None


def _verdict(text: str, code: str, question: str) -> bool | None:
    yes, no, beside = _phrases(code)
    asked = _asked(question, code)
    clauses = [said for part in _CLAUSE_END.split(text) if (said := units(part, code))]
    pause = [_PAUSE] if code in UNSPACED else []
    said = [unit for clause in clauses for unit in (*clause, *pause)]
    if is_only(said, yes, beside | asked):
        return None if _ASKS.search(text) else True
    if is_only(said, no, beside):
        return False
    first, rest = (clauses[0], said[len(clauses[0]) :]) if clauses else ([], [])
    if is_only(first, no, beside) and not _holds(rest, yes):
        return False
    return None


@functools.cache
def _phrases(code: str) -> tuple[Phrases, Phrases, Phrases]:
    words = LEXICONS[code].yes_no
    yes, no, beside = (listed(known, code) for known in (words.yes, words.no, words.beside))
    return yes, no, beside | {(_PAUSE,)}


def _asked(question: str, code: str) -> Phrases:
    """The words of a question, or, of a language without spaces, what is in it; no denial."""
    words = units(question, code)
    lexicon = LEXICONS[code]
    denying = (*lexicon.consent.against, *lexicon.turns.stops, *lexicon.yes_no.no)
    against = listed(denying, code)
    longest = _LONGEST_RUN if code in UNSPACED else 1
    runs = {
        tuple(words[at : at + size])
        for size in range(1, min(longest, len(words)) + 1)
        for at in range(len(words) - size + 1)
    }
    return frozenset(run for run in runs if not any(_holds(run, {word}) for word in against))


def _holds(said: Sequence[str], phrases: Collection[tuple[str, ...]]) -> bool:
    """Whether one of these phrases is anywhere in a text."""
    return any(
        tuple(said[at : at + len(phrase)]) == phrase
        for phrase in phrases
        for at in range(len(said) - len(phrase) + 1)
    )
