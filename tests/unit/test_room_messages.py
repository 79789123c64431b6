"""Attributes of the agent: what the room has in the end, on virtual time."""

import asyncio

from agent.room_messages import RoomMessages
from agent.tasks import CallTasks
from tests.fakes import virtual_time


class Room:
    """Takes requests in the order in which they are done, not in that in which they came."""

    def __init__(self, *takes_s: float) -> None:
        self.local_participant = self
        self.there: dict[str, str] = {}
        self._takes_s = list(takes_s)

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        await asyncio.sleep(self._takes_s.pop(0))
        if not self._takes_s:
            self._takes_s = [0.0]
        self.there |= attributes


def announced(room: Room, *labels: dict[str, str], every_s: float = 0.0) -> None:
    async def scene() -> None:
        async with CallTasks() as tasks:
            messages = RoomMessages(room, tasks)  # type: ignore[arg-type]
            for one in labels:
                messages.announce(one)
                await asyncio.sleep(every_s)
            await asyncio.sleep(20)

    virtual_time.run(scene())


def test_the_last_value_is_there_though_the_first_took_longer() -> None:
    room = Room(2.0, 0.1)
    announced(room, {"memory": "", "mode": "talk"}, {"memory": "ask"})
    assert room.there == {"memory": "ask", "mode": "talk"}


def test_what_the_room_did_not_take_goes_with_what_is_announced_next() -> None:
    room = Room(60.0, 0.1)
    announced(room, {"memory": "ask"}, {"sees": "true"}, every_s=10)
    assert room.there == {"memory": "ask", "sees": "true"}
