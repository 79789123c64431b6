"""Which language an utterance is in, as far as it decides how its words are read. Pure."""

import re
from collections.abc import Sequence

from agent.wording.lexicon import LEXICONS, Lexicon, code_of
from agent.wording.lexicon.turn_words import SpacedEnds
from agent.wording.scripts import CYRILLIC, HAN, HANGUL, KANA

_SCRIPTS = (
    ("ja", re.compile(f"[{KANA}]")),
    ("ko", re.compile(f"[{HANGUL}]")),
    ("zh", re.compile(f"[{HAN}]")),
    ("ru", re.compile(f"[{CYRILLIC}]")),
)
_CERTAIN = 2
"""So many more words of another language overrule what the recogniser says it is."""


def _opened(lexicon: Lexicon) -> frozenset[str]:
    ends = lexicon.turns.ends
    return ends.known if isinstance(ends, SpacedEnds) else frozenset()


def _known(lexicon: Lexicon) -> frozenset[str]:
    heard = {word for phrase in lexicon.turns.listening for word in phrase.split()}
    return lexicon.common | _opened(lexicon) | lexicon.turns.digits | heard


_SPACED = [
    (lexicon, _known(lexicon), _opened(lexicon))
    for lexicon in LEXICONS.values()
    if isinstance(lexicon.turns.ends, SpacedEnds) or lexicon.common
]


def tongue_of(words: Sequence[str], tag: str = "") -> Lexicon | None:
    """The lexicon that an utterance is read by; None: it is in a language that has none.

    Its script decides, then what the recogniser says, unless the words are clearly others, then
    the language in which most words before the last are known: of those that know as many the
    one that says something of the last word, and English before the others. So a word counts for
    its own language alone: "die" is an article in German and no more than a verb in English.

    Args:
        words: in lower case; characters of Chinese, Japanese and Korean one by one.
        tag: BCP-47 code that the recogniser gives; empty: it gives none.
    """
    code = code_of(tag)
    text = "".join(words)
    for script, pattern in _SCRIPTS:
        if pattern.search(text):
            return LEXICONS["ja" if script == "zh" and code == "ja" else script]
    scores = [
        (sum(word in known for word in words[:-1]), bool(words) and words[-1] in opened)
        for _, known, opened in _SPACED
    ]
    best = max(scores)
    tagged = next((n for n, (lexicon, _, _) in enumerate(_SPACED) if lexicon.code == code), None)
    if tagged is not None and best[0] - scores[tagged][0] < _CERTAIN:
        return _SPACED[tagged][0]
    if code and tagged is None and best[0] <= _CERTAIN:
        return None  # its neighbours share words with it
    return _SPACED[scores.index(best)][0]


def told_by_words(words: Sequence[str]) -> str:
    """Code of the language that words are surely of; empty: they do not tell.

    Surely: their script says so, or a third of them, and two at least, are common words of it.
    """
    lexicon = tongue_of(words)
    if lexicon is None or any(pattern.search("".join(words)) for _, pattern in _SCRIPTS):
        return lexicon.code if lexicon is not None else ""
    known = next(known for of, known, _ in _SPACED if of is lexicon)
    score = sum(word in known for word in words[:-1])
    return lexicon.code if score >= _CERTAIN and 3 * score >= len(words) else ""
