"""What a chat completions server says when it refuses."""

import json

import httpx

from agent.remote.openai_errors import Refused, one_line, reason, refusal

_LIMIT = 2**16
"""Bytes of a refusal's body that are read."""
_PASSING = (408, 409, 425, 429)
"""Refusals below 500 that another try may change."""


async def refused_by(response: httpx.Response) -> tuple[Refused, str]:
    """The error to raise, and all that the server says."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > _LIMIT:
            break
    text = body[:_LIMIT].decode(errors="replace")
    try:
        said = reason(json.loads(text))
    except ValueError:
        said = ""
    why = said or one_line(text)
    return refusal(response, why, who="the model's server", passing=_PASSING), text
