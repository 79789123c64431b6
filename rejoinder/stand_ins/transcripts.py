"""What transcription servers write of an utterance, each in its own form: objects and events.

Sources: https://platform.openai.com/docs/api-reference/audio; speaches-ai/speaches,
src/speaches/routers/stt.py, as it is and as it was; vllm-project/vllm,
entrypoints/openai/speech_to_text.py.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

StreamForm = Literal["openai", "speaches", "speaches_segments", "vllm"]


def segment(text: str, **doubt: float) -> dict[str, Any]:
    """One of `verbose_json`'s; `doubt` is what it tells otherwise than of clear speech."""
    told = {"avg_logprob": -0.2, "compression_ratio": 0.8, "no_speech_prob": 0.01}
    return {"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "temperature": 0.0, "text": text} | (
        told | doubt
    )


def verbose(text: str, segments: list[dict[str, Any]], *, language: str) -> dict[str, Any]:
    """The whole object of `verbose_json`."""
    return {
        "task": "transcribe",
        "language": language,
        "duration": 1.0,
        "text": text,
        "segments": segments,
    }


def events(text: str, form: StreamForm) -> list[bytes]:
    """The same as a stream."""
    pieces = re.findall(r"\s*\S+", text)
    if form == "vllm":
        chunks: list[Mapping[str, Any]] = [_chunk(piece) for piece in pieces]
        chunks += [_chunk("", finish_reason="stop"), {"choices": [], "usage": {"total_tokens": 9}}]
        return [*map(_event, chunks), b"data: [DONE]\n\n"]
    if form == "speaches_segments":
        return [_event({"text": piece}) for piece in re.findall(r"[^.?!]+[.?!]*", text)]
    deltas = [_event({"type": "transcript.text.delta", "delta": piece}) for piece in pieces]
    # speaches has used its words up by then.
    whole = text if form == "openai" else ""
    return [*deltas, _event({"type": "transcript.text.done", "text": whole})]


def _chunk(content: str, **more: Any) -> dict[str, Any]:
    choice = {"delta": {"content": content}} | more
    return {"id": "trsc-1", "object": "transcription.chunk", "choices": [choice]}


def _event(value: Mapping[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n".encode()
