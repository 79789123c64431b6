"""The translation server: routes, queue and model put together."""

import asyncio
import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from model_servers.serving.clients import client_of
from model_servers.serving.connection import CLIENT_GONE_STATUS, ClientGone, while_connected
from model_servers.serving.console import Say
from model_servers.serving.errors import NotReady
from model_servers.serving.model_server import ModelServer, one_model
from model_servers.serving.run import Service, in_thread
from model_servers.serving.tickets import Priority
from model_servers.translate.batches import Batches, Order
from model_servers.translate.sentences import Sentence, joined
from model_servers.translate.settings import TranslateSettings
from model_servers.translate.translate_request import pair, parse
from model_servers.translate.translator import Translator

_PRIORITY = "X-Priority"
_FORM = "application/x-www-form-urlencoded"
_DONE = "done"
"""What `Batches.work` yields at the end."""

LoadTranslator = Callable[[TranslateSettings, Say], Translator]


class TranslateServer(ModelServer[TranslateSettings, Translator]):
    """The routes. Made on the event loop it works on.

    Args:
        settings: everything that can be set.
        load_translator: blocks until the model can be used; run in a thread.
        say: writes a line of progress.
    """

    def __init__(
        self, settings: TranslateSettings, load_translator: LoadTranslator, say: Say
    ) -> None:
        super().__init__(
            settings,
            load_translator,
            say,
            routes={
                "/v1/models": ("GET", self._models),
                "/languages": ("GET", self._languages),
                "/translate": ("POST", self._translate),
            },
            workers=settings.concurrency,
        )
        self._batches = Batches(self._worked)
        self._listed = b""
        """The answer of `/languages`, which is large for a model of hundreds."""

    async def load(self) -> None:
        """Load the model; `/ready` answers 200 afterwards.

        Raises:
            StartError: it cannot be used.
        """
        model = await self._load()
        self._listed = await in_thread(lambda: _listing(model.pairs), name="list-languages")
        self._announce(
            f"{model.name} on {model.device}",
            model=model.name,
            device=model.device,
            languages=len(model.pairs),
        )

    async def _translate(self, request: Request) -> Response:
        model = self._ready_model()
        client = client_of(request, self._settings)
        header = request.headers.get(_PRIORITY)
        # The body may still say otherwise; what is in it is not known before it is read.
        expected: Priority = "interim" if header == "interim" else "final"
        with self.queue.reading(client, expected):
            body = await request.body()
            wish = parse(
                body,
                is_form=request.headers.get("content-type", "").startswith(_FORM),
                max_chars=self._settings.max_chars,
                priority_header=header,
            )
            source, target = pair(wish, model.pairs)
            texts = await asyncio.to_thread(wish.cut)
        translated: Sequence[str] = wish.texts
        said = [part.text for parts in texts for part in parts if part.text]
        if source != target and said:
            order = Order(source, target, said, wish.priority, client)
            try:
                await while_connected(request.receive, self._work(model, order))
            except ClientGone:
                return Response(status_code=CLIENT_GONE_STATUS)
            translated = _put_together(texts, order)
        text: object = translated if wish.is_list else translated[0]
        return JSONResponse({"translatedText": text, "source": source, "target": target})

    async def _work(self, model: Translator, order: Order) -> None:
        """Return when an order is done. Cancelling it frees the worker."""

        def job(stop: threading.Event) -> Iterator[str]:
            return self._batches.work(order, model)

        timeout_s, priority, client = self._settings.timeout_s, order.priority, order.client
        async with self.queue.submit(
            job, timeout_s=timeout_s, priority=priority, client=client
        ) as results:
            # Another's batch may take it along: then its turn is not waited for.
            order.tell = lambda: self._on_loop(results.put, _DONE)
            self._batches.enter(order)
            try:
                async for step in results:
                    if step == _DONE:
                        return
            finally:
                self._batches.withdraw(order)
        raise NotReady("the server is stopping")

    def _worked(self, work_s: float) -> None:
        self._on_loop(lambda: self._metrics.count_work(audio_s=0.0, work_s=work_s))

    def _on_loop(self, call: Callable[..., None], *args: object) -> None:
        """Call it on the event loop, from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the process ends
            self._loop.call_soon_threadsafe(call, *args)

    async def _models(self, request: Request) -> Response:
        name = self._model.name if self._model else self._settings.model
        return one_model(name, owner="translate")

    async def _languages(self, request: Request) -> Response:
        self._ready_model()
        return Response(self._listed, media_type="application/json")


def make_service(settings: TranslateSettings, say: Say) -> Service:
    """The server with the real model. On the event loop; its threads begin after this."""
    if settings.niceness and hasattr(os, "nice"):
        os.nice(settings.niceness)

    def load_translator(settings: TranslateSettings, say: Say) -> Translator:
        from model_servers.translate import loading

        return loading.load(settings, say)

    return TranslateServer(settings, load_translator, say).service()


def _listing(pairs: Mapping[str, Sequence[str]]) -> bytes:
    """The languages in LibreTranslate's shape."""
    listed = [{"code": tag, "name": tag, "targets": list(to)} for tag, to in pairs.items()]
    return json.dumps(listed, separators=(",", ":")).encode()


def _put_together(texts: list[list[Sentence]], order: Order) -> list[str]:
    """The translated texts; of an order that is done."""
    results = iter(order.results)
    return [
        joined(parts, [(next(results) or "") if part.text else "" for part in parts])
        for parts in texts
    ]
