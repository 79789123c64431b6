"""What docs/interpreter.md shows: two people in an interpreted meeting, and the recording of it.

    python -m benchmarks.meeting_showcase --weights FOLDER

`rejoinder demo --mode interpret` as it is, with real engines: Whisper base and Kokoro from FOLDER
(`whisper-base`, `kokoro`), the embedded translator. Two headless Chromiums, whose microphones play
a talk of two of Kokoro's voices, one on a wide screen and one on a phone. Writes pictures of both
pages and of the recording to docs/pictures/.
"""

import argparse
import asyncio
import contextlib
import os
import re
import shutil
import sys
import tempfile
import wave
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Page, TimeoutError, async_playwright

from benchmarks.showcase import PICTURES

_ANA = (
    "Good morning. The new warehouse will be ready in March, but we need your figures by Friday.",
    "That is fine. I will call the factory today and ask them to wait.",
)
_BIA = (
    "Bom dia. Eu vou mandar os números amanhã de manhã, porque o relatório ainda não está pronto.",
    "Muito obrigada. Os clientes vão ficar contentes.",
)
_VOICES = {"Ana": "am_michael", "Bia": "pf_dora"}
_VOICE_HZ, _RATE_HZ = 24000, 48000
_JOINED_S, _ANSWER_S = 9.0, 6.0
"""Silence before the first words, and after what the other has said."""
_WIDE, _PHONE = (1280, 800), (390, 844)
_READY_S, _TALK_S = 120.0, 60.0
_SPOKEN_S = 20.0
"""Longest wait for the voice of the last words: it may have said them already."""
_REST_S = 8.0
"""The last words may still be being said, and belong to the recording."""
_ROOM = "showcase-room-of-two"

Sound = NDArray[np.int16]


@asynccontextmanager
async def demo(weights: Path, folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Run the demo; gives the addresses of its page and of its voices."""
    env = {
        **os.environ,
        "STT_MODEL": str(weights / "whisper-base"),
        "SERVE_TTS_KOKORO": str(weights / "kokoro"),
        "INTERPRET_VOICES": "en=af_heart,en=am_michael,pt=pf_dora,pt=pm_alex",
        "RECORD": "audio",
        "RECORD_FOLDER": str(folder / "recordings"),
        "TALK_PORT": "0",
        "COLUMNS": "200",
        "PYTHONUNBUFFERED": "1",
    }
    argv = [sys.executable, "-m", "rejoinder", "demo", "--mode", "interpret", "--no-browser"]
    program = await asyncio.create_subprocess_exec(*argv, stdout=PIPE, stderr=STDOUT, env=env)
    try:
        async with asyncio.timeout(_READY_S):
            told = await _until_ready(program)
        yield _address(told, "Meeting page"), _address(told, "TTS server")
    finally:
        with contextlib.suppress(ProcessLookupError):
            program.terminate()
        await program.wait()


async def _until_ready(program: Process) -> str:
    assert program.stdout is not None
    told = ""
    while "Ready after" not in told:
        line = await program.stdout.readline()
        if not line:
            raise SystemExit(told)
        told += line.decode()
    return told


def _address(told: str, name: str) -> str:
    found = re.search(rf"^{name}\s+(http\S+)", told, re.MULTILINE)
    assert found is not None, told
    return found[1]


async def spoken(http: aiohttp.ClientSession, tts: str, text: str, voice: str) -> Sound:
    """A sentence, mono at `_RATE_HZ`."""
    body = {"input": text, "voice": voice, "response_format": "pcm"}
    async with http.post(f"{tts}/v1/audio/speech", json=body) as answer:
        answer.raise_for_status()
        voiced = np.frombuffer(await answer.read(), "<i2").astype(np.float32)
    at = np.arange(len(voiced) * _RATE_HZ // _VOICE_HZ) * (_VOICE_HZ / _RATE_HZ)
    return np.interp(at, np.arange(len(voiced)), voiced).astype("<i2")


def write(path: Path, *pieces: Sound | float) -> Path:
    """A WAV of sound and silences, seconds."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(_RATE_HZ)
        for piece in pieces:
            silence = isinstance(piece, float)
            sound = np.zeros(round(piece * _RATE_HZ), "<i2") if silence else piece
            wav.writeframes(np.asarray(sound).tobytes())
    return path


async def microphones(tts: str, folder: Path) -> dict[str, Path]:
    """What each of them says, with silences in which the other one speaks."""
    async with aiohttp.ClientSession() as http:
        ana = [await spoken(http, tts, text, _VOICES["Ana"]) for text in _ANA]
        bia = [await spoken(http, tts, text, _VOICES["Bia"]) for text in _BIA]
    length = [len(sound) / _RATE_HZ for sound in (ana[0], bia[0], ana[1])]
    return {
        "Ana": write(
            folder / "ana.wav", _JOINED_S, ana[0], _ANSWER_S + length[1] + _ANSWER_S, ana[1], 60.0
        ),
        "Bia": write(
            folder / "bia.wav",
            _JOINED_S + length[0] + _ANSWER_S,
            bia[0],
            _ANSWER_S + length[2] + _ANSWER_S,
            bia[1],
            60.0,
        ),
    }


@asynccontextmanager
async def meeting_page(url: str, microphone: Path, size: tuple[int, int]) -> AsyncIterator[Page]:
    """The page in a browser of its own."""
    async with async_playwright() as browsers:
        browser = await browsers.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"),
            args=[
                "--no-sandbox",
                "--allow-loopback-in-peer-connection",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
                f"--use-file-for-fake-audio-capture={microphone}%noloop",
            ],
        )
        page = await browser.new_page(viewport={"width": size[0], "height": size[1]})
        await page.goto(f"{url}?room={_ROOM}")
        yield page
        await browser.close()


