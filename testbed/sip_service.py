"""A SIP service without SIP: on livekit-server's own bus, with telephones that do as they are told.

    async with SipService(livekit).serve(redis) as service:
        service.answers["+15550199"] = Refuses(486)

It is to the server what livekit-sip is: it claims calls out and transfers, joins rooms as a
participant of kind SIP whose attributes say how far the call is, and refuses with a SIP status.
Nothing rings and nothing sounds.

Source: livekit/psrpc 0.7 (channels of its Redis bus, claims), livekit/sip `pkg/sip/client.go` and
`outbound.go` (what is refused before a room is joined, attributes, errors).
"""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from google.protobuf import any_pb2
from livekit import rtc
from livekit.protocol.sip import SIPStatus

from testbed.bus_messages import (
    ClaimRequest,
    ClaimResponse,
    Created,
    CreateParticipant,
    Msg,
    Request,
    Response,
    Transfer,
)
from testbed.livekit_process import LiveKitProcess
from testbed.redis_bus import RedisBus

_SERVICE = "SIPInternal"
_CALL, _TRANSFER = "CreateSIPParticipant", "TransferSIPParticipant"
STATUS = "sip.callStatus"
_RINGS_S = 1.0
"""How long it rings where a call is sent on; the real one waits for as long as it is told."""


@dataclass(frozen=True)
class Picks:
    """Whoever is called answers after a while, and hangs up after `talks_s`."""

    rings_s: float = 0.6
    talks_s: float = 600.0


@dataclass(frozen=True)
class Refuses:
    """After a while somebody, or a carrier, says no with a SIP status."""

    code: int
    status: str = ""
    rings_s: float = 0.0


@dataclass(frozen=True)
class Rings:
    """Nobody answers."""


Telephone = Picks | Refuses | Rings


class _RefusedError(Exception):
    """What a request is answered with: the bus' code, a text, and a SIP status if there is one."""

    def __init__(self, code: str, text: str, status: SIPStatus | None = None) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


