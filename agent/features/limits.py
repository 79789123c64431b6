"""Ends a call that has become too long or too dear for the persona that leads it."""

import asyncio

from livekit import rtc

from agent.call.features import Feature, Surroundings

_LOOK_S = 1.0


def feature(call: Surroundings) -> Feature:
    """For every call: another persona may have limits."""
    return CallLimits(call)


class CallLimits(Feature):
    """Counts from when the first caller is there; who is on the line hears why it ends."""

    def __init__(self, call: Surroundings) -> None:
        """Watch `call`."""
        self._call = call
        self._began: float | None = None

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """The time begins."""
        if self._began is None:
            self._began = asyncio.get_running_loop().time()

    async def run(self) -> None:
        """Look once in a second until a limit is reached."""
        # What a call costs is no event that could be waited for.
        while not self._reached():  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_S)
        await self._call.part(self._call.cast.persona.farewell)

    def _reached(self) -> bool:
        limits = self._call.cast.persona.limits
        return self._too_long(limits.minutes) or self._too_dear(limits.cost)

    def _too_long(self, minutes: float | None) -> bool:
        if minutes is None or self._began is None:
            return False
        return asyncio.get_running_loop().time() - self._began >= minutes * 60

    def _too_dear(self, most: float | None) -> bool:
        return most is not None and any(cost >= most for cost, _ in self._call.bill().sums.values())
