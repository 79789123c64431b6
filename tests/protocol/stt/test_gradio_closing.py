"""Closing the engine `gradio` while its server says nothing."""

import asyncio

import pytest

from agent.stt.gradio import engine as gradio
from agent.stt.gradio.options import Options as GradioOptions
from agent.stt.probing import PROBE_OPTIONS, probe_tone


async def test_a_server_that_says_nothing_does_not_keep_a_cancelled_task_from_closing() -> None:
    """Before Python 3.11.3, asyncio.timeout raises CancelledError in such a task."""
    asked = asyncio.Event()
    gone = asyncio.Event()
    closed = False

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await gone.wait()
        writer.close()

    async def use(engine: gradio.GradioSpeechToText) -> None:
        nonlocal closed
        try:
            await engine.recognize(probe_tone(), conn_options=PROBE_OPTIONS)
        finally:
            await engine.aclose()
            closed = True

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        options = GradioOptions.model_validate(
            {"url": f"http://127.0.0.1:{port}", "preset": "whisper"}
        )
        using = asyncio.create_task(use(gradio.GradioSpeechToText(options)), name="use")
        await asked.wait()
        using.cancel()
        with pytest.raises(asyncio.CancelledError):
            await using
        gone.set()
    assert closed
