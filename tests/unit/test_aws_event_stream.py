"""Messages of AWS's event stream, as they are written and read."""

import pytest

from agent.remote.aws import event_stream
from rejoinder.stand_ins.aws_server.event_stream import (
    event_frame,
    exception_frame,
    frame,
    parsed_frame,
)


def test_an_event_is_read_by_others() -> None:
    for payload in (b"", bytes(range(256)) * 6):
        headers, read = parsed_frame(event_stream.event("AudioEvent", payload))
        assert headers == {
            ":content-type": "application/octet-stream",
            ":event-type": "AudioEvent",
            ":message-type": "event",
        }
        assert read == payload


def test_events_and_exceptions_of_others_are_read() -> None:
    event = event_stream.read(event_frame(("TranscriptEvent", b"{}")))
    assert (event.kind, event.failed, event.payload) == ("TranscriptEvent", False, b"{}")
    exception = event_stream.read(exception_frame("BadRequestException", "why"))
    assert (exception.kind, exception.failed) == ("BadRequestException", True)
    assert b"why" in exception.payload
    headers = {":message-type": "error", ":error-code": "Oh", ":error-message": "why"}
    error = event_stream.read(frame(headers, b""))
    assert (error.kind, error.failed, error.payload) == ("Oh", True, b"why")


WHOLE = event_frame(("TranscriptEvent", b"{}"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"what?",
        b"something that is much longer than any prelude",
        WHOLE[:-1],
        WHOLE + b"x",
        WHOLE + WHOLE,
        WHOLE[:-1] + bytes([WHOLE[-1] ^ 1]),
        bytes([0, 0, 0, 5]) + WHOLE[4:],
        event_frame(("TranscriptEvent", b"{}"), bad_crc=True),
    ],
)
def test_bytes_that_are_no_message_are_not_read(data: bytes) -> None:
    with pytest.raises(event_stream.Malformed):
        event_stream.read(data)
    with pytest.raises(ValueError, match="wrong|short"):
        parsed_frame(data)
