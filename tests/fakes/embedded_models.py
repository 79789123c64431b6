"""The embedded Whisper and voice as servers, and what Whisper makes of a recording."""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from agent.audio import pcm
from rejoinder.scripted_caller.hearing import voiced_span
from rejoinder.scripted_caller.microphone import Pcm
from testbed.programs import running

_AROUND_S = 0.3
"""Silence that is left before and after: with more, tiny.en lost words of two answers in ten."""


@contextmanager
def model_servers(folder: Path) -> Iterator[dict[str, str]]:
    """Start both; gives their addresses, by the names `whisper` and `tts`. Blocks."""
    with ExitStack() as stack:
        programs = {
            name: stack.enter_context(
                running(
                    name,
                    [sys.executable, "-m", f"model_servers.{name}", "--port", "0", *flags],
                    folder=folder,
                )
            )
            for name, flags in (("whisper", ["--no-page"]), ("tts", []))
        }
        urls = {}
        for name, program in programs.items():
            line = program.wait_line("listening on http")
            urls[name] = line.split("listening on ")[1].split()[0].rstrip("/")
        for name, program in programs.items():
            program.wait_ready(f"{urls[name]}/ready")
        yield urls


def embedded(servers: dict[str, str]) -> dict[str, str]:
    """Settings of a worker whose engines they are; the handbook answers."""
    return {
        "STT_ENGINE": "openai",
        "STT_URL": f"{servers['whisper']}/v1",
        "STT_TIMEOUT_S": "20",
        "LLM_ENGINE": "handbook",
        "TTS_ENGINE": "openai",
        "TTS_URL": f"{servers['tts']}/v1",
        "TTS_TIMEOUT_S": "20",
    }


def recognised(servers: dict[str, str], samples: Pcm, *, rate_hz: int) -> str:
    """What Whisper makes of what was said in a recording. Blocks."""
    first_s, last_s = voiced_span(samples, rate_hz=rate_hz)
    begin, end = max(0.0, first_s - _AROUND_S), last_s + _AROUND_S
    wav = pcm.to_wav(samples[round(begin * rate_hz) : round(end * rate_hz)], rate_hz=rate_hz)
    answer = httpx.post(
        f"{servers['whisper']}/v1/audio/transcriptions",
        files={"file": ("answer.wav", wav)},
        data={"model": "whisper-tiny.en"},
        timeout=60,
    )
    answer.raise_for_status()
    return str(answer.json()["text"])


def normal(text: str) -> str:
    """Words alone, small."""
    return " ".join(re.sub(r"[^a-z0-9' ]+", " ", text.lower().replace("-", " ")).split())
