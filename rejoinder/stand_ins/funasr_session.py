"""One connection to the FunASR stand-in: what it was told, has heard and has said."""

import asyncio
from dataclasses import dataclass, field
from typing import Any, Literal

Word = tuple[str, float]
"""A word, and where it ends, seconds from the audio's beginning."""
Outcome = Literal["open", "closed"]


@dataclass
class Session:
    """One connection, from the server's side."""

    hello: dict[str, Any] = field(default_factory=dict)
    """What it was configured with."""
    orders: list[str] = field(default_factory=list)
    """All text messages of the client."""
    frames: int = 0
    """Messages with audio that were taken in."""
    audio_s: float = 0.0
    """Audio that was taken in."""
    stray_s: float = 0.0
    """Audio that came while nobody spoke, by the client's own words."""
    ended: int = 0
    """Utterances that the client has ended."""
    finals_at: list[int] = field(default_factory=list)
    """`frames` as each final result went out."""
    outcome: Outcome = "open"
    pieces: list[bytes] = field(default_factory=list)
    begins_s: float = 0.0
    """Audio before that of `pieces`."""
    clock_s: float = 0.0
    """Where the server counts times from."""
    told: int = 0
    """Words told as increments or final."""
    done: int = 0
    """Words told as final ones."""
    words: list[Word] = field(default_factory=list)
    outbox: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    speaking: bool = True
    deaf: bool = False
    """Whether it has been told something that it does not survive."""
    finishing: bool = False
    epoch: int = 0
    """How often it was to forget."""
    sentences: list[dict[str, Any]] = field(default_factory=list)
    """Fun-ASR-Nano: what was said since START."""

    @property
    def rate_hz(self) -> int:
        """Of the audio that comes."""
        return int(self.hello.get("audio_fs", 16000))

    def forget(self) -> None:
        """What was said until now is over."""
        self.pieces, self.words = [], []
        self.told = self.done = 0
        self.finishing = False
        self.begins_s = self.audio_s
        self.epoch += 1
