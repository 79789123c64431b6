"""Who speaks which language, and which ones are wanted.

A participant says so by attributes, `rejoinder.speaks` and `rejoinder.hears`, or by the remote
procedure call `set_language`; whoever dispatches the job and the settings say what is so of all
others. Pure.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.room_protocol import HEARS, SPEAKS

_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)
_MOST = 8
"""Languages that people in a room may add to those of the job: each costs its own translation."""


@dataclass(frozen=True, slots=True)
class LanguageWish:
    """What one person has said of themselves."""

    speaks: str = ""
    """Empty: nothing."""
    hears: str | None = None
    """None: nothing; empty: no translation."""


class Languages:
    """Of one room."""

    def __init__(self, *, spoken: str, wanted: Iterable[str]) -> None:
        """Begin with what is so of all; tags are BCP-47, empty: not known."""
        self._spoken = spoken
        self._wanted = tuple(dict.fromkeys(wanted))
        self._wishes: dict[str, LanguageWish] = {}

    def attributes(self, identity: str, attributes: Mapping[str, str]) -> bool:
        """Take what a participant's attributes say; returns whether that is something new."""
        before = self._wishes.get(identity, LanguageWish())
        wish = LanguageWish(
            _tag(attributes[SPEAKS]) if SPEAKS in attributes else before.speaks,
            _tag(attributes[HEARS]) if HEARS in attributes else before.hears,
        )
        self._wishes[identity] = wish
        return wish != before

    def says(self, identity: str, wish: LanguageWish) -> None:
        """Take what somebody has said by a remote procedure call."""
        self._wishes[identity] = wish

    def of(self, identity: str) -> LanguageWish:
        """What is known of somebody."""
        return self._wishes.get(identity, LanguageWish())

    def heard_by(self, identity: str) -> str:
        """The language that somebody hears; empty: none.

        The first of those of the job, unless they said which.
        """
        said = self.of(identity).hears
        return said if said is not None else next(iter(self._wanted), "")

    def left(self, identity: str) -> None:
        """Somebody has gone, and with them what they wanted to read."""
        self._wishes.pop(identity, None)

    def spoken_by(self, identity: str) -> str:
        """The language that somebody speaks; empty: not known."""
        return self.of(identity).speaks or self._spoken

    @property
    def wanted(self) -> tuple[str, ...]:
        """Every language that somebody wants, each once, those of the job first."""
        asked = [wish.hears for wish in self._wishes.values() if wish.hears]
        found = list(self._wanted)
        for tag in asked:
            if len(found) < len(self._wanted) + _MOST and not any(same(tag, t) for t in found):
                found.append(tag)
        return tuple(found)


def same(one: str, other: str) -> bool:
    """Whether text in one language is fit for who wants the other: pt-PT for pt-BR."""
    return one.partition("-")[0].lower() == other.partition("-")[0].lower()


def tag_of(value: object) -> str:
    """A language tag that came from a client; empty when it is none."""
    return _tag(value) if isinstance(value, str) else ""


def _tag(text: str) -> str:
    text = text.strip()
    return text if len(text) <= 35 and _TAG.fullmatch(text) else ""
