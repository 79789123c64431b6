"""The containers behind SageMaker endpoints: JumpStart's Whisper, and GPT-SoVITS.

Sources: the inference script of JumpStart's `huggingface-asr-whisper-large-v3`;
qingyuan18/GPT-SoVITS, api.py, and the article that it belongs to.
"""

import io
import json
import re
import wave
from dataclasses import dataclass
from typing import Any

import numpy as np

HEARD_S = 30
"""Whisper hears so much of an audio file, and nothing after it."""
SOVITS_RATE_HZ = 32000


class ContainerError(Exception):
    """What a container answers in place of a result."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Asked:
    """What JumpStart's Whisper was sent."""

    body: dict[str, Any]
    audio: np.ndarray
    rate_hz: int


def whisper(content_type: str, data: bytes) -> Asked:
    """Take apart a request to JumpStart's Whisper, as its script does."""
    if content_type == "audio/wav":
        return Asked({}, *_wav(data))
    if content_type != "application/json":
        raise ContainerError(400, f"{content_type} is not supported")
    body = json.loads(data)
    try:
        audio = bytes.fromhex(body["audio_input"])
    except (KeyError, ValueError):
        raise ContainerError(400, "audio_input must be the hex of an audio file") from None
    if ("language" in body) != ("task" in body):
        raise ContainerError(400, "language and task must be given together")
    rest = {name: value for name, value in body.items() if name != "audio_input"}
    return Asked(rest, *_wav(audio))


def _wav(data: bytes) -> tuple[np.ndarray, int]:
    try:
        with wave.open(io.BytesIO(data)) as wav:
            rate_hz = wav.getframerate()
            pcm = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
    except (wave.Error, EOFError):
        raise ContainerError(400, "not an audio file") from None
    return pcm / np.float32(32768), rate_hz


def cut(text: str, marks: str) -> list[str]:
    """Cut a text at its marks, as the container does before it speaks."""
    pieces = re.split(f"(?<=[{re.escape(marks or '.')}])", text)
    return [piece for piece in pieces if piece.strip()]
