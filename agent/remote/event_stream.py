"""JSON objects that a server sends one after the other: as server-sent events, or as one whole.

OpenAI's kind of servers answer so, of chat and of speech; some send one object though a stream was
asked for, and some a stream though none was.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html; the servers' own answers.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

import httpx

_LIMIT = 2**20
"""Bytes of one event, and of an answer that is no event stream."""
_SSE_FIELDS = (b"event:", b"id:", b"retry:", b":")
_DONE = b"[DONE]"


class Malformed(Exception):
    """The answer is not the protocol."""


def is_event_stream(response: httpx.Response) -> bool:
    """Whether the headers of an answer call it one."""
    kind: str = response.headers.get("content-type", "")
    return kind.startswith("text/event-stream")


async def read_events(response: httpx.Response) -> AsyncGenerator[Mapping[str, Any] | None, None]:
    """Yield the answer's JSON objects; None for the end that the server names.

    Raises:
        Malformed: it is neither an event stream nor a JSON object.
        httpx.HTTPError: the connection broke.
    """
    other = bytearray()
    async with aclosing(_lines(response)) as lines:
        async for line in lines:
            if line.startswith(b"data:"):
                data = line[5:].strip()
                yield None if data == _DONE else _object(data)
            elif line and not line.startswith(_SSE_FIELDS):
                other += line + b"\n"
                if len(other) > _LIMIT:
                    raise Malformed
    if other:
        yield _object(bytes(other))
        yield None


async def _lines(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    """Lines that end in a line feed alone: JSON may hold the other separators."""
    unread = b""
    async for piece in response.aiter_bytes():
        *lines, unread = (unread + piece).split(b"\n")
        for line in lines:
            yield line.rstrip(b"\r")
        if len(unread) > _LIMIT:
            raise Malformed
    yield unread


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    if not isinstance(value, dict):
        raise Malformed
    return value
