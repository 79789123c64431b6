"""Messages of `application/vnd.amazon.eventstream`, for a client that writes them too.

A message is a prelude (its length, that of its headers, CRC-32 of both), headers, a payload and the
CRC-32 of all before it. botocore reads them and writes none.

Source: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.eventstream import EventStreamBuffer, ParserError

_TEXT = 7
"""Type of a header's value."""
_AROUND = 16
"""Bytes of a message that are neither headers nor payload."""


class Malformed(Exception):
    """Bytes that are no message."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, whose checksums were right."""

    kind: str
    """Type of the event or of the exception."""
    failed: bool
    """Whether it is an exception or an error, after which nothing comes."""
    payload: bytes


def event(kind: str, payload: bytes) -> bytes:
    """An event with a payload that is no text."""
    headers = _headers(
        {
            ":content-type": "application/octet-stream",
            ":event-type": kind,
            ":message-type": "event",
        }
    )
    prelude = struct.pack("!II", _AROUND + len(headers) + len(payload), len(headers))
    whole = b"".join((prelude, struct.pack("!I", zlib.crc32(prelude)), headers, payload))
    return whole + struct.pack("!I", zlib.crc32(whole))


def read(data: bytes) -> Message:
    """Read bytes that must be one message, and no more.

    Raises:
        Malformed: they are not, or damaged.
    """
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    try:
        found: Any = next(buffer, None)
    except (ParserError, LookupError, ValueError, struct.error) as error:
        raise Malformed from error
    if found is None or found.prelude.total_length != len(data):
        raise Malformed
    headers = found.headers
    failed = headers.get(":message-type") != "event"
    name = headers.get(":exception-type") or headers.get(":error-code")
    kind = name if failed else headers.get(":event-type")
    # An error, unlike an exception, has its text in a header.
    payload = found.payload or str(headers.get(":error-message") or "").encode()
    return Message(str(kind or ""), failed, payload)


def _headers(headers: Mapping[str, str]) -> bytes:
    return b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", _TEXT, len(value.encode()))
        + value.encode()
        for name, value in headers.items()
    )
