"""Redis' publish and subscribe, as much as livekit-server's bus needs of it.

Source: the Redis serialization protocol (RESP2).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class RedisBus:
    """Two connections: one that listens, one that speaks."""

    def __init__(self, listening: asyncio.StreamWriter, speaking: asyncio.StreamWriter) -> None:
        self._listening = listening
        self._speaking = speaking
        self._heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._subscribing: dict[str, asyncio.Future[None]] = {}

    @classmethod
    @asynccontextmanager
    async def connected(cls, address: str) -> AsyncIterator["RedisBus"]:
        """Connect to a redis, `127.0.0.1:6379`; disconnect with the block."""
        host, _, port = address.rpartition(":")
        reader, listening = await asyncio.open_connection(host, int(port))
        answers, speaking = await asyncio.open_connection(host, int(port))
        bus = cls(listening, speaking)
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(bus._listen(reader), name="redis-listen"),
                group.create_task(_swallow(answers), name="redis-answers"),
            ]
            try:
                yield bus
            finally:
                for task in tasks:
                    task.cancel()
                listening.close()
                speaking.close()

    async def subscribe(self, channel: str) -> None:
        """Hear what is said on a channel, for certain from when this returns."""
        done = self._subscribing[channel] = asyncio.get_running_loop().create_future()
        await _send(self._listening, b"SUBSCRIBE", channel.encode())
        await done

    async def publish(self, channel: str, payload: bytes) -> None:
        """Say something on a channel."""
        await _send(self._speaking, b"PUBLISH", channel.encode(), payload)

    async def messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """What is said on the channels: (channel, payload)."""
        while True:
            yield await self._heard.get()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            kind, channel, payload = await _value(reader)
            if kind == b"message":
                self._heard.put_nowait((channel.decode(), payload))
            elif kind == b"subscribe":
                self._subscribing.pop(channel.decode()).set_result(None)


async def _send(writer: asyncio.StreamWriter, *parts: bytes) -> None:
    pieces = [b"*%d\r\n" % len(parts)]
    pieces += [b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]
    writer.write(b"".join(pieces))
    await writer.drain()


async def _value(reader: asyncio.StreamReader) -> list[bytes]:
    """An array of bulk strings and numbers, which is all that a listener is told."""
    length = int((await reader.readuntil(b"\r\n"))[1:])
    parts = []
    for _ in range(length):
        line = (await reader.readuntil(b"\r\n"))[:-2]
        bulk = line.startswith(b"$")
        parts.append((await reader.readexactly(int(line[1:]) + 2))[:-2] if bulk else line[1:])
    return parts


async def _swallow(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass
