"""What a request is made for, and whether its answer was of use or thrown away.

Who makes a request does not know it, and who knows it does not see the engine, so it travels in the
context of the task that asks, as `agent.remote.urgency` does. A guess is of use once its turn has
taken it up.
"""

from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol


class Purpose(Protocol):
    """What one or more requests are made for."""

    @property
    def kept(self) -> bool | None:
        """Whether their answers were of use; None: that is not known yet."""


@dataclass(slots=True)
class Wanted:
    """A purpose of which it is said later whether anything came of it."""

    kept: bool | None = None


NEEDED = Wanted(kept=True)
"""What is asked because it is needed."""

PURPOSE: ContextVar[Purpose] = ContextVar("purpose", default=NEEDED)
"""What the current task asks for."""
