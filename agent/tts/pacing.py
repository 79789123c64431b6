"""Keeps the voice's engine a few seconds ahead of what is heard, and no more.

A reply of a minute would otherwise be spoken whole before its first sentence is over: paid for
and thrown away at a barge-in, and, with a local voice, in the way of the recogniser, which has
to decide in that moment whether the turn is over. livekit-agents' own pacer looks twice a
second and does not know when the reply begins to sound: too coarse for first clauses.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from livekit.agents import tokenize
from livekit.agents.tts import SentenceStreamPacer
from livekit.agents.tts.tts import AudioEmitter
from livekit.agents.types import TimedString

_EARLY_S = 1.2
"""Audio made before the reply may sound: the turn may go on."""
_AHEAD_S = 3.0
"""Audio made before it is heard: what an engine may take for its next piece."""
_LOOK_S = 0.04


class Track(Protocol):
    """The agent's track, as the pacer sees it."""

    @property
    def captured_s(self) -> float:
        """Audio handed to the track since the call began, seconds."""

    @property
    def unheard_s(self) -> float:
        """How much of it is still to be played, seconds."""


class Emitter(Protocol):
    """Where the audio of a reply goes, as the pacer sees it."""

    def pushed_duration(self) -> float:
        """Audio made of the reply so far, seconds."""

    def push_timed_transcript(self, delta_text: TimedString) -> None:
        """Send a text along with the next frame."""


class Progress(TimedString):
    """How much of a reply's audio is made of whole pieces.

    It travels as an empty text with the reply's first frame, so that who plays the reply has it
    too: the same object, which tells what is true when it is read.
    """

    _made_s: Callable[[], float]
    _before_s: float | None

    def __new__(cls, made_s: Callable[[], float]) -> "Progress":
        """`made_s`: audio made of the reply so far, seconds."""
        progress = super().__new__(cls, "")
        assert isinstance(progress, Progress)
        progress._made_s, progress._before_s = made_s, None
        return progress

    @property
    def whole_s(self) -> float:
        """Where the last piece ends whose audio is complete, seconds from the reply's start."""
        return self._made_s() if self._before_s is None else self._before_s

    def piece_begins(self) -> None:
        """What is made from now on belongs to a piece that is not complete."""
        self._before_s = self._made_s()

    def piece_ended(self) -> None:
        """All that is made is complete."""
        self._before_s = None


class Pacer(SentenceStreamPacer):
    """For `tts.StreamAdapter`; one per call."""

    def __init__(self, track: Track) -> None:
        """Pace by what `track` still has to play."""
        super().__init__()
        self._track = track

    def wrap(  # type: ignore[override]
        self, sent_stream: tokenize.SentenceStream, audio_emitter: AudioEmitter
    ) -> "PacedStream":
        """Pace the pieces of one reply by the audio that was made of them."""
        return PacedStream(sent_stream, audio_emitter, self._track)


class PacedStream(tokenize.SentenceStream):
    """The pieces of `source`, each when it is time to speak it. Its reader makes the audio."""

    def __init__(self, source: tokenize.SentenceStream, emitter: Emitter, track: Track) -> None:
        """`emitter` takes the audio of the pieces read so far."""
        super().__init__()
        self._source = source
        self._emitter = emitter
        self._progress = Progress(emitter.pushed_duration)
        self._announced = False
        self._track = track
        self._captured_before_s = track.captured_s

    def push_text(self, text: str) -> None:
        """Take in text."""
        self._source.push_text(text)

    def flush(self) -> None:
        """Emit what was held back."""
        self._source.flush()

    def end_input(self) -> None:
        """Emit the rest; the stream ends after it."""
        self._source.end_input()

    async def aclose(self) -> None:
        """End the stream."""
        await self._source.aclose()

    async def __anext__(self) -> tokenize.TokenData:
        """Return the next piece once little enough audio is waiting to be heard."""
        self._progress.piece_ended()
        # The emitter counts what it was given in a task of its own.
        await asyncio.sleep(0)
        piece = await self._source.__anext__()
        # The place in the audio is no event that could be waited for.
        while self._is_far_ahead():  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)
        self._progress.piece_begins()
        if not self._announced:
            self._announced = True
            self._emitter.push_timed_transcript(self._progress)
        return piece

    def _is_far_ahead(self) -> bool:
        captured_s = self._track.captured_s - self._captured_before_s
        if captured_s <= 0:
            return self._emitter.pushed_duration() > _EARLY_S
        # What the framework has not handed over yet, and what the track has not played.
        made_s = self._emitter.pushed_duration()
        return max(0.0, made_s - captured_s) + self._track.unheard_s > _AHEAD_S
