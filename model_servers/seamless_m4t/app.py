"""The SeamlessM4T server: routes, page, queue, batches and model put together."""

import contextlib
import json
import threading
from collections.abc import AsyncGenerator, Callable, Collection, Iterator
from typing import Protocol

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from model_servers.seamless_m4t import batches, page
from model_servers.seamless_m4t.batches import Batches, Order
from model_servers.seamless_m4t.settings import SeamlessSettings
from model_servers.seamless_m4t.wish import Wish, parse
from model_servers.seamless_m4t.work import Answer, Delta, Task
from model_servers.serving.clients import client_of
from model_servers.serving.connection import (
    CLIENT_GONE_STATUS,
    ClientGone,
    LiveResponse,
    while_connected,
)
from model_servers.serving.console import Say
from model_servers.serving.decode import Samples, decode
from model_servers.serving.errors import ApiError, NotReady, StartError
from model_servers.serving.form import read_form
from model_servers.serving.model_server import ModelServer, one_model
from model_servers.serving.page import Page
from model_servers.serving.run import Service, in_thread
from model_servers.serving.tickets import Results


class Model(batches.Model, Protocol):
    """A loaded model, as `model_servers.seamless_m4t.translator.Translator` is one."""

    @property
    def name(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def precision(self) -> str: ...
    @property
    def written(self) -> Collection[str]: ...
    @property
    def spoken(self) -> Collection[str]: ...
    @property
    def broken(self) -> str: ...


LoadModel = Callable[[SeamlessSettings, Say], Model]


class SeamlessServer(ModelServer[SeamlessSettings, Model]):
    """The routes, and the Gradio page when it is wanted. Made on the event loop it works on.

    Args:
        settings: everything that can be set.
        load_model: blocks until the model can be used; run in a thread.
        say: writes a line of progress.
    """

    def __init__(self, settings: SeamlessSettings, load_model: LoadModel, say: Say) -> None:
        super().__init__(
            settings,
            load_model,
            say,
            routes={
                "/v1/models": ("GET", self._models),
                "/v1/audio/transcriptions": ("POST", self._transcriptions),
                "/v1/audio/translations": ("POST", self._translations),
            },
            # One batch at a time: requests are worked on together, not beside each other.
            workers=1,
            lends=False,
        )
        self._batches = Batches(size=settings.batch_size, audio_s=settings.batch_audio_s)
        self._page = Page("seamless_m4t")
        if settings.page:
            self.app.mount("/", self._page)

    async def load(self) -> None:
        """Load the model and the page; `/ready` answers 200 afterwards.

        Raises:
            StartError: the model cannot be used.
        """
        model = await self._load()
        if self._settings.page:
            self._progress("making the page")
            await self._page.open(await in_thread(self._build_page, name="build-page"))
        self._announce(
            f"{model.name} on {model.device}, {model.precision}",
            model=model.name,
            device=model.device,
            precision=model.precision,
            languages=len(model.written),
            spoken_languages=len(model.spoken),
        )

    async def aclose(self, timeout_s: float) -> bool:
        """Refuse and stop all work; see `WorkQueue.aclose`."""
        stopped = await super().aclose(timeout_s)
        await self._page.aclose()
        return stopped

    async def ask(self, task: Task, client: str = "") -> Answer:
        """Have a task worked on, alone or with others. Cancelling it frees its place."""
        async with contextlib.aclosing(self._worked_on(task, client, streams=False)) as items:
            async for item in items:
                if isinstance(item, Answer):
                    return item
        raise NotReady("the server is stopping")

    async def _worked_on(
        self, task: Task, client: str, *, streams: bool
    ) -> AsyncGenerator[Delta | Answer, None]:
        """Pieces of text as they are made, then the answer."""
        model = self._ready_model()
        if task.samples is None and not task.text:
            yield Answer("")
            return
        order = Order(task, streams=streams)

        def job(stop: threading.Event) -> Iterator[Delta | Answer]:
            return self._batches.work(order, model)

        try:
            async with self.queue.submit(
                job,
                timeout_s=self._settings.timeout_s,
                client=client,
                under_way=lambda: order.taken,
            ) as results:
                self._batches.enter(order, self._deliver_to(results))
                async for item in results:
                    yield item
                    if isinstance(item, Answer):
                        audio_s = max(task.length_s, item.length_s)
                        self._metrics.count_work(audio_s=audio_s, work_s=item.work_s)
                        return
        finally:
            self._batches.withdraw(order)
            if model.broken:
                self._readiness.broken(model.broken)

    def _deliver_to(
        self, results: Results[Delta | Answer]
    ) -> Callable[[Delta | Answer | ApiError], None]:
        def deliver(item: Delta | Answer | ApiError) -> None:
            with contextlib.suppress(RuntimeError):  # the event loop is closed
                self._loop.call_soon_threadsafe(results.put, item)

        return deliver

    async def _decoded(self, upload: bytes, client: str) -> Samples:
        """Samples of an upload; as many at once as bodies may be read. Cancelling it ends it."""
        most, stop = self._settings.max_audio_s, threading.Event()
        try:
            with self.queue.reading(client):
                return await in_thread(
                    lambda: decode(upload, max_audio_s=most, stop=stop), name="decode-upload"
                )
        finally:
            stop.set()

    def _build_page(self) -> FastAPI:
        model = self._model
        if model is None:
            raise StartError("the page needs the model's languages")
        return page.build(
            self.ask,
            self._decoded,
            model=model.name,
            written=model.written,
            spoken=model.spoken,
            max_chars=self._settings.max_chars,
            max_upload_bytes=int(self._settings.max_upload_mb * 2**20),
            uploads=self._page.make_folder(),
        )

    async def _models(self, request: Request) -> Response:
        name = self._model.name if self._model else self._settings.model
        return one_model(name, owner="seamless_m4t")

    async def _transcriptions(self, request: Request) -> Response:
        return await self._answer(request, translate=False)

    async def _translations(self, request: Request) -> Response:
        return await self._answer(request, translate=True)

    async def _answer(self, request: Request, *, translate: bool) -> Response:
        model = self._ready_model()
        client = client_of(request, self._settings)
        with self.queue.reading(client):
            form = await read_form(request)
        wish = parse(form.last, model.written, translate=translate)
        try:
            samples = await while_connected(request.receive, self._decoded(form.file, client))
            task = Task(wish.target, samples=samples)
            if wish.stream:
                return LiveResponse(self._events(task, client), media_type="text/event-stream")
            answer = await while_connected(request.receive, self.ask(task, client))
        except ClientGone:
            return Response(status_code=CLIENT_GONE_STATUS)
        return _response(wish, answer, task)

    async def _events(self, task: Task, client: str) -> AsyncGenerator[bytes, None]:
        told = ""
        async with contextlib.aclosing(self._worked_on(task, client, streams=True)) as items:
            async for item in items:
                if isinstance(item, Delta):
                    told += item.text
                    yield _event({"type": "transcript.text.delta", "delta": item.text})
                    continue
                if rest := item.text[len(told) :] if item.text.startswith(told) else "":
                    yield _event({"type": "transcript.text.delta", "delta": rest})
                done = {"type": "transcript.text.done", "text": item.text}
                yield _event({**done, "usage": _usage(task)})
                return
        raise NotReady("the server is stopping")


def make_service(settings: SeamlessSettings, say: Say) -> Service:
    """The server with the real model. On the event loop."""

    def load_model(settings: SeamlessSettings, say: Say) -> Model:
        from model_servers.seamless_m4t import loading

        return loading.load(settings, say)

    return SeamlessServer(settings, load_model, say).service()


def _response(wish: Wish, answer: Answer, task: Task) -> Response:
    if wish.format == "text":
        return PlainTextResponse(f"{answer.text}\n")
    return JSONResponse({"text": answer.text, "usage": _usage(task)})


def _usage(task: Task) -> dict[str, object]:
    return {"type": "duration", "seconds": round(task.length_s, 3)}


def _event(body: dict[str, object]) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()
