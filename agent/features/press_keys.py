"""The tool `press_keys`: keys of a telephone, for menus that want one pressed."""

import asyncio
from collections.abc import Sequence

from livekit import rtc
from livekit.agents import StopResponse, llm

from agent.call.features import Feature, Surroundings
from agent.tasks import undivided
from agent.telephone import is_telephone

PRESS = "press_keys"
MOST_KEYS = 24
"""Pauses count too."""
CODES = {key: code for code, key in enumerate("0123456789*#ABCD")}
"""As RFC 4733 numbers them."""

_PAUSE = frozenset("w,")
_PAUSE_S = 0.5
_BETWEEN_S = 0.3
"""From one key to the next, seconds: a key sounds for a quarter of one."""
_WRONG = (
    f"The keys must be 1 to {MOST_KEYS} of 0-9, *, #, A-D, and w or a comma for half a second's "
    "pause."
)


class PressKeys(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings) -> None:
        """Press keys for who is served in `call`."""
        self._call = call
        self._by_telephone = False

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """Only a telephone has keys."""
        before, self._by_telephone = self._by_telephone, is_telephone(caller)
        if before is not self._by_telephone:
            self._call.tools_changed()

    def tools(self) -> Sequence[llm.Tool]:
        """The one tool, with a telephone."""
        if not self._by_telephone:
            return ()
        return (llm.function_tool(self._press, name=PRESS),)

    async def _press(self, keys: str) -> None:
        """Press keys of the telephone, when a menu or a machine at the other end asks for them.

        Say nothing with it; what is said at the other end comes next.

        Args:
            keys: such as "1" or "4711#"; a "w" or a comma waits for half a second.
        """
        wanted = "".join(keys.split()).upper().replace("W", "w")
        if not 1 <= len(wanted) <= MOST_KEYS or not set(wanted) <= CODES.keys() | _PAUSE:
            raise llm.ToolError(_WRONG)
        if not self._by_telephone:
            raise llm.ToolError("There is no telephone at the other end.")
        for key in wanted:
            if key in _PAUSE:
                await asyncio.sleep(_PAUSE_S)
                continue
            sending = self._call.room.local_participant.publish_dtmf(code=CODES[key], digit=key)
            await undivided(sending, name="press-key")
            await asyncio.sleep(_BETWEEN_S)
        # Who talks over a menu hears none of it.
        raise StopResponse


def feature(call: Surroundings) -> Feature:
    """Press keys for the caller of `call`."""
    return PressKeys(call)
