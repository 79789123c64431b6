"""How far into a passage a reply has come: found by looking its words up in the passages."""

import os.path
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from agent.documents.passage import Passage
from agent.documents.search_terms import words_of


@dataclass(frozen=True, slots=True)
class Place:
    """How far into a passage a text has come."""

    number: int
    """Index into the passages."""
    first: int
    """The first sentence that was said, at least in part."""
    next: int
    """The first sentence that was not said to its end."""


class Places:
    """Finds a passage again by what was said of it. Immutable; for several threads."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        """Learn what there is to say. Blocks, longer the more passages there are."""
        self._passages = passages
        self._title_keys = [_key(passage.title) for passage in passages]
        self._said: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for number, passage in enumerate(passages):
            for i, sentence in enumerate(passage.sentences):
                self._said[_key(sentence)].append((number, i))

    def place_of(self, said: str) -> Place | None:
        """Find how far a reply has come that was made of a passage's sentences.

        Args:
            said: a whole reply, or its beginning when it was interrupted. The passage's title
                may stand before the sentences.

        Returns:
            None when it is no such reply, or too short to tell of which passage.
        """
        heard = " ".join(words_of(said))
        if not heard:
            return None
        places = [self._followed(heard, at) for at in self._openings(heard)]
        for number, title in enumerate(self._title_keys):
            if title and _begins(heard, title):
                rest = heard[len(title) :].lstrip()
                places.append(self._followed(rest, (number, 0)))
        places.sort(key=lambda found: -found[1])
        if not places or (len(places) > 1 and places[0][1] == places[1][1]):
            return None
        return places[0][0]

    def _openings(self, heard: str) -> list[tuple[int, int]]:
        """The sentences that a reply may have begun with, as (passage, sentence)."""
        whole = [key for key in self._said if key and _begins(heard, key)]
        if whole:
            return self._said[max(whole, key=len)]
        cut = [at for key, places in self._said.items() if key.startswith(heard) for at in places]
        return cut if len(cut) == 1 else []

    def _followed(self, heard: str, at: tuple[int, int]) -> tuple[Place, int]:
        """How far a reply follows a passage from a sentence, and how much of it that is."""
        number, first = at
        rest, reached = heard, first
        sentences = self._passages[number].sentences
        while reached < len(sentences) and rest and _begins(rest, _key(sentences[reached])):
            rest = rest[len(_key(sentences[reached])) :].lstrip()
            reached += 1
        following = _key(sentences[reached]) if reached < len(sentences) else ""
        agreed = len(os.path.commonprefix([following, rest]))
        return Place(number, first, reached), len(heard) - len(rest) + agreed


def _begins(text: str, words: str) -> bool:
    return f"{text} ".startswith(f"{words} ") or not words


def _key(sentence: str) -> str:
    return " ".join(words_of(sentence))
