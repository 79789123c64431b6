"""What the caller's camera or screen shows just now.

While a track is subscribed to, libwebrtc decodes it. Of its frames one in a second is taken over
and kept, the last one; it is made into a picture when a question is asked, and at no other time.
"""

import asyncio
from contextlib import suppress
from typing import cast

from livekit import rtc

from agent.pictures.reading import Picture, in_thread, read_frame
from agent.tasks import begin

_EACH_S = 1.0
"""How old the kept frame may be, seconds."""
_FIRST_S = 0.5
"""A question that is asked before the first frame is there waits for it so long, seconds."""
_PLACES = {rtc.TrackSource.SOURCE_SCREENSHARE: 2, rtc.TrackSource.SOURCE_CAMERA: 1}
"""The higher one is looked at."""
_QUARTER = 90
"""Degrees; a frame's rotation counts quarters, clockwise."""


class Lookout:
    """Looks at one track at a time. `run` must run for as long as anything is to be seen."""

    def __init__(self, *, longest_px: int) -> None:
        """Look at nothing yet; pictures have `longest_px` at most."""
        self._longest_px = longest_px
        self._publication: rtc.RemoteTrackPublication | None = None
        self._track: rtc.Track | None = None
        self._changed = asyncio.Event()
        self._seen = asyncio.Event()
        self._newest: rtc.VideoFrameEvent | None = None

    @property
    def looks(self) -> bool:
        """Whether it looks at anything."""
        return self._publication is not None

    @property
    def is_screen(self) -> bool:
        """Whether it is a screen that is looked at."""
        looked_at = self._publication
        return looked_at is not None and looked_at.source == rtc.TrackSource.SOURCE_SCREENSHARE

    def look_at(self, caller: rtc.RemoteParticipant | None) -> None:
        """Look at what this person shows, the screen before the camera; None: at nothing.

        To be called whenever their tracks have changed.
        """
        shown = list(caller.track_publications.values()) if caller is not None else []
        chosen = max(filter(_is_shown, shown), key=_place, default=None)
        if chosen is not self._publication:
            if self._publication is not None:
                self._publication.set_subscribed(False)
            self._publication = chosen
            if chosen is not None:
                chosen.set_subscribed(True)
        track = chosen.track if chosen is not None else None
        if track is not self._track:
            self._track, self._newest = track, None
            self._seen.clear()
            self._changed.set()

    async def picture(self) -> Picture | None:
        """What is seen now; None: nothing is."""
        if self._publication is None:
            return None
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_S):
                await self._seen.wait()
        if (seen := self._newest) is None:
            return None
        turn, longest_px = _QUARTER * cast(int, seen.rotation), self._longest_px
        return await in_thread(
            lambda: read_frame(seen.frame, clockwise=turn, longest_px=longest_px)
        )

    async def run(self) -> None:
        """Keep the newest frame until cancelled."""
        while True:
            self._changed.clear()
            looking = begin(self._look(self._track), name="look") if self._track else None
            try:
                await self._changed.wait()
            finally:
                if looking is not None:
                    looking.cancel()
                    await asyncio.wait({looking})

    async def _look(self, track: rtc.Track) -> None:
        while True:
            stream = rtc.VideoStream(track, capacity=1)
            try:
                async for event in stream:
                    self._newest = event
                    self._seen.set()
                    break
            finally:
                await stream.aclose()
            await asyncio.sleep(_EACH_S)


def _is_shown(publication: rtc.RemoteTrackPublication) -> bool:
    return publication.kind == rtc.TrackKind.KIND_VIDEO and not publication.muted


def _place(publication: rtc.RemoteTrackPublication) -> int:
    return _PLACES.get(publication.source, 0)
