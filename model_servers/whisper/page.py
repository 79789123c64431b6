"""The Gradio page and its endpoints `/transcribe` and `/translate`.

Both take (audio file, language) and return text; language `auto` or empty detects. They
share the HTTP routes' queue and model. A Gradio client that cancels its job frees the
worker like one that closes an HTTP connection; one that just vanishes does not.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from model_servers.serving.errors import ApiError
from model_servers.whisper.wish import Task, Wish

Transcribe = Callable[[bytes, Wish], Awaitable[str]]

_UPLOAD_KEPT_S = 300
"""Gradio stores uploads in files; this old ones are deleted, and all at the end."""
_SWEEP_S = 60
_SYSTEM_FONTS = ["system-ui", "sans-serif"]
_SYSTEM_MONO_FONTS = ["ui-monospace", "monospace"]


class Page:
    """ASGI application that answers 503 until `open` has been awaited."""

    def __init__(self) -> None:
        self._inner: ASGIApp | None = None
        self._running = contextlib.AsyncExitStack()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._inner is not None:
            await self._inner(scope, receive, send)
        elif scope["type"] == "http":
            text = "the model is being loaded; GET /ready says how far it is\n"
            headers = {"Retry-After": "1", "Refresh": "2"}
            await PlainTextResponse(text, 503, headers)(scope, receive, send)

    async def open(self, app: FastAPI) -> None:
        """Start answering with an application made by `build`."""
        # A mounted application's lifespan is not run by its parent.
        await self._running.enter_async_context(app.router.lifespan_context(app))
        self._inner = app

    async def aclose(self) -> None:
        """Stop Gradio's queue and delete its uploads. May be called twice."""
        self._inner = None
        await self._running.aclose()


def build(
    transcribe: Transcribe, *, model: str, english_only: bool, max_upload_bytes: int
) -> FastAPI:
    """Make the page. Imports Gradio, which takes seconds: run it in a thread."""
    import gradio as gr

    def endpoint(task: Task) -> Callable[[str | None, str | None], Awaitable[str]]:
        async def recognise(audio: str | None, language: str | None) -> str:
            if audio is None:
                raise gr.Error("Record or upload some speech first.", print_exception=False)
            upload = await asyncio.to_thread(Path(audio).read_bytes)
            wish = Wish(task=task, language=(language or "").strip())
            try:
                return await transcribe(upload, wish)
            except ApiError as error:
                raise gr.Error(str(error), print_exception=False) from error

        return recognise

    with gr.Blocks(
        title="Whisper", analytics_enabled=False, delete_cache=(_SWEEP_S, _UPLOAD_KEPT_S)
    ) as blocks:
        gr.Markdown(f"# Whisper\n{_summary(model, english_only)}")
        audio = gr.Audio(type="filepath", label="Speech", buttons=["download"])
        language = gr.Dropdown(
            choices=["auto", "en"] if english_only else ["auto", *_COMMON],
            value="auto",
            allow_custom_value=True,
            label="Spoken language",
            info="A code such as en or zh; auto detects it",
        )
        with gr.Row():
            write = gr.Button("Transcribe", variant="primary")
            translate = gr.Button("Translate to English", interactive=not english_only)
        text = gr.Textbox(label="Text", lines=4, buttons=["copy"])
        _connect(write, endpoint("transcribe"), [audio, language], text, "transcribe")
        _connect(translate, endpoint("translate"), [audio, language], text, "translate")
    # The order and the number of requests are our own queue's business.
    blocks.queue(default_concurrency_limit=None)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
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


_COMMON = ("en", "zh", "ja", "ko", "fr", "de", "es", "pt", "it", "ru", "ar", "hi")
"""Offered in the list; any other code can be typed."""


def _connect(button: Any, handler: Any, inputs: list[Any], output: Any, name: str) -> None:
    button.click(handler, inputs, output, api_name=name, concurrency_limit=None)


def _summary(model: str, english_only: bool) -> str:
    if english_only:
        return f"Model: {model}. It understands English only, so it cannot translate."
    return f"Model: {model}."
