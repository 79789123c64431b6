"""The language model's server: routes, queue and model put together."""

import contextlib
import os
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from model_servers.llm import loading
from model_servers.llm.chat_request import ChatRequest, parse
from model_servers.llm.events import DONE
from model_servers.llm.settings import ChatSettings
from model_servers.serving.clients import client_of
from model_servers.serving.connection import (
    CLIENT_GONE_STATUS,
    ClientGone,
    LiveResponse,
    while_connected,
)
from model_servers.serving.console import Say
from model_servers.serving.errors import NotReady
from model_servers.serving.model_server import ModelServer, one_model
from model_servers.serving.run import Service, in_thread
from model_servers.serving.tickets import Results


class Answer(Protocol):
    """One answer in the making, as `model_servers.llm.llama.Completion` is one."""

    def parts(self) -> Iterator[bytes]: ...
    def give_up(self) -> None: ...


class Model(Protocol):
    """A loaded language model, as `model_servers.llm.llama.Llama` is one."""

    @property
    def name(self) -> str: ...
    @property
    def context_tokens(self) -> int: ...
    @property
    def ended(self) -> str:
        """How it has ended by itself; empty: it can be asked."""
        ...

    def ask(self, request: ChatRequest, client: str) -> Answer: ...
    def close(self) -> None: ...


LoadModel = Callable[[ChatSettings, Say], Model]


class ChatServer(ModelServer[ChatSettings, Model]):
    """The routes, answered as tokens are made. Made on the event loop it works on.

    Args:
        settings: everything that can be set.
        load_model: blocks until the model can be used; run in a thread.
        say: writes a line of progress.
    """

    def __init__(self, settings: ChatSettings, load_model: LoadModel, say: Say) -> None:
        super().__init__(
            settings,
            load_model,
            say,
            routes={
                "/v1/models": ("GET", self._models),
                "/v1/chat/completions": ("POST", self._completions),
            },
            workers=settings.concurrency,
            # llama.cpp makes the answers side by side; one that stood back would stand still.
            lends=False,
        )
        self._answers: set[Answer] = set()

    async def load(self) -> None:
        """Load the model; `/ready` answers 200 afterwards.

        Raises:
            StartError: it cannot be used.
        """
        model = await self._load()
        self._announce(model.name, model=model.name, context_tokens=model.context_tokens)

    async def aclose(self, timeout_s: float) -> bool:
        """Refuse and stop all work; see `WorkQueue.aclose`."""
        for answer in self._answers:
            answer.give_up()
        stopped = await super().aclose(timeout_s)
        if self._model is not None:
            await in_thread(self._model.close, name="end-llama")
        return stopped

    def _ready_model(self) -> Model:
        model = super()._ready_model()
        if model.ended:
            self._readiness.broken(model.ended)
            self._readiness.require()
        return model

    @contextlib.asynccontextmanager
    async def _asked(self, request: ChatRequest, client: str) -> AsyncIterator[Results[bytes]]:
        """The parts of an answer; leaving the block gives it up and frees its context."""
        answer = self._ready_model().ask(request, client)

        def job(stop: threading.Event) -> Iterator[bytes]:
            began = time.perf_counter()
            try:
                yield from answer.parts()
            finally:
                work_s = time.perf_counter() - began
                with contextlib.suppress(RuntimeError):  # the event loop is closed
                    self._loop.call_soon_threadsafe(self._count, work_s)

        timeout_s = self._settings.timeout_s
        self._answers.add(answer)
        try:
            async with self.queue.submit(job, timeout_s=timeout_s, client=client) as results:
                try:
                    yield results
                finally:
                    answer.give_up()
        finally:
            self._answers.discard(answer)

    def _count(self, work_s: float) -> None:
        self._metrics.count_work(audio_s=0.0, work_s=work_s)

    async def _completions(self, request: Request) -> Response:
        self._ready_model()
        client = client_of(request, self._settings)
        with self.queue.reading(client):
            wish = parse(await request.body(), max_tokens=self._settings.max_tokens)
        if wish.stream:
            return LiveResponse(self._events(wish, client), media_type="text/event-stream")
        try:
            whole = await while_connected(request.receive, self._whole(wish, client))
        except ClientGone:
            return Response(status_code=CLIENT_GONE_STATUS)
        return Response(whole, media_type="application/json")

    async def _events(self, wish: ChatRequest, client: str) -> AsyncGenerator[bytes, None]:
        came = False
        async with self._asked(wish, client) as results:
            async for event in results:
                came = True
                yield event
        if not came:
            raise NotReady("the server is stopping")
        yield DONE

    async def _whole(self, wish: ChatRequest, client: str) -> bytes:
        async with self._asked(wish, client) as results:
            answer = b"".join([part async for part in results])
        if not answer:
            raise NotReady("the server is stopping")
        return answer

    async def _models(self, request: Request) -> Response:
        name = self._model.name if self._model else self._settings.model
        return one_model(name, owner="llama.cpp")


def make_service(settings: ChatSettings, say: Say) -> Service:
    """The server with the real model. On the event loop; its threads begin after this."""
    if settings.niceness and hasattr(os, "nice"):
        os.nice(settings.niceness)
    return ChatServer(settings, loading.load, say).service()
