"""What one connection to a FunASR server is told and tells, whichever of its servers it is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from livekit.agents import APIError

Span = tuple[float, float]
"""Beginning and end, seconds of the stream's audio."""


@dataclass(frozen=True, slots=True)
class Result:
    """Words of a segment."""

    text: str
    """All of them so far, without the recogniser's tags."""
    final: bool
    """Whether they are the segment's last; without a word: it had none."""
    words: tuple[tuple[str, Span], ...] = ()
    """Each word and when it was said, where the server tells that."""
    span: Span | None = None
    """When the whole was said, where the server tells that."""
    language: str = ""
    """What the server detected, where it tells that."""


class Wire(Protocol):
    """The state of a connection. Pure: what is returned is sent by who asks, in order."""

    ended: bool
    """Whether the server has said that nothing more comes."""

    def opening(self) -> Sequence[str]:
        """What is said first."""

    def resuming(self) -> Sequence[str]:
        """What is said before audio."""

    def sent(self, seconds: float) -> None:
        """So much audio was sent."""

    def flushing(self) -> Sequence[str]:
        """What asks for the last words of what was sent."""

    def ending(self) -> Sequence[str]:
        """The same, when nothing more will be sent."""

    def heard(self, message: str) -> Sequence[Result]:
        """Take in a message.

        Raises:
            APIError: it is none of the protocol, or tells of an error.
        """

    def rest(self) -> Sequence[Result]:
        """Words that were told and never made final, when the server is done."""


def parsed(message: str) -> dict[str, Any]:
    """A message as the object that it must be.

    Raises:
        APIError: it is something else.
    """
    try:
        result = json.loads(message)
    except ValueError as error:
        raise no_result() from error
    if not isinstance(result, dict):
        raise no_result()
    return result


def no_result() -> APIError:
    """What to raise for a message that is not of the protocol; its text may be the caller's."""
    return APIError("the recognition server sends something else than results", retryable=False)


def dumped(order: dict[str, Any]) -> str:
    """An order as the text that is sent."""
    return json.dumps(order, ensure_ascii=False)
