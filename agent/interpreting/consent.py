"""A person's spoken yes to being heard in their own voice, and the recording that follows it. Pure.

    asked ──yes──► recording ──enough──► recorded
      └──no, late──► over ◄──no, too little──┘

Times are seconds of any clock, which is given with each call.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from agent.hearing.ear import RATE_HZ
from agent.turns.words import tokens
from agent.wording.lexicon.consent import Consent
from agent.wording.scripts import joined

ANSWER_S = 30.0
"""Time to say the sentence."""
RECORD_S = 120.0
"""Longest wait for enough speech after the yes: a person who agreed is not listened to for it for
ever."""
ENOUGH_S = 8.0
"""Sound after which a recording is done. Engines want 3 to 10 s (GPT-SoVITS), up to 12 (F5-TTS) or
30 (CosyVoice), "10 to 30" (Fish-Speech); the longer it is, the later each text is spoken."""
MOST_S = 10.0
"""The most that all of these engines take."""
FAIR_S = 6.0
"""Enough where what is said next would be more than `MOST_S`."""
LEAST_S = 3.0
"""The least that they take: what is shorter when `RECORD_S` is over is no recording."""
BREATH_S = 3.0
"""What was said up to so long before a passage belongs to it: "I do not", and then the rest."""
_SAME = 0.7
"""Of the sentence's words that must be recognised, in their order: two of nine may be misheard."""
_BESIDE = 0.2
"""As many further words as this share of the sentence make no other sentence of it: "yes"."""
_ASKS = ("?", "？")


@dataclass(frozen=True, slots=True)
class Passage:
    """Sound of one person, and all the words in it, no others."""

    pcm: NDArray[np.int16] = field(repr=False)
    """Mono at `agent.hearing.ear.RATE_HZ`."""
    text: str = field(repr=False)
    """Empty: not known."""
    language: str
    """BCP-47 tag; empty: not known."""
    begin_s: float
    """Position in the track's audio."""
    end_s: float
    whole: bool
    """Whether the utterance is over; else it is what was said up to a pause."""
    clear: bool = True
    """Whether it is speech beyond doubt, and all its words are known."""

    @property
    def length_s(self) -> float:
        """Of its sound, seconds."""
        return len(self.pcm) / RATE_HZ


class Outcome(Enum):
    """What has become of a permission with something that was said, or with time."""

    AGREED = "agreed"
    RECORDED = "recorded"
    REFUSED = "refused"
    """They have said that they do not agree."""
    UNSAID = "unsaid"
    """The sentence was not heard in time."""
    TOO_LITTLE = "too_little"
    """So little was said after the yes that no engine could speak like it."""


