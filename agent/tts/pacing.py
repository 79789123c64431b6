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
        return PacedStream(sent_stream, audio_emitter.pushed_duration, self._track)


class PacedStream(tokenize.SentenceStream):
    """The pieces of `source`, each when it is time to speak it. Its reader makes the audio."""

    def __init__(
        self, source: tokenize.SentenceStream, made_s: Callable[[], float], track: Track
    ) -> None:
        """`made_s`: audio made of the pieces read so far, seconds."""
        super().__init__()
        self._source = source
        self._made_s = made_s
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
        piece = await self._source.__anext__()
        # The place in the audio is no event that could be waited for.
        while self._is_far_ahead():  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)
        return piece

    def _is_far_ahead(self) -> bool:
        captured_s = self._track.captured_s - self._captured_before_s
        if captured_s <= 0:
            return self._made_s() > _EARLY_S
        # What the framework has not handed over yet, and what the track has not played.
        return max(0.0, self._made_s() - captured_s) + self._track.unheard_s > _AHEAD_S
