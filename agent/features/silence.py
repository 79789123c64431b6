"""A caller who says nothing: asked once whether they are there, then the call ends.

Who asks for a moment ("Hold on, please") is waited for longer, and gets no answer; on a line that
is held nothing is said at all. What LiveKit shows of a held telephone is a muted track, no more.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from livekit import rtc
from livekit.agents import AgentSession

from agent.call.features import Feature, Surroundings
from agent.telephone import STATUS, is_ringing, is_telephone
from agent.wording.waiting import asks_to_wait

_LOOK_S = 0.5


def feature(call: Surroundings) -> Feature:
    """For every call: who comes by telephone may follow somebody who does not."""
    return Silence(call)


class Silence(Feature):
    """Of one call. Time counts while nobody speaks, nothing works and nobody is put through."""

    def __init__(self, call: Surroundings) -> None:
        """Watch `call`."""
        self._call = call
        self._caller: rtc.RemoteParticipant | None = None
        self._by_telephone = self._rings = self._held = self._waits = self._asked = False
        self._language = ""
        self._since = 0.0
        """When it was quiet last that was not before."""

    # Who is there, and gives a sign.

    def began(self) -> None:
        """Telephones are held from now on."""
        self._call.room.on("track_muted", self._on_muted)
        self._call.room.on("track_unmuted", self._on_unmuted)

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """They have the time from here on."""
        self._caller = caller
        self._by_telephone, self._held = is_telephone(caller), False
        self._rings = is_ringing(caller.attributes)
        self._signed()

    def changed(self, caller: rtc.RemoteParticipant, attributes: Mapping[str, str]) -> None:
        """The call may have been taken."""
        if STATUS in attributes:
            self._rings = is_ringing(attributes)

    def left(self, identity: str) -> None:
        """Nobody is asked; how long they are waited for is said elsewhere."""
        self._caller = None

    def typed(self, text: str) -> None:
        """They are there."""
        self._signed()

    def key(self, key: str) -> None:
        """They are there."""
        self._signed()

    def turn(self, text: str, *, language: str) -> None:
        """They are there."""
        self._language = language
        self._signed()

    def takes(self, text: str) -> bool:
        """On a telephone, who asks for a moment gets it."""
        if self._by_telephone and asks_to_wait(text, self._language):
            self._waits = True
        return self._waits

    def _signed(self) -> None:
        self._waits = self._asked = False
        self._since = _now()

    def _on_muted(self, by: rtc.Participant, publication: rtc.TrackPublication) -> None:
        if self._is_line_of(by, publication):
            self._held = True
            with suppress(RuntimeError):  # the session may be closing
                self._call.session.interrupt(force=True)

    def _on_unmuted(self, by: rtc.Participant, publication: rtc.TrackPublication) -> None:
        if self._is_line_of(by, publication):
            self._held = False
            self._signed()

    def _is_line_of(self, by: rtc.Participant, publication: rtc.TrackPublication) -> bool:
        """Whether it is the sound of the telephone that is served: a page mutes its microphone."""
        served = self._caller is not None and by.identity == self._caller.identity
        return served and self._by_telephone and publication.kind == rtc.TrackKind.KIND_AUDIO

    # What comes of it.

    async def run(self) -> None:
        """Look twice in a second until the call is ended."""
        while True:
            await asyncio.sleep(_LOOK_S)
            limit_s = self._limit_s
            if self._caller is None or self._is_busy or not limit_s:
                self._since = _now()
            elif _now() - self._since < limit_s:
                continue
            elif self._asked:
                await self._call.part(self._call.cast.persona.farewell)
                return
            else:
                self._asked, self._waits = True, False
                with suppress(RuntimeError):  # the session may be closing
                    self._call.session.say(self._call.cast.persona.still_there)

    @property
    def _limit_s(self) -> float:
        """0: never."""
        if self._call.session.input.audio is None:
            return 0.0  # who writes is never silent
        phone = self._call.settings.phone
        if not self._by_telephone:
            return self._call.settings.agent.silence_s
        longer = self._waits and phone.silence_s
        return max(phone.hold_s, phone.silence_s) if longer else phone.silence_s

    @property
    def _is_busy(self) -> bool:
        quiet = self._rings or self._held or self._call.transferring()
        return quiet or _is_active(self._call.session)


def _is_active(session: AgentSession[None]) -> bool:
    """Whether somebody speaks, or a model or a tool works."""
    return (
        session.agent_state != "listening"
        or session.user_state == "speaking"
        or session.current_speech is not None
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
