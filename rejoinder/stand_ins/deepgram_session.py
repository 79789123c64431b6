"""One connection to the Deepgram stand-in, and the messages that are said on it."""

import asyncio
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Word = tuple[str, float, float]
"""A word, where it begins and where it ends, seconds from the connection's first sample."""
_SIGNS = ".,?!"


@dataclass
class Session:
    """One connection, from the server's side."""

    query: dict[str, str]
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    audio_s: float = 0.0
    """Audio that was taken in."""
    keep_alives: int = 0
    finalized: int = 0
    """How often the client has asked for all words."""
    outcome: Literal["open", "closed"] = "open"
    """Closed: the client has taken in all that was said."""
    pieces: list[bytes] = field(default_factory=list)
    begins_s: float = 0.0
    """Audio before that of `pieces`."""
    kept: list[Word] = field(default_factory=list)
    """Words of the audio before."""
    words: list[Word] = field(default_factory=list)
    told: int = 0
    """Words told at all."""
    done: int = 0
    """Words told as final ones."""
    outbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    finishing: bool = False
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def is_over(self, silence_s: float, *, unbegun_s: float) -> bool:
        """Whether it is silent for so long after an utterance, or for so long without one."""
        begun = self.words[len(self.kept) :]
        if not begun:
            return self.audio_s - self.begins_s > unbegun_s
        return self.audio_s - begun[-1][2] > silence_s

    def forget(self) -> None:
        """What was said until now is over; its words stay."""
        self.kept, self.pieces, self.begins_s = self.words, [], self.audio_s

    @property
    def rate_hz(self) -> int:
        """Samples per second."""
        return int(self.query.get("sample_rate", 16000))

    @property
    def endpoint_s(self) -> float | None:
        """Silence after which words become final."""
        value = self.query.get("endpointing", "10")
        return int(value) / 1000 if value.isdigit() else None


def results(
    session: Session,
    words: Sequence[Word],
    *,
    final: bool = False,
    speech_final: bool = False,
    from_finalize: bool = False,
) -> str:
    """Words of a segment so far."""
    begins = words[0][1] if words else session.audio_s
    message = {
        "type": "Results",
        "channel_index": [0, 1],
        "start": begins,
        "duration": (words[-1][2] if words else begins) - begins,
        "is_final": final,
        "speech_final": speech_final,
        "from_finalize": from_finalize,
        "channel": {"alternatives": [alternative(words)]},
        "metadata": {
            "request_id": session.request_id,
            "model_info": {"name": session.query.get("model", ""), "version": "0", "arch": "0"},
            "model_uuid": "00000000-0000-0000-0000-000000000000",
        },
    }
    return json.dumps(message)


def speech_started(begins_s: float) -> str:
    """Somebody has begun to speak."""
    return json.dumps({"type": "SpeechStarted", "channel": [0, 1], "timestamp": begins_s})


def summary(session: Session) -> str:
    """The last message."""
    return json.dumps(
        {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": session.request_id,
            "sha256": "0" * 64,
            "created": "2026-01-01T00:00:00.000Z",
            "duration": session.audio_s,
            "channels": 1,
        }
    )


def alternative(words: Sequence[Word]) -> dict[str, Any]:
    """What words a result has, of a connection and of a recording."""
    return {
        "transcript": " ".join(word for word, _, _ in words),
        "confidence": 0.99 if words else 0.0,
        "words": [
            {
                "word": word.strip(_SIGNS).lower(),
                "start": round(start, 3),
                "end": round(end, 3),
                "confidence": 0.99,
                "punctuated_word": word,
            }
            for word, start, end in words
        ],
    }
