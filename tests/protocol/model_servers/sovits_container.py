"""The container of GPT-SoVITS as a process: real but for the voice in its checkout."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from rejoinder.stand_ins import tones
from rejoinder.stand_ins.aws_server import AwsStandIn
from rejoinder.stand_ins.sound_files import wav
from tests.fakes.aws_thread import environment
from tests.protocol.model_servers.processes import ROOT, ServerProcess, started

CHECKOUT = ROOT / "tests" / "fakes" / "gpt_sovits_checkout"
WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "hello"]
"""Of the stand-in voice; their place is their tone."""
ANNA, OTTO = 30, 33
"""Tones of two voices, which come before all that they say."""
MODULE = "model_servers.gpt_sovits"


def recording(voice: int, *, length_s: float = 4.2, rate_hz: int = 16000) -> bytes:
    """A WAV file with a voice's tone."""
    pcm = tones.speak([voice] * round(length_s / tones.WORD_S), rate_hz=rate_hz)
    return wav(pcm, rate_hz=rate_hz)


def said(pcm: bytes, *, rate_hz: int = 32000) -> list[str | int]:
    """Words in s16le samples, and the tone of a voice where one begins."""
    samples = np.frombuffer(pcm, "<i2") / np.float32(32768)
    found = [index for index, _, _ in tones.heard(samples, rate_hz=rate_hz)]
    return [WORDS[index] if index < len(WORDS) else index for index in found]


@dataclass
class Container:
    """A running container, and the S3 that it asks."""

    server: ServerProcess
    amazon: AwsStandIn

    @property
    def url(self) -> str:
        return self.server.url

    def body(self, text: str, *, voice: str = "anna", **fields: Any) -> dict[str, Any]:
        return {
            "text": text,
            "text_language": "en",
            "refer_wav_path": f"s3://voices/{voice}.wav",
            "prompt_text": "This is what I say.",
            "prompt_language": "en",
            **fields,
        }

    def ask(self, text: str, *, accept: str = "*/*", **fields: Any) -> httpx.Response:
        body = self.body(text, **fields)
        body = {name: value for name, value in body.items() if value is not None}
        headers = {"Content-Type": "application/json", "Accept": accept}
        url = f"{self.url}/invocations"
        return httpx.post(url, content=json.dumps(body), headers=headers, timeout=60)

    def ping(self) -> httpx.Response:
        return httpx.get(f"{self.url}/ping", timeout=2.0)

    def metric(self, name: str) -> float:
        lines = httpx.get(f"{self.url}/metrics").text.splitlines()
        return next(float(x.split()[1]) for x in lines if x.startswith(f"model_server_{name} "))


def checkout(folder: Path) -> Path:
    """A copy of the checkout that a test may change."""
    return Path(shutil.copytree(CHECKOUT, folder / "gpt-sovits"))


@contextmanager
def container(amazon: AwsStandIn, folder: Path, *argv: str, **environ: str) -> Iterator[Container]:
    """A container that is ready, until the block ends."""
    amazon.objects["voices/anna.wav"] = recording(ANNA)
    amazon.objects["voices/otto.wav"] = recording(OTTO)
    voices = folder / "model" / "voices"
    voices.mkdir(parents=True)
    (voices / "anna.wav").write_bytes(recording(ANNA))
    devices = {"SERVE_GPT_SOVITS_DEVICES": "cpu,cpu"}
    flags = ("--repository", str(CHECKOUT), "--model-dir", str(folder / "model"))
    with started(
        MODULE,
        *flags,
        *argv,
        before=("serve",),
        log_file=folder / "container.log",
        **environment(amazon) | {"SERVE_GPT_SOVITS_HOST": "127.0.0.1"} | devices | environ,
    ) as server:
        server.wait_until_listening()
        server.wait_until_ready()
        yield Container(server, amazon)
