"""What an OpenAI-compatible server says when it refuses, for the engines that ask one.

Source: https://platform.openai.com/docs/guides/error-codes; the bodies of whisper.cpp,
Kokoro-FastAPI and FastAPI differ from it.
"""

from collections.abc import Collection

import httpx
from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError

_MESSAGE_LIMIT = 200
"""Characters of a reason; some servers send a whole traceback."""


class Refused(APIStatusError):
    """A refusal whose text says no more than its status."""

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        status_code: int,
        request_id: str | None = None,
        retryable: bool = True,
    ) -> None:
        """Keep `reason`, what the server says, for who asks for it: it may repeat the caller."""
        super().__init__(
            message, status_code=status_code, request_id=request_id, retryable=retryable
        )
        self.reason = reason


class BrokenOff(APIConnectionError):
    """An answer that the server ended with an error; its text says no more than that."""

    def __init__(self, message: str, *, reason: str, retryable: bool) -> None:
        """Keep `reason`, what the server says, for who asks for it: it may repeat the caller."""
        super().__init__(message, retryable=retryable)
        self.reason = reason

    def __str__(self) -> str:
        """Without the error behind it, which the base would add."""
        return self.message


class TimedOut(APITimeoutError):
    """A time-out whose text says no more than that."""

    def __str__(self) -> str:
        """Without the error behind it, whose text may hold what was asked for."""
        return self.message


def reason_of(error: Exception) -> str:
    """What the server said, else the error's own text; for people, never for a log."""
    return getattr(error, "reason", "") or getattr(error, "message", "") or str(error)


def reason(body: object) -> str:
    """The sentence for people in a decoded error body, on one line; "" when it has none."""
    found = body
    for key in ("error", "detail"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    if isinstance(found, list) and found:
        found = found[0]
    if isinstance(found, dict):
        place = found.get("loc")
        found = found.get("message") or found.get("msg")
        if isinstance(place, list) and isinstance(found, str):
            found = f"{'.'.join(map(str, place))}: {found}"
    return one_line(found) if isinstance(found, str) else ""


def one_line(text: str) -> str:
    """What a server says, short enough to be shown."""
    return " ".join(text.split())[:_MESSAGE_LIMIT]


def remedy(status: int, *, stage: str, wish: str, wrong: Collection[int] = (404,)) -> str:
    """What a person can do about a refusal.

    Args:
        status: of the refusal.
        stage: what the engine's settings begin with: `STT`.
        wish: what to set where the server has not what is asked for: `STT_MODEL to a model …`.
        wrong: the statuses by which it says so.
    """
    if status in (401, 403):
        return f"set {stage}_API_KEY (or OPENAI_API_KEY) to a key of that server"
    if status in wrong:
        return f"set {wish} that the server has, and {stage}_URL to end in /v1"
    if status == 402:
        return "the account of that key has no credit left"
    if status == 503:
        return "it is busy, or still loading its model: try again"
    if status == 429:
        return "the quota is used up or the server is busy"
    return "see the server's log"


def refusal(response: httpx.Response, why: str, *, who: str, passing: Collection[int]) -> Refused:
    """The error to raise for an answer that is not what was asked for.

    Args:
        response: its status and headers; its body need not have been read.
        why: the server's reason; when empty, the status in words.
        who: whose answer it is, in our words.
        passing: the statuses below 500 that another try may change.
    """
    status = response.status_code
    return Refused(
        f"{who} refuses with status {status}",
        reason=why or response.reason_phrase or f"status {status}",
        status_code=status,
        request_id=response.headers.get("x-request-id"),
        retryable=status in passing or status >= 500,
    )