@dataclass
class SipService:
    """One service.

    Attributes:
        livekit: the server whose rooms it joins.
        answers: what telephones do, by number; others answer.
        there: what they do to whom a call is sent on, by address (`tel:…`); others answer.
        called: the calls that were asked for, in order.
        transferred: (call id, where to), in order.
    """

    livekit: LiveKitProcess
    answers: dict[str, Telephone] = field(default_factory=dict)
    there: dict[str, Telephone] = field(default_factory=dict)
    called: list[Any] = field(default_factory=list)
    transferred: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._id = f"NS_{secrets.token_hex(6)}"
        self._claims: dict[str, asyncio.Future[str]] = {}
        self._handlers: dict[str, tuple[str, Any, Callable[[Any], Awaitable[Any]]]] = {}
        self._hanging_up = asyncio.Event()
        self._sent_on: dict[str, asyncio.Event] = {}
        self._bus: RedisBus
        self._group: asyncio.TaskGroup

    @asynccontextmanager
    async def serve(self, redis: str) -> AsyncIterator["SipService"]:
        """Be connected to the server by its redis until the block ends; calls end then."""
        async with RedisBus.connected(redis) as self._bus, asyncio.TaskGroup() as self._group:
            await self._offer(_CALL, "", CreateParticipant, self._call)
            reader = self._group.create_task(self._read(), name="sip-service")
            try:
                yield self
            finally:
                reader.cancel()
                self._hanging_up.set()

    async def _offer(
        self, method: str, topic: str, request: Any, handler: Callable[[Any], Awaitable[Any]]
    ) -> None:
        """Serve the requests of a method; of one topic, if there is one."""
        name = f"{_SERVICE}|{method}|{topic}|" if topic else f"{_SERVICE}|{method}|"
        self._handlers[f"{name}REQ"] = (f"{name}RCLAIM", request, handler)
        await self._bus.subscribe(f"{name}RCLAIM")
        await self._bus.subscribe(f"{name}REQ")

    async def _read(self) -> None:
        async for channel, payload in self._bus.messages():
            value = Msg.FromString(payload).value
            if channel.endswith("REQ"):
                asked = Request.FromString(value)
                self._group.create_task(self._serve(channel, asked), name="sip-request")
            else:
                claim = ClaimResponse.FromString(value)
                waiting = self._claims.get(claim.request_id)
                if waiting is not None and not waiting.done():
                    waiting.set_result(claim.server_id)

    async def _serve(self, channel: str, asked: Any) -> None:
        """Claim a request, do it if the server chooses us, and answer."""
        _, request, handler = self._handlers[channel]
        chosen = self._claims[asked.request_id] = asyncio.get_running_loop().create_future()
        claim = ClaimRequest(request_id=asked.request_id, server_id=self._id, affinity=1.0)
        await self._say(f"{_SERVICE}|{asked.client_id}|CLAIM", "ClaimRequest", claim)
        try:
            async with asyncio.timeout(5):
                if await chosen != self._id:
                    return
        except TimeoutError:
            return
        finally:
            del self._claims[asked.request_id]
        answer = Response(request_id=asked.request_id, server_id=self._id, sent_at=time.time_ns())
        try:
            done = await handler(request.FromString(asked.raw_request))
            answer.raw_response = done.SerializeToString() if done is not None else b""
        except _RefusedError as error:
            answer.error, answer.code = str(error), error.code
            if error.status is not None:
                detail = any_pb2.Any()
                detail.Pack(error.status)
                added = answer.error_details.add()
                added.type_url, added.value = detail.type_url, detail.value
        await self._say(f"{_SERVICE}|{asked.client_id}|RES", "Response", answer)

    async def _say(self, channel: str, name: str, said: Any) -> None:
        url = f"type.googleapis.com/internal.{name}"
        whole = Msg(type_url=url, value=said.SerializeToString())
        await self._bus.publish(channel, whole.SerializeToString())

    async def _call(self, request: Any) -> Any:
        """Call somebody; waits for the answer."""
        if not request.address:
            raise _RefusedError("invalid_argument", "invalid request URI: address must be set")
        self.called.append(request)
        telephone = self.answers.get(request.call_to, Picks())
        attributes = {pair.key: pair.value for pair in request.participant_attributes}
        attributes |= {STATUS: "dialing", "sip.callID": request.sip_call_id}
        token = self.livekit.token(
            request.room_name, request.participant_identity, phone=True, attributes=attributes
        )
        room = rtc.Room()
        await room.connect(self.livekit.url, token)
        try:
            await room.local_participant.set_attributes({STATUS: "ringing"})
            await self._ring(telephone, request.ringing_timeout.ToSeconds() or 30)
            await room.local_participant.set_attributes({STATUS: "active"})
        except BaseException:
            await room.disconnect()
            raise
        assert isinstance(telephone, Picks)
        await self._offer(_TRANSFER, request.sip_call_id, Transfer, self._transfer)
        sent_on = self._sent_on[request.sip_call_id] = asyncio.Event()
        self._group.create_task(self._talk(room, telephone.talks_s, sent_on), name="sip-call")
        return Created(
            participant_id=room.local_participant.sid,
            participant_identity=request.participant_identity,
            sip_call_id=request.sip_call_id,
        )

    async def _ring(self, telephone: Telephone, timeout_s: float) -> None:
        rings_s = timeout_s if isinstance(telephone, Rings) else telephone.rings_s
        await asyncio.sleep(min(rings_s, timeout_s))
        if isinstance(telephone, Refuses):
            code, status = telephone.code, telephone.status
            text = f"sip status {code}: {status}"
            refusal = SIPStatus(code=code, status=status)  # type: ignore[arg-type]
            raise _RefusedError("invalid_argument", text, refusal)
        if rings_s >= timeout_s:
            raise _RefusedError("canceled", "ringing timeout")

    async def _talk(self, room: rtc.Room, talks_s: float, sent_on: asyncio.Event) -> None:
        """Be in the room until somebody hangs up, or the call is sent on."""
        over = asyncio.Event()
        room.on("disconnected", lambda *_: over.set())
        waits = [
            self._group.create_task(event.wait(), name="sip-talk")
            for event in (over, self._hanging_up, sent_on)
        ]
        await asyncio.wait(waits, timeout=talks_s, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        await room.disconnect()

    async def _transfer(self, request: Any) -> None:
        """Send a call on; waits until it is answered there. Our side of it ends then."""
        self.transferred.append((request.sip_call_id, request.transfer_to))
        await self._ring(self.there.get(request.transfer_to, Picks(0.2)), _RINGS_S)
        self._sent_on[request.sip_call_id].set()
