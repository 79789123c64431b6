"""What the servers' Gradio pages share: how they are mounted, and what they keep visitors from.

Gradio's endpoints take paths of files. What keeps a visitor to files that were uploaded here:
Gradio's own check, which a mounted page has only once it counts as launched; a folder of this
process alone; a look at the path before it is read; and no addresses. Of Gradio's routes only
those that the page and Gradio's client use are there.
"""

import contextlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from model_servers.serving.errors import NotFound
from model_servers.serving.folders import own_folder
from model_servers.serving.settings import keep_uploads_in

logger = logging.getLogger(__name__)

UPLOAD_KEPT_S = 300
"""Gradio stores uploads in files; this old ones are deleted, and all at the end."""
SWEEP_S = 60
_ROUTES = re.compile(
    r"/(config|theme\.css|favicon\.ico|manifest\.json|robots\.txt|pwa_icon.*|(assets|static|svelte)/.*"
    r"|gradio_api/(info|app_id|startup-events|upload|upload_progress|cancel|reset|queue/(join|data)"
    r"|heartbeat/[^/]+|call/[^/]+(/[^/]+)?|file=.*))?/?"
)
"""What the page in a browser, gradio_client and `curl` need."""
_SYSTEM_FONTS = ["system-ui", "sans-serif"]
_SYSTEM_MONO_FONTS = ["ui-monospace", "monospace"]


class NotAnUpload(Exception):
    """A visitor names a file or an address that was not uploaded here."""


class Page:
    """ASGI application that answers 503 until `open` has been awaited.

    Args:
        name: of the server; its folder of uploads is called like it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._inner: ASGIApp | None = None
        self._running = contextlib.AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _ROUTES.fullmatch(scope["path"]):
            await NotFound("there is no such route").response()(scope, receive, send)
        elif self._inner is not None:
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            text = "the model is being loaded; GET /ready says how far it is\n"
            headers = {"Retry-After": "1", "Refresh": "2"}
            await PlainTextResponse(text, 503, headers)(scope, receive, send)

    def make_folder(self) -> Path:
        """A folder for uploads, until `aclose`. Blocks; before Gradio is imported."""
        folder = self._running.enter_context(own_folder(self._name)) / "uploads"
        folder.mkdir()
        keep_uploads_in(folder)
        return folder

    async def open(self, app: FastAPI) -> None:
        """Start answering with an application made by `mounted`."""
        # A mounted application's lifespan is not run by its parent.
        await self._running.enter_async_context(app.router.lifespan_context(app))
        self._inner = app

    async def aclose(self) -> None:
        """Stop Gradio's queue and delete its uploads. May be called twice."""
        self._inner = None
        await self._running.aclose()


def guarded(uploads: Path, max_upload_bytes: int) -> Any:
    """Gradio's `Blocks`, which hears uploads only and keeps what visitors send out of the log.

    Imports Gradio, which takes seconds: in a thread.

    Args:
        uploads: the folder that Gradio stores uploads in; see `Page.make_folder`.
        max_upload_bytes: larger ones are refused.
    """
    import gradio as gr

    class Guarded(gr.Blocks):  # type: ignore[misc]
        async def process_api(self, block_fn: Any, inputs: list[Any], **how: Any) -> Any:
            try:
                for path in _paths(inputs):
                    _uploaded(path, uploads, max_upload_bytes)
                return await super().process_api(block_fn, inputs, **how)
            except gr.Error:
                raise
            except NotAnUpload as error:
                raise gr.Error(str(error), print_exception=False) from None
            except Exception as error:  # noqa: BLE001  (Gradio would print what was sent)
                logger.warning("the page refused a request", extra={"kind": type(error).__name__})
                reason = f"the request is malformed ({type(error).__name__})"
                raise gr.Error(reason, print_exception=False) from None

    return Guarded


def mounted(blocks: Any, *, max_upload_bytes: int) -> FastAPI:
    """An application around a page of `guarded`; its queue is left to the server's own."""
    import gradio as gr

    # The order and the number of requests are our own queue's business.
    blocks.queue(default_concurrency_limit=None)
    # Until a page counts as launched Gradio takes every path for its author's own.
    blocks.has_launched = blocks.is_running = True
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    # Who may ask is decided by the gate; this keeps Gradio from its own, more open rules.
    app.add_middleware(CORSMiddleware)
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        # Gradio's own themes load fonts from Google.
        theme=gr.themes.Base(font=_SYSTEM_FONTS, font_mono=_SYSTEM_MONO_FONTS),
        footer_links=["api"],
        run_history=False,
        ssr_mode=False,
        mcp_server=False,
        max_file_size=max_upload_bytes,
        app_kwargs={"openapi_url": None, "docs_url": None, "redoc_url": None},
    )
    return app


def read_upload(path: str, uploads: Path, max_bytes: int) -> bytes:
    """What a visitor has uploaded. Blocks.

    Raises:
        NotAnUpload: the path leads elsewhere, or to something that is no such file.
    """
    return _uploaded(path, uploads, max_bytes).read_bytes()


def _paths(data: Any) -> Iterator[str]:
    """Every path that a request names, at any depth; a `url` beside it is not looked at."""
    if isinstance(data, list):
        for item in data:
            yield from _paths(item)
    elif isinstance(data, dict):
        for name, item in data.items():
            if name == "path" and isinstance(item, str):
                yield item
            else:
                yield from _paths(item)


def _uploaded(path: str, uploads: Path, max_bytes: int) -> Path:
    try:
        real = Path(path).resolve()
        found = real.is_relative_to(uploads.resolve()) and real.is_file()
    except (OSError, ValueError, RuntimeError):
        found = False
    if not found:
        raise NotAnUpload("only files that were uploaded here are heard")
    if real.stat().st_size > max_bytes:
        raise NotAnUpload("the file is larger than this server's limit")
    return real