async def join(page: Page, name: str, language: str) -> None:
    """Fill in the form and press its button."""
    await page.get_by_label("Your name").fill(name)
    await page.get_by_label("I speak").select_option(language)
    await page.get_by_role("button", name="Join", exact=True).click()
    await page.locator("body[data-phase=meeting]").wait_for()


async def show(weights: Path, target: Path) -> None:
    """Hold the talk, and keep what is seen of it."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        async with demo(weights, folder) as (url, tts):
            said = await microphones(tts, folder)
            ana = await stack.enter_async_context(meeting_page(url, said["Ana"], _WIDE))
            bia = await stack.enter_async_context(meeting_page(url, said["Bia"], _PHONE))
            await asyncio.gather(join(ana, "Ana", "en"), join(bia, "Bia", "pt-BR"))
            # Each of the four turns has a block, and the last one is translated.
            last = ana.locator("#transcript > .block:nth-child(4) .translation")
            await last.first.wait_for(timeout=_TALK_S * 1000)
            with contextlib.suppress(TimeoutError):
                await ana.locator(".interpreted:visible").first.wait_for(timeout=_SPOKEN_S * 1000)
            await ana.screenshot(path=target / "meeting-light.png")
            await bia.screenshot(path=target / "meeting-phone.png")
            await ana.emulate_media(color_scheme="dark")
            await asyncio.sleep(1.0)
            await ana.screenshot(path=target / "meeting-dark.png")
            await asyncio.sleep(_REST_S)
            for page in (ana, bia):
                print(await page.locator("#transcript").inner_text(), end="\n\n")
        [recording] = (folder / "recordings").glob("*.jsonl.gz")
        picture = target / "meeting-recorded.svg"
        argv = [sys.executable, "-m", "rejoinder", "replay", str(recording), "--out", str(picture)]
        replaying = await asyncio.create_subprocess_exec(*argv)
        if await replaying.wait():
            raise SystemExit("the recording could not be shown")
        picture.chmod(0o644)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("REJOINDER_TEST_WEIGHTS")
    parser.add_argument("--weights", type=Path, default=default, required=default is None)
    parser.add_argument("--out", type=Path, default=PICTURES)
    args = parser.parse_args()
    asyncio.run(show(args.weights, args.out))


if __name__ == "__main__":
    main()