class Permission:
    """Of one person, from being asked on."""

    def __init__(self, words: Consent, *, now: float) -> None:
        """They are asked to say `words.sentence` from `now` on."""
        self.words = words
        self.stage: Literal["asked", "recording", "over"] = "asked"
        self.due = now + ANSWER_S
        """When waiting for what is next is over."""
        self.passages: list[Passage] = []
        """What is recorded, from the yes on; empty without one."""
        self._before: Passage | None = None
        """The utterance before, while nothing is agreed to."""
        self._upto_pause: Passage | None = None
        """What was said of the utterance in progress, as far as there is room for it."""

    @property
    def length_s(self) -> float:
        """Of what is recorded, seconds."""
        return sum(passage.length_s for passage in self.passages)

    @property
    def text(self) -> str:
        """What is said in it."""
        return joined(passage.text.strip() for passage in self.passages)

    def hears(self, passage: Passage, now: float) -> Outcome | None:
        """Take what they said; None: nothing has come of it."""
        if self.stage == "over" or now >= self.due:
            return self.look(now)
        if self.stage == "asked":
            return self._answered(passage, now) if passage.whole else None
        if judged(passage.text, self.words) == "no":
            return self._end(Outcome.REFUSED)
        return self._record(passage)

    def look(self, now: float) -> Outcome | None:
        """Look at the clock: whether it is too late for what is waited for."""
        if self.stage == "over" or now < self.due:
            return None
        if self.stage == "asked":
            return self._end(Outcome.UNSAID)
        if self.length_s < LEAST_S:
            return self._end(Outcome.TOO_LITTLE)
        return self._done()

    def drop(self) -> None:
        """It is taken back: nothing of it is kept."""
        self.stage = "over"
        self.passages.clear()
        self._before = self._upto_pause = None

    def _answered(self, passage: Passage, now: float) -> Outcome | None:
        before, self._before = self._before, passage
        if before is not None and passage.begin_s - before.end_s > BREATH_S:
            before = None
        heard = [passage]
        verdict = judged(passage.text, self.words)
        if before is not None and verdict == "other":
            # Said in two breaths.
            heard = [before, passage]
            verdict = judged(joined(one.text for one in heard), self.words)
        if verdict == "no":
            return self._end(Outcome.REFUSED)
        doubtful = before is not None and not self._lets_agree(before)
        if verdict == "other" or doubtful or not all(one.clear for one in heard):
            return None
        self.stage, self.due = "recording", now + RECORD_S
        self._before = None
        for one in heard:
            if (outcome := self._record(one)) is not None:
                return outcome
        return Outcome.AGREED

    def _lets_agree(self, before: Passage) -> bool:
        """Whether what was said in the breath before a yes leaves it one."""
        return bool(before.text) and not _speaks_against(tokens(before.text), self.words)

    def _record(self, passage: Passage) -> Outcome | None:
        """Add a passage, or what there is room for of it, when it is over or makes up enough."""
        fits = self.length_s + passage.length_s <= MOST_S
        if fits and passage.clear:
            self._upto_pause = passage
        held_s = self._upto_pause.length_s if self._upto_pause is not None else 0.0
        enough = self.length_s + held_s >= (ENOUGH_S if fits else FAIR_S)
        if passage.whole or enough:
            if self._upto_pause is not None:
                self.passages.append(self._upto_pause)
            self._upto_pause = None
        return self._done() if enough else None

    def _done(self) -> Outcome:
        self.stage = "over"
        self._upto_pause = None
        return Outcome.RECORDED

    def _end(self, outcome: Outcome) -> Outcome:
        self.drop()
        return outcome


def judged(text: str, words: Consent) -> Literal["yes", "no", "other"]:
    """What somebody has said who was asked for a sentence.

    `no` is that sentence denied; `other` is anything else, the sentence as a question or with much
    beside it too.
    """
    said = tokens(text)
    wanted = [tokens(spelling) for spelling in (words.sentence, *words.spellings)]
    if not any(_is_said(sentence, said) for sentence in wanted):
        return "other"
    if _speaks_against(said, words):
        return "no"
    most = max(len(sentence) for sentence in wanted)
    beside = len(said) - max(_in_order(sentence, said) for sentence in wanted)
    much = beside > max(1, round(_BESIDE * most))
    asks = text.rstrip().endswith(_ASKS)
    return "yes" if _holds(said, tokens(words.core)) and not (much or asks) else "other"


def _is_said(sentence: list[str], said: list[str]) -> bool:
    """Whether a text is a sentence, as far as recognition errors and negations leave it one."""
    # In a long text the words of any sentence are found, here and there.
    short = len(said) <= 2 * len(sentence)
    return short and _in_order(sentence, said) >= _SAME * len(sentence)


def _speaks_against(said: list[str], words: Consent) -> bool:
    return any(_holds(said, tokens(piece)) for piece in words.against)


def _holds(said: list[str], words: list[str]) -> bool:
    """Whether these words are in a text, one after the other."""
    size = len(words)
    return any(said[at : at + size] == words for at in range(len(said) - size + 1))


def _in_order(sentence: list[str], said: list[str]) -> int:
    """How many words of a sentence are in a text in their order: longest common subsequence."""
    row = [0] * (len(said) + 1)
    for word in sentence:
        diagonal = 0
        for at, other in enumerate(said, 1):
            above = row[at]
            row[at] = diagonal + 1 if word == other else max(above, row[at - 1])
            diagonal = above
    return row[-1]
