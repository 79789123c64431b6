"""How a service answers, and what it has seen."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from aiohttp import web

from rejoinder.stand_ins.answering import Behaviour, Outcome
from rejoinder.stand_ins.aws_server.event_stream import Event, event_frame, exception_frame

Route = Literal["llm", "stt", "tts", "polly", "store", "stored"]


@dataclass
class AwsBehaviour(Behaviour):
    """Counts are in frames, or pieces of a body."""

    code: str = ""
    """Of a refusal with `status`; empty: the usual one of that status."""
    message: str = ""
    """Of a refusal; empty: `stand-in fault`."""
    original_status: int = 500
    """SageMaker: what the container is said to have answered, with status 424."""
    exception: str | None = None
    """In-stream error with this code, in place of what follows `fault_after`."""
    bad_crc: bool = False
    """The frame after `fault_after` has a wrong checksum."""
    truncate: bool = False
    """The frame after `fault_after` is sent by half and the body ends properly."""
    end: bool = False
    """The body ends properly after `fault_after` frames."""
    fault_after: int = 0
    split: int | None = None
    """Write pieces of this many bytes, each in a segment of its own."""
    joined: bool = False
    """Write all frames at once."""
    part_bytes: int | None = None
    """SageMaker: bytes in a PayloadPart, wherever that cuts what the container wrote."""
    empty_parts: bool = False
    """SageMaker: a PayloadPart without bytes before each other one."""

    def frames(self, events: list[Event]) -> list[bytes]:
        """The writes of an event stream, faults included."""
        frames = [event_frame(event) for event in events]
        if self.exception is not None:
            fault = self.message or "stand-in fault"
            frames[self.fault_after :] = [exception_frame(self.exception, fault)]
        elif self.bad_crc:
            frames[self.fault_after] = event_frame(events[self.fault_after], bad_crc=True)
        elif self.truncate:
            whole = frames[self.fault_after]
            frames[self.fault_after :] = [whole[: len(whole) // 2]]
        elif self.end:
            del frames[self.fault_after :]
        if self.joined:
            return [b"".join(frames)]
        if self.split is not None:
            whole = b"".join(frames)
            return [whole[i : i + self.split] for i in range(0, len(whole), self.split)]
        return frames

    def parts(self, pieces: list[bytes]) -> list[Event]:
        """What a container wrote, as SageMaker passes it on."""
        if self.part_bytes is not None:
            whole = b"".join(pieces)
            step = self.part_bytes
            pieces = [whole[i : i + step] for i in range(0, len(whole), step)]
        if self.empty_parts:
            pieces = [part for piece in pieces for part in (b"", piece)]
        return [("PayloadPart", piece) for piece in pieces]


@dataclass
class AwsRequest:
    """One request as the service saw it. Times are `time.perf_counter()` seconds."""

    route: Route
    model: str
    """Model, endpoint, voice or key."""
    body: dict[str, Any]
    authorization: str
    began: float
    headers: dict[str, str] = field(default_factory=dict)
    audio: np.ndarray | None = None
    """What the recogniser was sent: float32 mono in [-1, 1] at `audio_rate_hz`."""
    audio_rate_hz: int = 0
    first_byte: float | None = None
    ended: float | None = None
    chunks: int = 0
    outcome: Outcome = "open"
    peer: tuple[str, int] | None = None
    """Address of the client's connection, to see whether it was used again."""


def fault(status: int, code: str, message: str, **more: Any) -> web.Response:
    """An error as AWS's JSON services write it."""
    return web.json_response(
        {"message": message, "Message": message, **more},
        status=status,
        headers={"x-amzn-ErrorType": code, "x-amzn-RequestId": "stand-in"},
    )
