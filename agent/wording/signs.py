"""Signs that have a name, and those that nobody says."""

import re
from collections.abc import Iterator

from agent.wording.lexicon.language import Language
from agent.wording.patterns import (
    Rule,
)
from agent.wording.stage_directions import is_stage_direction

_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\ufe0f\u200d\u20e3"

_SAME = {">=": "≥", "<=": "≤", "!=": "≠", "==": "="}


class Signs:
    """Finds them in running text."""

    def __init__(self, language: Language) -> None:
        """The rules of `language`."""
        self._language = language
        self._signs = dict(language.signs)
        for sign, same in _SAME.items():
            if same in self._signs:
                self._signs[sign] = self._signs[same]

    def powers(self) -> Iterator[Rule]:
        """Squares and cubes without the signs for them."""
        yield (
            re.compile(r"(?<=[\w)])\^([23])(?!\d)"),
            lambda m: self._sign("²" if m[1] == "2" else "³") if "³" in self._signs else None,
        )

    def names(self) -> Iterator[Rule]:
        """Signs that are said."""
        signs = self._signs
        join = self._language.join
        yield (
            re.compile(r"(?<=[\d€$£¥%])\s?/\s?(?=[^\W\d_]{2,})"),
            lambda m: join + self._language.per + join,
        )
        many = sorted((sign for sign in signs if len(sign) > 1), key=len, reverse=True)
        yield re.compile("|".join(re.escape(sign) for sign in many)), lambda m: self._sign(m[0])
        plain = "".join(re.escape(sign) for sign in signs if len(sign) == 1 and sign not in "+*<>@")
        yield re.compile(f"[{plain}]"), lambda m: self._sign(m[0])
        yield (
            re.compile(
                r"(?<=\s)[+*](?=\s)|(?<=[\w)])[+*](?=[\d(])|(?<=\b\w)[+](?=\w\b)|(?<![\w+])\+(?=\d)|(?<=\d)\+"
            ),
            (lambda m: self._sign(m[0]) if m[0] in signs else None),
        )
        yield (
            re.compile(r"[<>](?=\s?[-\d$€£])|(?<=[\w)])\s?[<>](?=\s\w)"),
            lambda m: self._sign(m[0].strip()) if m[0].strip() in signs else None,
        )
        yield re.compile(r"(?<=\s)@(?=\s|\w)|^@(?=\w)"), lambda m: self._sign(m[0])

    def _sign(self, sign: str) -> str:
        said = self._signs[sign]
        return f" {said} " if self._language.join else said


def stage_directions() -> Iterator[Rule]:
    """What an actor would do, and the marks of notes."""
    yield (
        re.compile(r"[(（]([^()（）]{1,32})[)）]"),
        lambda m: "" if is_stage_direction(m[1], bracketed=True) else None,
    )
    yield re.compile(r"\[\^?\d{1,3}\]|【[^】\n]{0,40}†[^】\n]{0,40}】"), lambda m: ""


def unspoken() -> Iterator[Rule]:
    """What has no name that a person would say."""
    yield re.compile(r"(?<=\w)[¹⁴-⁹⁰]+"), lambda m: ""
    yield re.compile(f"[{_EMOJI}]+"), lambda m: " "
    yield (
        re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])|[\[\]{}<>|\\^_~`•◦▪●■□◆★☆※†‡¶©®™#*]"),
        lambda m: " ",
    )
