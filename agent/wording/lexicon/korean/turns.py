"""Korean, as callers speak it: read syllable by syllable, and not complete yet."""

from agent.wording.lexicon.turn_words import DenseEnds, Endings, TurnWords, spaced

TURNS = TurnWords(
    listening=spaced("네 예 응 그래 맞아"),
    stops=spaced("잠깐 아니"),
    ends=DenseEnds(
        whole=Endings(),
        done=("요", "다", "까"),
        never=("그리고", "그런데", "하지만", "때문에"),
        open=Endings(),
        seldom=("는데",),
    ),
)
