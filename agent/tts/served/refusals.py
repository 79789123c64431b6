"""Why a speech server refuses, in its own words, and what to do about it."""

import json
from collections.abc import Iterable

from livekit.agents import APIStatusError

from agent.remote.openai_errors import Refused, one_line, reason, reason_of

_TEXT_LIMIT = 300
"""Characters of a plain text that may be a reason; longer ones are pages."""
SEE_THE_LOG = "see the server's log"
SET_A_KEY = "set TTS_API_KEY to the key that it wants, or that a proxy before it does"


def reason_in(body: bytes) -> str:
    """The sentence for people in the body of a refusal; "" when there is none.

    OpenAI's and FastAPI's forms; GPT-SoVITS's `{"message", "Exception"}`, of which the second
    tells what is wrong; Fish-Speech's `{"statusCode", "message", "error"}`, of which the second is
    the name of the status; a short plain text.
    """
    try:
        said: object = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", "replace").strip()
        return one_line(text) if len(text) < _TEXT_LIMIT and "<" not in text else ""
    if isinstance(said, dict) and isinstance(said.get("message"), str):
        more = said.get("Exception")
        parts = [said["message"], more if isinstance(more, str) else ""]
        return one_line(": ".join(part for part in parts if part))
    return reason(said)


def explained(
    address: str,
    error: APIStatusError,
    *,
    remedy: str = SEE_THE_LOG,
    denied: str = SET_A_KEY,
) -> str:
    """A refusal for `rejoinder check`.

    Args:
        address: of the server.
        error: what it refused with.
        remedy: what to do about it.
        denied: what to do when it does not know who asks.
    """
    what = denied if error.status_code in (401, 403) else remedy
    return f"{address} refuses: {reason_of(error)}; {what}"


def no_such_voice(name: str, known: Iterable[str]) -> Refused:
    """The error for a text in a voice that the voices file lacks."""
    return Refused(
        "there is no such voice in the voices file",
        reason=f"TTS_VOICE={name} is not in the voices file, which has "
        f"{', '.join(known) or 'none'}",
        status_code=422,
        retryable=False,
    )
