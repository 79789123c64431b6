"""The Whisper server: routes, queue and model put together."""

import threading
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from model_servers.serving.clients import client_of
from model_servers.serving.connection import (
    CLIENT_GONE_STATUS,
    ClientGone,
    LiveResponse,
    while_connected,
)
from model_servers.serving.console import Say
from model_servers.serving.errors import NotReady, StartError
from model_servers.serving.form import read_form
from model_servers.serving.model_server import ModelServer, one_model
from model_servers.serving.page import Page
from model_servers.serving.run import Service, in_thread
from model_servers.serving.tickets import Priority, Results
from model_servers.whisper import page
from model_servers.whisper.settings import WhisperSettings
from model_servers.whisper.transcript import (
    Heard,
    Piece,
    answer,
    delta_event,
    done_event,
    whole_text,
)
from model_servers.whisper.wish import Task, Wish

_PRIORITY = "X-Priority"


class Model(Protocol):
    """A loaded recogniser, as `model_servers.whisper.model.Recogniser` is one."""

    @property
    def name(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def compute_type(self) -> str: ...
    @property
    def languages(self) -> frozenset[str]: ...
    def check(self, wish: Wish) -> None: ...
    def transcribe(
        self, upload: bytes, wish: Wish, stop: threading.Event
    ) -> Iterator[Piece | Heard]: ...


LoadModel = Callable[[WhisperSettings, Say], Model]


class WhisperServer(ModelServer[WhisperSettings, Model]):
    """The routes, and the Gradio page when it is wanted. Made on the event loop it works on.

    Args:
        settings: everything that can be set.
        load_model: blocks until the model can be used; run in a thread.
        say: writes a line of progress.
    """

    def __init__(self, settings: WhisperSettings, load_model: LoadModel, say: Say) -> None:
        super().__init__(
            settings,
            load_model,
            say,
            routes={
                "/v1/models": ("GET", self._models),
                "/v1/audio/transcriptions": ("POST", self._transcriptions),
                "/v1/audio/translations": ("POST", self._translations),
            },
            workers=settings.concurrency,
        )
        self._page = Page("whisper")
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
            f"{model.name} on {model.device}, {model.compute_type}",
            model=model.name,
            device=model.device,
            compute_type=model.compute_type,
        )

    async def aclose(self, timeout_s: float) -> bool:
        """Refuse and stop all work; see `WorkQueue.aclose`."""
        stopped = await super().aclose(timeout_s)
        await self._page.aclose()
        return stopped

    async def recognise(
        self, upload: bytes, wish: Wish, client: str = ""
    ) -> tuple[list[Piece], Heard]:
        """All pieces of text of an audio file. Cancelling it frees the worker."""
        pieces: list[Piece] = []
        async with self._submit(upload, wish, client) as results:
            async for item in results:
                if isinstance(item, Heard):
                    self._count(item)
                    return pieces, item
                pieces.append(item)
        raise NotReady("the server is stopping")

    async def _events(self, upload: bytes, wish: Wish, client: str) -> AsyncGenerator[bytes, None]:
        pieces: list[Piece] = []
        async with self._submit(upload, wish, client) as results:
            async for item in results:
                if isinstance(item, Heard):
                    self._count(item)
                    yield done_event(pieces, item)
                    return
                yield delta_event(item, first=not pieces)
                pieces.append(item)

    def _submit(
        self, upload: bytes, wish: Wish, client: str
    ) -> AbstractAsyncContextManager[Results[Piece | Heard]]:
        model = self._ready_model()
        model.check(wish)

        def job(stop: threading.Event) -> Iterator[Piece | Heard]:
            return model.transcribe(upload, wish, stop)

        return self.queue.submit(
            job, timeout_s=self._settings.timeout_s, priority=wish.priority, client=client
        )

    def _count(self, heard: Heard) -> None:
        self._metrics.count_work(audio_s=heard.duration_s, work_s=heard.work_s)

    def _build_page(self) -> FastAPI:
        model = self._model
        if model is None:
            raise StartError("the page needs the model's name")

        async def transcribe(upload: bytes, wish: Wish, client: str) -> str:
            pieces, _ = await self.recognise(upload, wish, client)
            return whole_text(pieces)

        return page.build(
            transcribe,
            model=model.name,
            english_only=model.languages == {"en"},
            max_upload_bytes=int(self._settings.max_upload_mb * 2**20),
            uploads=self._page.make_folder(),
        )

    async def _models(self, request: Request) -> Response:
        name = self._model.name if self._model else self._settings.model
        return one_model(name, owner="faster-whisper")

    async def _transcriptions(self, request: Request) -> Response:
        return await self._answer(request, "transcribe")

    async def _translations(self, request: Request) -> Response:
        return await self._answer(request, "translate")

    async def _answer(self, request: Request, task: Task) -> Response:
        model = self._ready_model()
        client = client_of(request, self._settings)
        # The form may still say otherwise; what is in it is not known before it is read.
        expected: Priority = "interim" if request.headers.get(_PRIORITY) == "interim" else "final"
        with self.queue.reading(client, expected):
            form = await read_form(request)
        granularities = [
            value
            for name in ("timestamp_granularities[]", "timestamp_granularities")
            for value in form.fields.get(name, ())
        ]
        upload = form.file
        wish = Wish.parse(task, form.last, granularities, request.headers.get(_PRIORITY))
        model.check(wish)
        if wish.stream:
            events = self._events(upload, wish, client)
            return LiveResponse(events, media_type="text/event-stream")
        try:
            work = self.recognise(upload, wish, client)
            pieces, heard = await while_connected(request.receive, work)
        except ClientGone:
            return Response(status_code=CLIENT_GONE_STATUS)
        return answer(wish, pieces, heard)


def make_service(settings: WhisperSettings, say: Say) -> Service:
    """The server with the real model. On the event loop."""

    def load_model(settings: WhisperSettings, say: Say) -> Model:
        say("importing faster-whisper")
        # Takes most of a second, in which the port answers already.
        from model_servers.whisper import loading

        return loading.load(settings, say)

    return WhisperServer(settings, load_model, say).service()
