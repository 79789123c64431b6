"""A worker that registers with a real livekit-server and answers dispatches by a script.

It speaks the worker's side of the `/agent` WebSocket (livekit.protocol.agent), so a test can
decide which dispatch is refused, as a busy worker does, and what the agent does in the room.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import aiohttp
from livekit import api, rtc
from livekit.protocol import agent as wire
from livekit.protocol import models

Scene = Callable[[rtc.Room], Awaitable[None]]
"""What the agent does once it is in the room. It stays there until the worker ends."""


class ScriptedWorker:
    """Registered for as long as `run` is open.

    Attributes:
        offered: jobs that were offered, in order.
        rooms: rooms that its agents are in.
        ended: ids of jobs that the server has told it to end.
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        api_secret: str,
        *,
        agent_name: str = "",
        answers: Iterable[bool] = (),
        scene: Scene | None = None,
        starts_s: Iterable[float] = (),
    ) -> None:
        """Describe the worker.

        Args:
            url: address of the livekit-server.
            api_key: its key.
            api_secret: its secret.
            agent_name: name of explicit dispatch; empty: every new room.
            answers: whether each dispatch is taken, in order; afterwards all are.
            scene: what the agent does; without one it stays in the room and is silent.
            starts_s: per assignment, seconds until its agent joins; afterwards 0.
        """
        self._url, self._key, self._secret = url, api_key, api_secret
        self._agent_name = agent_name
        self._answers = iter(answers)
        self._scene = scene
        self._starts = iter(starts_s)
        self.ended: list[str] = []
        self.offered: list[wire.Job] = []
        self.rooms: list[rtc.Room] = []

    @asynccontextmanager
    async def run(self) -> AsyncIterator["ScriptedWorker"]:
        """Register; inside the block dispatches are answered. All rooms are left at its end."""
        token = api.AccessToken(self._key, self._secret).with_grants(api.VideoGrants(agent=True))
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(
                self._url + "/agent",
                headers={"Authorization": f"Bearer {token.to_jwt()}"},
                timeout=aiohttp.ClientWSTimeout(ws_close=0.2),
            ) as ws,
        ):
            hello = wire.WorkerMessage()
            hello.register.type = wire.JobType.JT_ROOM
            hello.register.agent_name = self._agent_name
            hello.register.version = "1.8.9"
            hello.register.allowed_permissions.CopyFrom(
                models.ParticipantPermission(
                    can_publish=True, can_subscribe=True, can_publish_data=True,
                    can_update_metadata=True, agent=True,
                )
            )  # fmt: skip
            await ws.send_bytes(hello.SerializeToString())
            await ws.receive_bytes()
            ready = wire.WorkerMessage()
            ready.update_worker.status = wire.WorkerStatus.WS_AVAILABLE
            await ws.send_bytes(ready.SerializeToString())
            jobs: dict[str, asyncio.Task[None]] = {}
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self._listen(ws, group, jobs), name="fake-worker")
                try:
                    yield self
                finally:
                    for task in (listening, *jobs.values()):
                        task.cancel()

    async def _listen(
        self,
        ws: aiohttp.ClientWebSocketResponse,
        group: asyncio.TaskGroup,
        jobs: dict[str, asyncio.Task[None]],
    ) -> None:
        async for message in ws:
            if message.type is not aiohttp.WSMsgType.BINARY:
                return
            order = wire.ServerMessage.FromString(message.data)
            if order.HasField("availability"):
                job = order.availability.job
                self.offered.append(job)
                answer = wire.WorkerMessage()
                answer.availability.job_id = job.id
                answer.availability.available = next(self._answers, True)
                answer.availability.participant_identity = f"agent-{job.id}"
                await ws.send_bytes(answer.SerializeToString())
            elif order.HasField("termination"):
                self.ended.append(order.termination.job_id)
                if order.termination.job_id in jobs:
                    jobs[order.termination.job_id].cancel()
            elif order.HasField("assignment"):
                starting = self._job(order.assignment.token, next(self._starts, 0.0))
                jobs[order.assignment.job.id] = group.create_task(starting, name="fake-agent")

    async def _job(self, token: str, start_s: float) -> None:
        await asyncio.sleep(start_s)
        room = rtc.Room()
        # A connect() that is cancelled half-way makes the native library end this process,
        # seconds later.
        connecting = asyncio.create_task(room.connect(self._url, token), name="fake-agent-connect")
        self.rooms.append(room)
        try:
            await asyncio.shield(connecting)
            if self._scene is not None:
                await self._scene(room)
            await asyncio.Event().wait()
        finally:
            await asyncio.wait({connecting})
            self.rooms.remove(room)
            await room.disconnect()
