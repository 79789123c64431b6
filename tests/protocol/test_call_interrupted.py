"""Ctrl-C while `rejoinder call` is still joining."""

import asyncio
import signal
import sys
import time
import wave
from pathlib import Path

import pytest

from testbed.programs import running

PATIENCE_S = 30.0
IN_A_TERMINAL = """
import signal, sys
from rejoinder.cli import main

signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main())
"""
"""Tests may have been started by a background job, which ignores Ctrl-C."""

pytestmark = pytest.mark.timeout(2 * PATIENCE_S)


async def test_ctrl_c_while_joining_ends_the_call_at_once(tmp_path: Path) -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def say_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await over.wait()
        writer.close()

    speech = tmp_path / "speech.wav"
    with wave.open(str(speech), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(48000)
        file.writeframes(bytes(9600))
    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        argv = [sys.executable, "-c", IN_A_TERMINAL, "call", "--url", url, str(speech)]
        env = {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "secret of 32 bytes and a few more"}
        with running("call", argv, folder=tmp_path, env=env) as program:
            await asyncio.wait_for(asked.wait(), PATIENCE_S)
            program.popen.send_signal(signal.SIGINT)
            pressed = time.monotonic()
            code = await asyncio.to_thread(program.popen.wait, PATIENCE_S)
            assert time.monotonic() - pressed < 5
            assert code == 130
            assert program.tail() == "hung up\n"
        over.set()
