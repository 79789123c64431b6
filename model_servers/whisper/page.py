"""The Gradio page and its endpoints `/transcribe` and `/translate`.

Both take (audio file, language) and return text; language `auto` or empty detects. They
share the HTTP routes' queue and model. A Gradio client that cancels its job frees the
worker like one that closes an HTTP connection; one that just vanishes does not.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from model_servers.serving.errors import ApiError
from model_servers.serving.page import SWEEP_S, UPLOAD_KEPT_S, guarded, mounted, read_upload
from model_servers.whisper.wish import Task, Wish

Transcribe = Callable[[bytes, Wish, str], Awaitable[str]]
"""Hears an audio file; the last argument says whose request it is."""

_COMMON = ("en", "zh", "ja", "ko", "fr", "de", "es", "pt", "it", "ru", "ar", "hi")
"""Offered in the list; any other code can be typed."""


def build(
    transcribe: Transcribe,
    *,
    model: str,
    english_only: bool,
    max_upload_bytes: int,
    uploads: Path,
) -> FastAPI:
    """Make the page. Imports Gradio, which takes seconds: run it in a thread.

    Args:
        transcribe: hears an audio file.
        model: its name, for people.
        english_only: whether it can neither translate nor hear other languages.
        max_upload_bytes: larger uploads are refused.
        uploads: the folder that Gradio stores uploads in; see `Page.make_folder`.
    """
    import gradio as gr

    def endpoint(task: Task) -> Callable[..., Awaitable[str]]:
        async def recognise(audio: str | None, language: str | None, request: gr.Request) -> str:
            if audio is None:
                raise gr.Error("Record or upload some speech first.", print_exception=False)
            upload = await asyncio.to_thread(read_upload, audio, uploads, max_upload_bytes)
            wish = Wish(task=task, language=(language or "").strip())
            try:
                client = request.client.host if request.client else ""
                return await transcribe(upload, wish, client)
            except ApiError as error:
                raise gr.Error(str(error), print_exception=False) from error

        return recognise

    with guarded(uploads, max_upload_bytes)(
        title="Whisper", analytics_enabled=False, delete_cache=(SWEEP_S, UPLOAD_KEPT_S)
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
    return mounted(blocks, max_upload_bytes=max_upload_bytes)


def _connect(button: Any, handler: Any, inputs: list[Any], output: Any, name: str) -> None:
    button.click(handler, inputs, output, api_name=name, concurrency_limit=None)


def _summary(model: str, english_only: bool) -> str:
    if english_only:
        return f"Model: {model}. It understands English only, so it cannot translate."
    return f"Model: {model}."
