"""The agent's side of the conversation: what it is doing, and how it gives way."""

import asyncio

import numpy as np
from livekit.agents import AgentSession
from numpy.typing import NDArray

from agent.hearing.echo import Match, match
from agent.playout.voice_track import VoiceTrack

_STUCK_S = 1.0
"""A stopped reply is gone within milliseconds; a track still held then is let go."""


class AgentFloor:
    """What `agent.turns.listener.Floor` asks for, by the session and the voice of a call."""

    def __init__(self, voice: VoiceTrack) -> None:
        """`take` connects it with the session before anything is heard."""
        self._voice = voice
        self._session: AgentSession[None] | None = None

    def take(self, session: AgentSession[None]) -> None:
        """Move this session's replies."""
        self._session = session

    @property
    def playing(self) -> bool:
        """Whether a reply is heard, or held."""
        return self._voice.playing

    @property
    def busy(self) -> bool:
        """Whether a reply is decided and not over."""
        speech = self._session.current_speech if self._session is not None else None
        return speech is not None and not speech.interrupted

    def match_played(self, heard: NDArray[np.int16]) -> Match:
        """What the agent has said that is most like what the caller's track holds; 16 kHz mono."""
        return match(heard, self._voice.lately(), self._voice.rate_hz)

    def hold(self) -> None:
        """Stop the play-out where it is."""
        self._voice.hold()

    def go_on(self) -> None:
        """Go on where it was held."""
        self._voice.go_on()

    def stop(self) -> asyncio.Future[None] | None:
        """End the reply and all work on it; its requests are cancelled at their servers.

        Returns:
            What is done when the history has what was heard of the reply; None: there was none.
        """
        if self._session is None or not self.busy:
            self._voice.go_on()
            return None
        stopped = self._session.interrupt(force=True)
        if not self._voice.pending:
            self._voice.go_on()  # nothing of it was there yet
        elif self._voice.held:
            asyncio.get_running_loop().call_later(_STUCK_S, self._let_go, self._voice.holds)
        return stopped

    def _let_go(self, hold: int) -> None:
        if self._voice.holds == hold:
            self._voice.go_on()
