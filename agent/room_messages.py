"""Messages and attributes for the people in a room, and their programs."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from livekit import rtc

from agent.room_protocol import TOPIC_NOTICE
from agent.tasks import CallTasks, undivided


class RoomMessages:
    """Of one job. Nothing here waits, and nothing here can end it."""

    def __init__(
        self,
        room: rtc.Room,
        tasks: CallTasks,
        *,
        noticed: Callable[[str, str, Sequence[str]], None] = lambda text, level, to: None,
    ) -> None:
        """Send to `room` as tasks of `tasks`, which counts what could not be sent.

        `noticed` is given the text and level of each notice, and to whom it goes.
        """
        self._room = room
        self._tasks = tasks
        self._noticed = noticed
        self._labels: dict[str, str] = {}
        self._unset: dict[str, str] = {}
        """Of these, what the room does not have yet."""
        self._setting = asyncio.Lock()

    def publish(self, topic: str, message: dict[str, Any], *, to: Sequence[str] = ()) -> None:
        """Send one JSON object to some identities in the room, or to everybody."""
        self._tasks.inform(self._send(topic, json.dumps(message), to), name=f"publish-{topic}")

    def notice(
        self,
        text: str,
        *,
        stage: str,
        level: Literal["info", "error"],
        to: Sequence[str] = (),
    ) -> None:
        """Show people something; docs/room-protocol.md."""
        self._tasks.inform(
            self.send_notice(text, stage=stage, level=level, to=to), name=f"publish-{TOPIC_NOTICE}"
        )

    async def send_notice(
        self,
        text: str,
        *,
        stage: str,
        level: Literal["info", "error"],
        to: Sequence[str] = (),
    ) -> None:
        """The same, done when the room has taken it.

        Raises what LiveKit's client does.
        """
        self._noticed(text, level, to)
        message = {"level": level, "stage": stage, "text": text}
        await self._send(TOPIC_NOTICE, json.dumps(message), to)

    def announce(self, labels: Mapping[str, str]) -> None:
        """Set participant attributes, if they are other ones than before.

        The room has the last value of each in the end, whatever the order in which LiveKit's client
        sends requests that are made at once.
        """
        changed = {name: text for name, text in labels.items() if self._labels.get(name) != text}
        if changed:
            self._labels |= changed
            self._unset |= changed
            self._tasks.inform(self._set(), name="announce")

    async def _send(self, topic: str, text: str, to: Sequence[str]) -> None:
        sending = self._room.local_participant.send_text(
            text, topic=topic, destination_identities=list(to) or None
        )
        await undivided(sending, name=f"send-{topic}")

    async def _set(self) -> None:
        async with self._setting:
            labels, self._unset = self._unset, {}
            if not labels:
                return
            setting = self._room.local_participant.set_attributes(labels)
            try:
                await undivided(setting, name="set-labels")
            except BaseException:
                # The next announcement takes them along.
                self._unset = labels | self._unset
                raise
