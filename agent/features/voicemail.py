"""A call out that a voicemail takes: hung up, or left a message after the beep.

What is done with one is in the job's metadata; without that nobody looks for one
(`rejoinder phone call` tells it). The room is told by the attribute `rejoinder.answered_by`.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import numpy as np
from livekit import rtc

from agent.call.features import Feature, Surroundings
from agent.hearing.voicemail import Beep, Greeting
from agent.metadata import LeftMessage
from agent.room_protocol import ANSWERED_BY
from agent.telephone import STATUS, is_ringing, is_telephone

WATCH_S = 30.0
"""Who has been on the line for so long is a person, whatever sounds there."""
BEEP_S = 60.0
"""How long its beep is waited for; then the message is left all the same."""
_SILENT_S = 4.0
"""The same, once it says nothing more."""
_TOLD_S = 0.6
"""Who placed the call looks at the room four times in a second, and is to see what took it."""
_LOOK_S = 0.1


def feature(call: Surroundings) -> Feature | None:
    """For calls out, if something is to be done with a voicemail."""
    wish = call.metadata.voicemail
    if wish is None or wish == "talk":
        return None
    return Voicemail(call, wish.leave if isinstance(wish, LeftMessage) else "")


class Voicemail(Feature):
    """Of one call; nothing is heard before it was answered."""

    def __init__(self, call: Surroundings, message: str) -> None:
        """Leave `message`, or hang up if it is empty."""
        self._call = call
        self._message = message
        self._greeting, self._beep = Greeting(), Beep()
        self._until: float | None = None
        """When it is a person for sure; None: nobody has answered yet."""
        self._beeped = False
        self._spoke = 0.0
        """When something was said there last."""
        self._known = False

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """A telephone is in the room from its first ringing on."""
        if is_telephone(caller) and not is_ringing(caller.attributes):
            self._answered()

    def changed(self, caller: rtc.RemoteParticipant, attributes: Mapping[str, str]) -> None:
        """Now it may be answered."""
        if is_telephone(caller) and attributes.get(STATUS) == "active":
            self._answered()

    def takes(self, text: str) -> bool:
        """What a voicemail says is not answered."""
        return self._known

    def heard(self, frame: rtc.AudioFrame) -> None:
        """Listen for signs, and for the beep."""
        if self._until is None or (_now() > self._until and not self._known):
            return
        # A line's echo of the agent is no greeting: the session knows who speaks.
        speaks = self._call.session.user_state == "speaking"
        if speaks:
            self._spoke = _now()
        pcm = np.frombuffer(frame.data, np.int16)
        greets = self._greeting.hear(pcm, speaks=speaks)
        self._beeped |= self._beep.hear(pcm)
        if not self._known and (greets or self._beeped):
            self._known = True
            self._call.tasks.need(self._deal(), name="voicemail")

    def _answered(self) -> None:
        if self._until is None:
            self._until = _now() + WATCH_S

    async def _deal(self) -> None:
        call = self._call
        with suppress(RuntimeError):  # the session may be closing
            await call.session.interrupt(force=True)
        call.notices.announce({ANSWERED_BY: "voicemail"})
        if not self._message:
            await asyncio.sleep(_TOLD_S)
            call.end()
            return
        given_up = _now() + BEEP_S
        # The end of a tone, and silence, are no events that could be waited for.
        while self._listens(given_up):  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)
        await call.part(self._message)

    def _listens(self, until: float) -> bool:
        """Whether the message is to wait: the beep is awaited, or sounds."""
        if self._beeped:
            return self._beep.sounds
        return _now() < until and _now() - self._spoke < _SILENT_S


def _now() -> float:
    return asyncio.get_running_loop().time()
