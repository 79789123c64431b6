"""A Bedrock runtime endpoint with set delays and set faults, in the real wire format.

boto3 is the client; point it here with `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`. Frames are
`application/vnd.amazon.eventstream`: prelude (total length, headers length, CRC-32), headers,
payload, CRC-32. It sees when a client goes away before the answer is complete.
"""

import json
import re
import struct
import time
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from testbed.answering import Behaviour, Outcome, answering, refusal, send

Event = tuple[str, dict[str, Any]]
"""Event type and JSON payload."""

_STRING = 7
"""Type byte of a string header."""

_CODES = {
    400: "ValidationException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}


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
    headers = {
        ":event-type": name,
        ":content-type": "application/json",
        ":message-type": "event",
    }
    return frame(headers, json.dumps(payload).encode(), bad_crc=bad_crc)


def exception_frame(code: str, message: str) -> bytes:
    """A frame that carries a modeled error; the HTTP status is 200 all the same."""
    headers = {
        ":exception-type": code,
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return frame(headers, json.dumps({"message": message}).encode())


@dataclass
class StreamBehaviour(Behaviour):
    """How the endpoint answers; counts are in frames of deltas and the events around them."""

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


@dataclass
class ConverseRequest:
    """One request as the endpoint saw it. Times are `time.perf_counter()` seconds."""

    model: str
    body: dict[str, Any]
    authorization: str
    began: float
    first_byte: float | None = None
    ended: float | None = None
    chunks: int = 0
    outcome: Outcome = "open"
    peer: tuple[str, int] | None = None
    """Address of the client's connection, to see whether it was used again."""


def text_events(
    text: str,
    *,
    stop_reason: str = "end_turn",
    reasoning: str | None = None,
    usage: dict[str, int] | None = None,
) -> list[Event]:
    """A spoken answer, a word per delta."""
    events: list[Event] = [("messageStart", {"role": "assistant"})]
    index = 0
    if reasoning is not None:
        delta = {"reasoningContent": {"text": reasoning}}
        events.append(("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta}))
        events.append(("contentBlockStop", {"contentBlockIndex": 0}))
        index = 1
    words = re.findall(r"\S+\s*", text)
    events += [
        ("contentBlockDelta", {"contentBlockIndex": index, "delta": {"text": word}})
        for word in words
    ]
    events.append(("contentBlockStop", {"contentBlockIndex": index}))
    return events + _ending(stop_reason, usage)


def tool_events(
    *calls: tuple[str, dict[str, Any]], stop_reason: str = "tool_use", say: str = ""
) -> list[Event]:
    """Tool uses, each with its input in two pieces; no pieces at all for an empty input."""
    events: list[Event] = [("messageStart", {"role": "assistant"})]
    first = 0
    if say:
        delta = {"contentBlockIndex": 0, "delta": {"text": say}}
        events += [("contentBlockDelta", delta), ("contentBlockStop", {"contentBlockIndex": 0})]
        first = 1
    for index, (name, arguments) in enumerate(calls, start=first):
        start = {"toolUse": {"toolUseId": f"tool_{index}", "name": name}}
        events.append(("contentBlockStart", {"contentBlockIndex": index, "start": start}))
        text = json.dumps(arguments) if arguments else ""
        for piece in (text[:7], text[7:]) if text else ("",):
            use = {"toolUse": {"input": piece}}
            events.append(("contentBlockDelta", {"contentBlockIndex": index, "delta": use}))
        events.append(("contentBlockStop", {"contentBlockIndex": index}))
    return events + _ending(stop_reason, None)


def _ending(stop_reason: str, usage: dict[str, int] | None) -> list[Event]:
    counts = usage or {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18}
    return [
        ("messageStop", {"stopReason": stop_reason}),
        ("metadata", {"usage": counts, "metrics": {"latencyMs": 12}}),
    ]


@dataclass
class BedrockStandIn:
    """Answers, delays and a record of all requests. Set the fields before or between calls."""

    reply: Callable[[dict[str, Any]], list[Event]] = lambda body: text_events("Hello.")
    llm: StreamBehaviour = field(default_factory=StreamBehaviour)
    requests: list[ConverseRequest] = field(default_factory=list)
    url: str = ""

    @asynccontextmanager
    async def serve(self) -> AsyncIterator["BedrockStandIn"]:
        """Listen on a free port of loopback until the block ends; `url` is set inside it."""
        app = web.Application(client_max_size=64 * 2**20)
        app.router.add_post("/model/{model}/converse-stream", self._converse)
        runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()

    async def _converse(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        record = ConverseRequest(
            unquote(request.match_info["model"]),
            await request.json(),
            request.headers.get("Authorization", ""),
            time.perf_counter(),
            peer=request.transport.get_extra_info("peername"),
        )
        self.requests.append(record)
        async with answering(record, self.llm):
            if refused := refusal(record, self.llm, _fault):
                return refused
            pieces = self._writes(self.reply(record.body))
            return await send(
                request,
                record,
                self.llm,
                "application/vnd.amazon.eventstream",
                pieces,
                chunked=True,
            )

    def _writes(self, events: list[Event]) -> list[bytes]:
        how = self.llm
        frames = [event_frame(event) for event in events]
        if how.exception is not None:
            frames[how.fault_after :] = [exception_frame(how.exception, "stand-in fault")]
        elif how.bad_crc:
            frames[how.fault_after] = event_frame(events[how.fault_after], bad_crc=True)
        elif how.truncate:
            whole = frames[how.fault_after]
            frames[how.fault_after :] = [whole[: len(whole) // 2]]
        elif how.end:
            del frames[how.fault_after :]
        if how.joined:
            return [b"".join(frames)]
        if how.split is not None:
            whole = b"".join(frames)
            return [whole[i : i + how.split] for i in range(0, len(whole), how.split)]
        return frames


def _fault(status: int, text: str) -> web.Response:
    return web.json_response(
        {"message": text}, status=status, headers={"x-amzn-ErrorType": _CODES[status]}
    )
