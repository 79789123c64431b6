"""What is said about the line itself, and what asks to wait, in one language."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LineWords:
    """Sentences are spoken; phrases are as they are written, capitals and signs do not matter."""

    still_there: str
    """Asks somebody who has said nothing for long."""
    putting_through: str
    """The caller is put through to somebody else now."""
    busy: str
    """Who they wanted is on the telephone; the talk goes on."""
    unanswered: str
    """Nobody took the call there."""
    not_through: str
    """It did not work for another reason."""
    no_telephone: str
    """The caller has not come by telephone: nobody can put them through."""
    wait: tuple[str, ...]
    """Each alone asks the agent to wait."""
    beside: tuple[str, ...]
    """What may stand beside one of these and leaves it as it is: "please"."""
