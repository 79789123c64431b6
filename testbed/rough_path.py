"""A bad network between one caller and a livekit-server, on loopback and without root.

    async with rough_path(livekit.url) as path:
        async with join(path.url, token) as caller:
            path.pattern = LOSS_3
            path.cut(2.0)

Two halves. The signal half is a WebSocket proxy: in what the server says it puts the relay's port
in place of the server's own, in what the caller says it leaves out the caller's addresses. So
neither side knows another way than the relay. The relay half passes UDP on, packet by packet as
the pattern says, each direction and each flow (one per peer connection) counted by itself. Who
joins by the server's own URL, as workers do, is not touched.

Run it on a loop that nothing else keeps busy (`testbed.programs.Background`); `pattern` and
`cut` may be used from any thread.
"""

import asyncio
import contextlib
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from livekit.protocol import rtc as signal

from testbed.network_patterns import CLEAN, Pattern

_LARGEST = 65536
_CANDIDATE = re.compile(
    r"candidate:\S+ \d+ (?P<kind>udp|tcp) \d+ (?P<host>\S+) (?P<port>\d+) ", re.IGNORECASE
)
_SDP_CANDIDATE = re.compile(r"^a=candidate:.*\r?\n", re.MULTILINE)

Address = tuple[str, int]
Send = Callable[[bytes], object]


@dataclass
class Way:
    """One direction of one flow."""

    send: Send
    count: int = 0
    last_due: float = 0.0


