"""What the worker and its espeak-ng process say to each other over a pair of pipes.

Every message is one frame: kind (1 byte), request number (uint32), length of the payload
(uint32), payload; integers are little-endian. JSON payloads are UTF-8.

| direction | kind | payload |
|---|---|---|
| child → worker | `H` hello, once, request 0 | JSON: `version`, `rate_hz`, `voices`, `variants` |
| worker → child | `S` speak | JSON: `text`, `voice`, `rate_wpm`, `pitch`, `volume` |
| worker → child | `C` cancel | none |
| child → worker | `A` audio | s16le mono samples at `rate_hz` |
| child → worker | `E` end, the last one of a request | JSON: `samples` sent, `cancelled` |
| child → worker | `F` failure, the last one of a request | UTF-8 message |

Requests are spoken one after another, in the order in which they came. A cancel takes effect
at the next 40 ms of audio and is answered with `E`; for a request that has ended it is
ignored. The child ends when its standard input does.
"""

import struct
from enum import Enum

HEADER = struct.Struct("<cII")
PAYLOAD_LIMIT = 2**20
"""A longer payload means that the reader is out of step, bytes."""


class Kind(bytes, Enum):
    """First byte of a frame."""

    HELLO = b"H"
    SPEAK = b"S"
    CANCEL = b"C"
    AUDIO = b"A"
    END = b"E"
    FAILURE = b"F"


def pack(kind: Kind, request: int, payload: bytes = b"") -> bytes:
    """Make one frame."""
    return HEADER.pack(kind.value, request, len(payload)) + payload


def unpack_header(header: bytes) -> tuple[Kind, int, int]:
    """Kind, request and length of the payload.

    Raises:
        ValueError: these bytes do not begin a frame.
    """
    kind, request, length = HEADER.unpack(header)
    if length > PAYLOAD_LIMIT:
        raise ValueError(f"a payload of {length} bytes")
    return Kind(kind), request, length
