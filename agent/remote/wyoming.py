"""The wire of Wyoming, over TCP: a line of JSON, then data and payload of the lengths it names.

Source: rhasspy/wyoming, README.md and wyoming/event.py.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

LINE_LIMIT = 2**20
"""A header line longer than this many bytes is not one; `asyncio.open_connection` is to be given
it as its limit."""
_PARTS = ("data", "payload")
_PART_LIMIT = 16 * 2**20
"""Data, or a payload, of more bytes is not a part of speech."""


class NotWyoming(Exception):
    """The other side speaks something else."""


@dataclass(frozen=True, slots=True)
class Event:
    """One message."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """The next message; None when the connection ends between two.

    Raises:
        NotWyoming: it cannot be read.
        EOFError: the connection ends in the middle of one.
    """
    try:
        line = await reader.readline()
        if not line:
            return None
        head = json.loads(line)
        data = dict(head.get("data") or {})
        length, payload_length = (int(head.get(f"{part}_length") or 0) for part in _PARTS)
        if not (0 <= length <= _PART_LIMIT and 0 <= payload_length <= _PART_LIMIT):
            raise NotWyoming("a part of impossible length")
        if length:
            data |= json.loads(await reader.readexactly(length))
        payload = await reader.readexactly(payload_length) if payload_length else b""
        return Event(str(head["type"]), data, payload)
    except asyncio.IncompleteReadError as error:
        raise EOFError("the connection ended in the middle of a message") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NotWyoming("not a message of Wyoming") from error


def write_event(writer: asyncio.StreamWriter, event: Event) -> None:
    """Hand a message to the connection; `drain` it."""
    data = json.dumps(dict(event.data), ensure_ascii=False).encode() if event.data else b""
    head: dict[str, Any] = {"type": event.type}
    if data:
        head["data_length"] = len(data)
    if event.payload:
        head["payload_length"] = len(event.payload)
    writer.write(json.dumps(head).encode() + b"\n" + data + event.payload)