@dataclass
class RoughPath:
    """Where a caller joins, and what happens to what it sends and hears."""

    server: str
    """The livekit-server's own URL."""
    url: str = ""
    """For the caller to join by."""
    pattern: Pattern = CLEAN
    """In both directions; a new one begins with each flow's next packet."""
    passed: int = 0
    """UDP packets that came through, both ways."""
    lost: int = 0
    _cut_until: float = 0.0
    _relays: dict[Address, socket.socket] = field(default_factory=dict)
    _flows: dict[tuple[socket.socket, Address], tuple[Way, socket.socket]] = field(
        default_factory=dict
    )

    def cut(self, for_s: float) -> None:
        """Nothing gets through from now on for some time: packets are lost, signals wait."""
        self._cut_until = time.monotonic() + for_s

    # Signals.

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Stand for the server."""
        target = self.server.replace("ws", "http", 1).rstrip("/") + request.path_qs
        headers = {k: v for k, v in request.headers.items() if k == "Authorization"}
        async with aiohttp.ClientSession(headers=headers) as http:
            if request.headers.get("Upgrade", "").lower() != "websocket":
                async with http.get(target) as answer:
                    return web.Response(status=answer.status, body=await answer.read())
            try:
                far = await http.ws_connect(target, max_msg_size=0)
            except aiohttp.WSServerHandshakeError as refusal:
                return web.Response(status=refusal.status)
            near = web.WebSocketResponse(max_msg_size=0)
            async with far:
                await near.prepare(request)
                ways = [
                    asyncio.create_task(self._signals(near, far, _from_caller), name="to-server"),
                    asyncio.create_task(self._signals(far, near, self._to_caller), name="back"),
                ]
                try:
                    await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for way in ways:
                        way.cancel()
                    await asyncio.wait(ways)
                    await near.close()
            return near

    async def _signals(
        self,
        source: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
        sink: web.WebSocketResponse | aiohttp.ClientWebSocketResponse,
        changed: Callable[[bytes], bytes],
    ) -> None:
        async for message in source:
            while (left := self._cut_until - time.monotonic()) > 0:
                await asyncio.sleep(left)
            with contextlib.suppress(ConnectionError):
                if message.type == aiohttp.WSMsgType.BINARY:
                    if told := changed(message.data):
                        await sink.send_bytes(told)
                elif message.type == aiohttp.WSMsgType.TEXT:
                    await sink.send_str(message.data)

    def _to_caller(self, raw: bytes) -> bytes:
        told = signal.SignalResponse.FromString(raw)
        kind = told.WhichOneof("message")
        if kind == "trickle":
            candidate = json.loads(told.trickle.candidateInit)
            candidate["candidate"] = self._by_relay(candidate["candidate"])
            if not candidate["candidate"]:
                return b""
            told.trickle.candidateInit = json.dumps(candidate)
        elif kind in ("offer", "answer"):
            description = getattr(told, kind)
            description.sdp = _SDP_CANDIDATE.sub(
                lambda line: self._by_relay(line.group()), description.sdp
            )
        return told.SerializeToString()

    def _by_relay(self, candidate: str) -> str:
        """The server's candidate with the relay's address; empty: no way to be known."""
        found = _CANDIDATE.search(candidate)
        if found is None:
            return candidate
        if found["kind"].lower() != "udp":
            return ""
        host, port = self._relay((found["host"], int(found["port"])))
        head, tail = candidate[: found.start("host")], candidate[found.end("port") :]
        return f"{head}{host} {port}{tail}"

    # Packets.

    def _relay(self, target: Address) -> Address:
        relay = self._relays.get(target)
        if relay is None:
            relay = self._relays[target] = _udp()
            relay.bind(("127.0.0.1", 0))
            asyncio.get_running_loop().add_reader(relay, self._from_near, relay, target)
        host, port = relay.getsockname()
        return host, port

    def _from_near(self, relay: socket.socket, target: Address) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                packet, caller = relay.recvfrom(_LARGEST)
                flow = self._flows.get((relay, caller))
                if flow is None:
                    flow = self._open(relay, caller, target)
                self._pass(flow[0], packet)

    def _open(
        self, relay: socket.socket, caller: Address, target: Address
    ) -> tuple[Way, socket.socket]:
        far = _udp()
        far.connect(target)
        flow = Way(far.send), far
        self._flows[relay, caller] = flow
        back = Way(lambda packet: relay.sendto(packet, caller))
        asyncio.get_running_loop().add_reader(far, self._from_far, far, back)
        return flow

    def _from_far(self, far: socket.socket, back: Way) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            while True:
                self._pass(back, far.recv(_LARGEST))

    def _pass(self, way: Way, packet: bytes) -> None:
        late_s = self.pattern.of(way.count)
        way.count += 1
        if late_s is None or time.monotonic() < self._cut_until:
            self.lost += 1
            return
        self.passed += 1
        loop = asyncio.get_running_loop()
        due = loop.time() + late_s
        if self.pattern.in_order:
            due = max(due, way.last_due + 1e-6)
            way.last_due = due
        if due <= loop.time():
            _send(way.send, packet)
        else:
            loop.call_at(due, _send, way.send, packet)

    def close(self) -> None:
        """Stop passing packets on."""
        loop = asyncio.get_running_loop()
        for end in [*self._relays.values(), *(far for _, far in self._flows.values())]:
            loop.remove_reader(end)
            end.close()


def _udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


def _send(send: Send, packet: bytes) -> None:
    with contextlib.suppress(OSError):  # the other end has gone, or the path was closed
        send(packet)


def _from_caller(raw: bytes) -> bytes:
    told = signal.SignalRequest.FromString(raw)
    kind = told.WhichOneof("message")
    if kind == "trickle":
        return b""
    if kind in ("offer", "answer"):
        description = getattr(told, kind)
        description.sdp = _SDP_CANDIDATE.sub("", description.sdp)
    return told.SerializeToString()


@asynccontextmanager
async def rough_path(server: str) -> AsyncIterator[RoughPath]:
    """Stand between callers and the server at `server` (ws://…) until the block ends."""
    assert urlsplit(server).scheme == "ws"
    path = RoughPath(server)
    app = web.Application()
    app.router.add_get("/{any:.*}", path.serve)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        path.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
        yield path
    finally:
        await runner.cleanup()
        path.close()
