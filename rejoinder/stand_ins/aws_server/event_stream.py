"""Frames of `application/vnd.amazon.eventstream`.

A frame is a prelude (total length, headers length, CRC-32 of both), headers, payload and the
CRC-32 of all before it.

Source: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html
"""

import json
import struct
import zlib
from typing import Any

MEDIA_TYPE = "application/vnd.amazon.eventstream"

Event = tuple[str, dict[str, Any] | bytes]
"""Event type, and a JSON payload or raw bytes."""

_STRING = 7
"""Type byte of a string header."""


def frame(headers: dict[str, str], payload: bytes, *, bad_crc: bool = False) -> bytes:
    """One message of the event stream encoding."""
    head = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", _STRING, len(value.encode()))
        + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack("!I", zlib.crc32(message) ^ bad_crc)


def event_frame(event: Event, *, bad_crc: bool = False) -> bytes:
    """A frame that carries an event."""
    name, payload = event
    raw = isinstance(payload, bytes)
    headers = {
        ":event-type": name,
        ":content-type": "application/octet-stream" if raw else "application/json",
        ":message-type": "event",
    }
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return frame(headers, body, bad_crc=bad_crc)


def exception_frame(code: str, message: str) -> bytes:
    """A frame that carries a modeled error; the HTTP status is 200 all the same."""
    headers = {
        ":exception-type": code,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    # Bedrock writes the one, SageMaker the other.
    return frame(headers, json.dumps({"message": message, "Message": message}).encode())


def parsed_frame(data: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and payload of bytes that are one frame and no more.

    Raises:
        ValueError: they are not, or damaged.
    """
    try:
        length, head = struct.unpack_from("!II", data)
        (prelude_crc,) = struct.unpack_from("!I", data, 8)
        (crc,) = struct.unpack_from("!I", data, len(data) - 4)
    except struct.error as error:
        raise ValueError("too short") from error
    if (length, prelude_crc, crc) != (len(data), zlib.crc32(data[:8]), zlib.crc32(data[:-4])):
        raise ValueError("a length or a checksum is wrong")
    headers: dict[str, str] = {}
    at, end = 12, 12 + head
    while at < end:
        name = data[at + 1 : at + 1 + data[at]].decode()
        at += 1 + data[at]
        kind, size = struct.unpack_from("!BH", data, at)
        if kind != _STRING:
            raise ValueError("a header is no text")
        headers[name] = data[at + 3 : at + 3 + size].decode()
        at += 3 + size
    return headers, data[end:-4]
