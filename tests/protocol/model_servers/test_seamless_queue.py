"""The SeamlessM4T server's queue over HTTP and for its page, with a model that waits."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import httpx
import numpy as np

from agent.audio.pcm import to_wav
from model_servers.seamless_m4t.app import SeamlessServer
from model_servers.seamless_m4t.settings import SeamlessSettings
from model_servers.seamless_m4t.work import Answer, Task
from testbed.waiting import until

SPEECH = to_wav(np.full(16000, 0.1, np.float32), rate_hz=16000)


class Waiting:
    """Answers when it is let go, or when nobody waits any more."""

    name, device, precision, broken = "held", "cpu", "float32", ""
    written = spoken = frozenset({"eng", "fra"})

    def __init__(self) -> None:
        self.begun: list[int] = []
        """How many were asked together."""
        self.stopped = 0
        self.go = threading.Event()

    def answer(
        self,
        tasks: Sequence[Task],
        tell: Callable[[int, str], None] | None,
        nobody_waits: Callable[[], bool],
    ) -> list[Answer] | None:
        self.begun.append(len(tasks))
        while not self.go.wait(0.005):
            if nobody_waits():
                self.stopped += 1
                return None
        return [Answer("bonjour") for _ in tasks]


@asynccontextmanager
async def serving(
    model: Waiting, *, queue_size: int
) -> AsyncIterator[tuple[SeamlessServer, httpx.AsyncClient]]:
    settings = SeamlessSettings(page=False, queue_size=queue_size, batch_size=1)
    server = SeamlessServer(settings, lambda settings, say: model, lambda line: None)
    await server.load()
    transport = httpx.ASGITransport(app=server.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield server, client
    await server.aclose(5.0)


async def test_more_than_may_wait_are_refused_and_told_when_to_come_again() -> None:
    model = Waiting()
    async with serving(model, queue_size=1) as (server, client), asyncio.TaskGroup() as group:

        async def ask() -> httpx.Response:
            form = {"target_language": "fr"}
            url = "/v1/audio/translations"
            return await client.post(url, files={"file": SPEECH}, data=form)

        first = group.create_task(ask())
        await until(lambda: model.begun == [1])
        second = group.create_task(ask())
        await until(lambda: server.queue.waiting == 1)
        refused = await ask()
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "queue_full")
        assert int(refused.headers["retry-after"]) >= 1
        model.go.set()
        for answered in (await first, await second):
            assert answered.json()["text"] == "bonjour"


async def test_a_job_of_the_page_that_is_cancelled_frees_the_model() -> None:
    model = Waiting()
    async with serving(model, queue_size=1) as (server, _):
        task = Task("fra", samples=None, text="hello", source="eng")
        job = asyncio.ensure_future(server.ask(task, "somebody"))
        await until(lambda: model.begun == [1])
        job.cancel()
        await until(lambda: model.stopped == 1 and server.queue.running == 0)
        model.go.set()
        assert (await server.ask(task, "another")).text == "bonjour"
