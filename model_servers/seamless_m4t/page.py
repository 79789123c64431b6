"""The Gradio page and its endpoints, those of SeamlessM4T-v2's public demo.

`/s2tt` and `/s2st` take (audio file, source language, target language), `/asr` (audio file,
spoken language), `/t2tt` and `/t2st` (text, source, target); languages are the demo's names. The
answer is text, of `/s2st` and `/t2st` (speech at 16 kHz, text). They share the HTTP routes' queue
and model. A Gradio client that cancels its job frees the worker.

Source: facebookresearch/seamless_communication, demo/m4tv2/app.py.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
from fastapi import FastAPI

from model_servers.seamless_m4t.languages import names
from model_servers.seamless_m4t.wish import language
from model_servers.seamless_m4t.work import Answer, Task
from model_servers.serving.decode import RATE_HZ, Samples
from model_servers.serving.errors import ApiError, BadRequest
from model_servers.serving.page import (
    SWEEP_S,
    UPLOAD_KEPT_S,
    NotAnUpload,
    guarded,
    mounted,
    read_upload,
)

Ask = Callable[[Task, str], Awaitable[Answer]]
"""Has a task worked on; the last argument says whose request it is."""
Decode = Callable[[bytes, str], Awaitable[Samples]]
"""An audio file's samples; the last argument says whose request it is."""

_INTRODUCTION = "# SeamlessM4T\nSpeech and text in a hundred languages. Model: {model}."
_USUAL_SOURCE, _USUAL_TARGET = "English", "French"


def build(
    ask: Ask,
    decode: Decode,
    *,
    model: str,
    written: Collection[str],
    spoken: Collection[str],
    max_chars: int,
    max_upload_bytes: int,
    uploads: Path,
) -> FastAPI:
    """Make the page. Imports Gradio, which takes seconds: run it in a thread.

    Args:
        ask: has a task worked on.
        decode: an audio file's samples.
        model: its name, for people.
        written: codes of the languages that it writes.
        spoken: codes of the languages that it speaks.
        max_chars: longest text.
        max_upload_bytes: larger uploads are refused.
        uploads: the folder that Gradio stores uploads in; see `Page.make_folder`.
    """
    import gradio as gr

    def whose(request: gr.Request) -> str:
        return request.client.host if request.client else ""

    async def heard(path: str | None, client: str) -> Samples:
        if path is None:
            raise BadRequest("record or upload some speech first")
        upload = await asyncio.to_thread(read_upload, path, uploads, max_upload_bytes)
        return await decode(upload, client)

    async def answered(task: Awaitable[Task], request: gr.Request) -> Answer:
        try:
            return await ask(await task, whose(request))
        except (ApiError, NotAnUpload) as error:
            raise gr.Error(str(error), print_exception=False) from error

    async def of_speech(
        audio: str | None, source: str, target: str, client: str, *, speaks: bool
    ) -> Task:
        # Not used by the model, and wrong all the same if it is no language.
        language(source, written, param="source language")
        code = language(target, spoken if speaks else written, param="target language")
        return Task(code, samples=await heard(audio, client), speaks=speaks)

    async def of_text(text: str | None, source: str, target: str, *, speaks: bool) -> Task:
        if len(text or "") > max_chars:
            raise BadRequest(f"the text is longer than {max_chars} characters")
        spoken_in = language(source, written, param="source language")
        code = language(target, spoken if speaks else written, param="target language")
        return Task(code, text=(text or "").strip(), source=spoken_in, speaks=speaks)

    async def s2tt(audio: str | None, source: str, target: str, request: gr.Request) -> str:
        task = of_speech(audio, source, target, whose(request), speaks=False)
        return (await answered(task, request)).text

    async def s2st(audio: str | None, source: str, target: str, request: gr.Request) -> Any:
        task = of_speech(audio, source, target, whose(request), speaks=True)
        return _both(await answered(task, request))

    async def asr(audio: str | None, target: str, request: gr.Request) -> str:
        task = of_speech(audio, target, target, whose(request), speaks=False)
        return (await answered(task, request)).text

    async def t2tt(text: str | None, source: str, target: str, request: gr.Request) -> str:
        return (await answered(of_text(text, source, target, speaks=False), request)).text

    async def t2st(text: str | None, source: str, target: str, request: gr.Request) -> Any:
        return _both(await answered(of_text(text, source, target, speaks=True), request))

    def dropdown(label: str, codes: Collection[str], usual: str) -> Any:
        choices = names(codes)
        # What is no choice is refused by the endpoint, which says more than Gradio.
        return gr.Dropdown(
            choices=choices,
            value=usual if usual in choices else next(iter(choices), None),
            label=label,
            allow_custom_value=True,
        )

    def tab(name: str, handler: Any, *, reads: bool, speaks: bool) -> None:
        with gr.Tab(name.upper()):
            given = (
                gr.Textbox(label="Input text", lines=3)
                if reads
                else gr.Audio(type="filepath", label="Input speech", buttons=["download"])
            )
            inputs = [given]
            if name != "asr":
                inputs.append(dropdown("Source language", written, _USUAL_SOURCE))
            target = dropdown("Target language", spoken if speaks else written, _USUAL_TARGET)
            inputs.append(target)
            button = gr.Button("Translate", variant="primary")
            outputs = [gr.Audio(label="Translated speech", type="numpy")] if speaks else []
            outputs.append(gr.Textbox(label="Translated text", buttons=["copy"]))
            button.click(handler, inputs, outputs, api_name=name, concurrency_limit=None)

    with guarded(uploads, max_upload_bytes)(
        title="SeamlessM4T", analytics_enabled=False, delete_cache=(SWEEP_S, UPLOAD_KEPT_S)
    ) as blocks:
        gr.Markdown(_INTRODUCTION.format(model=model))
        with gr.Tabs():
            tab("s2st", s2st, reads=False, speaks=True)
            tab("s2tt", s2tt, reads=False, speaks=False)
            tab("t2st", t2st, reads=True, speaks=True)
            tab("t2tt", t2tt, reads=True, speaks=False)
            tab("asr", asr, reads=False, speaks=False)
    return mounted(blocks, max_upload_bytes=max_upload_bytes)


def _both(answer: Answer) -> tuple[tuple[int, Any] | None, str]:
    """What Gradio makes a sound file and a text of."""
    samples = np.frombuffer(answer.pcm, "<i2")
    return ((RATE_HZ, samples) if len(samples) else None), answer.text
