"""What was heard, and the formats in which clients want to read it.

Source: https://platform.openai.com/docs/api-reference/audio (json, verbose_json, stream);
SubRip and WebVTT time stamps.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from model_servers.whisper.wish import Wish


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its place in the audio, seconds."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A segment of text with its place in the audio, seconds."""

    text: str
    """As the model wrote it: usually with a leading space."""
    start_s: float
    end_s: float
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0
    compression_ratio: float = 1.0
    temperature: float = 0.0
    tokens: tuple[int, ...] = ()
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What is known when the whole audio has been heard; comes after all pieces."""

    duration_s: float
    language: str
    """Whisper's code: given, or detected."""
    language_probability: float
    work_s: float
    """Time in the worker: decoding and model."""


def whole_text(pieces: Sequence[Piece]) -> str:
    """All text without spaces at its ends."""
    return "".join(p.text for p in pieces).strip()


def answer(wish: Wish, pieces: Sequence[Piece], heard: Heard) -> Response:
    """The complete answer in the format that was asked for."""
    if wish.format == "text":
        return PlainTextResponse(whole_text(pieces) + "\n")
    if wish.format == "srt":
        return PlainTextResponse(_subtitles(pieces, ","), media_type="application/x-subrip")
    if wish.format == "vtt":
        return PlainTextResponse("WEBVTT\n\n" + _subtitles(pieces, "."), media_type="text/vtt")
    body: dict[str, Any] = {"text": whole_text(pieces), "usage": _usage(heard)}
    if wish.format == "verbose_json":
        body |= {
            "task": wish.task,
            "language": heard.language,
            "duration": round(heard.duration_s, 3),
            "segments": [_segment(i, p) for i, p in enumerate(pieces)],
        }
        if wish.words:
            body["words"] = [
                {"word": w.text.strip(), "start": round(w.start_s, 3), "end": round(w.end_s, 3)}
                for p in pieces
                for w in p.words
            ]
    return JSONResponse(body)


def delta_event(piece: Piece, *, first: bool) -> bytes:
    """A server-sent event with a further piece of text."""
    text = piece.text.lstrip() if first else piece.text
    return _event({"type": "transcript.text.delta", "delta": text})


def done_event(pieces: Sequence[Piece], heard: Heard) -> bytes:
    """The last server-sent event: the whole text again."""
    return _event(
        {"type": "transcript.text.done", "text": whole_text(pieces), "usage": _usage(heard)}
    )


def _event(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()


def _usage(heard: Heard) -> dict[str, Any]:
    return {"type": "duration", "seconds": round(heard.duration_s, 3)}


def _segment(number: int, piece: Piece) -> dict[str, Any]:
    return {
        "id": number,
        "seek": 0,
        "start": round(piece.start_s, 3),
        "end": round(piece.end_s, 3),
        "text": piece.text,
        "tokens": list(piece.tokens),
        "temperature": piece.temperature,
        "avg_logprob": piece.avg_logprob,
        "compression_ratio": piece.compression_ratio,
        "no_speech_prob": piece.no_speech_prob,
    }


def _subtitles(pieces: Sequence[Piece], decimal: str) -> str:
    blocks = []
    for number, piece in enumerate(pieces, 1):
        times = f"{_clock(piece.start_s, decimal)} --> {_clock(piece.end_s, decimal)}"
        # WebVTT allows the number, SubRip demands it.
        blocks.append(f"{number}\n{times}\n{piece.text.strip()}\n")
    return "\n".join(blocks)


def _clock(seconds: float, decimal: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}{decimal}{milliseconds % 1000:03d}"
