"""Captions in the room: one text stream per version of a segment, as clients of LiveKit expect.

docs/room-protocol.md says what they carry. A version that was not sent before the next one of its
segment came is left out; a final one is not.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from livekit import rtc

from agent.room_protocol import (
    CAPTION,
    CAPTION_OF,
    FINAL,
    LANGUAGE,
    SEGMENT,
    TOPIC_CAPTIONS,
    TRACK,
    UNTRANSLATED,
)
from agent.tasks import CallTasks, fault, undivided

logger = logging.getLogger(__name__)

_SEND_S = 5.0
MOST_WAITING = 400
"""Captions that wait for a room that takes none; then the oldest that is not final goes, and if all
are final the oldest of them: a room that took nothing for so long is lost."""


@dataclass(frozen=True, slots=True)
class Caption:
    """One version of a segment."""

    segment: str
    text: str = field(repr=False)
    speaker: str = field(repr=False)
    """Identity of who spoke."""
    track: str
    """Sid of their track."""
    language: str
    kind: Literal["original", "translation"]
    final: bool
    of: str = ""
    """Segment of the original that it is a translation of."""
    untranslated: bool = False
    """Whether it is the original in a translation's place: there is none."""


class Captions:
    """Sends them one after the other. `run` must run for as long as the job does."""

    def __init__(
        self,
        room: rtc.Room,
        tasks: CallTasks,
        *,
        shown: Callable[[Caption], None] = lambda caption: None,
    ) -> None:
        """Send to everybody in `room`; one that cannot be sent is counted in `tasks`.

        `shown` is given each version that the room has taken.
        """
        self._room = room
        self._tasks = tasks
        self._shown = shown
        self._waiting: dict[str, Caption] = {}
        self._some = asyncio.Event()

    def show(self, caption: Caption) -> None:
        """Send it when those before it were sent."""
        before = self._waiting.get(caption.segment)
        if before is not None and before.final and not caption.final:
            return
        if len(self._waiting) >= MOST_WAITING and before is None:
            self._leave_out_one()
        self._waiting[caption.segment] = caption
        self._some.set()

    def _leave_out_one(self) -> None:
        passing = (segment for segment, caption in self._waiting.items() if not caption.final)
        segment = next(passing, None)
        if segment is None:
            segment = next(iter(self._waiting))
            self._tasks.uninformed += 1
        del self._waiting[segment]

    async def run(self) -> None:
        """Send what is to be shown, until cancelled."""
        while True:
            await self._some.wait()
            self._some.clear()
            while self._waiting:
                # One after the other: a stream that is begun later may else arrive earlier.
                await self._try(self._waiting.pop(next(iter(self._waiting))))

    async def _try(self, caption: Caption) -> None:
        try:
            async with asyncio.timeout(_SEND_S):
                await undivided(self._send(caption), name="send-caption")
        except Exception as error:  # noqa: BLE001 - what only informs never ends a job
            self._tasks.uninformed += 1
            logger.info("a caption was not sent", extra=fault(error))
        else:
            self._shown(caption)

    async def _send(self, caption: Caption) -> None:
        attributes = {
            SEGMENT: caption.segment,
            TRACK: caption.track,
            FINAL: str(caption.final).lower(),
            LANGUAGE: caption.language,
            CAPTION: caption.kind,
        }
        if caption.of:
            attributes[CAPTION_OF] = caption.of
        if caption.untranslated:
            attributes[UNTRANSLATED] = "true"
        writer = await self._room.local_participant.stream_text(
            topic=TOPIC_CAPTIONS, sender_identity=caption.speaker, attributes=attributes
        )
        await writer.write(caption.text)
        await writer.aclose()
