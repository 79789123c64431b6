"""How long a room is watched: virtual time, a livekit-server with nobody in its rooms."""

import asyncio

import pytest
from livekit import api

from rejoinder.web import dispatch
from rejoinder.web.dispatch import DispatchWatch
from tests.fakes import virtual_time


class Empty:
    """An API whose rooms nobody is in."""

    def __init__(self) -> None:
        self.room = self

    async def list_participants(
        self, request: api.ListParticipantsRequest
    ) -> api.ListParticipantsResponse:
        return api.ListParticipantsResponse()


def test_another_token_prolongs_the_watch_of_a_room_that_nobody_has_joined_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scene() -> None:
        monkeypatch.setattr(dispatch, "monotonic", asyncio.get_running_loop().time)
        watch = DispatchWatch(
            Empty(),  # type: ignore[arg-type]  # the one route that is asked for
            agent_name="",
            wait_s=6.0,
            token_ttl_s=60.0,
        )
        await watch.start()
        watch.watch("room")
        await asyncio.sleep(50)
        watch.watch("room")
        await asyncio.sleep(50)
        assert watch.state("room") is not None
        await asyncio.sleep(20)
        assert watch.state("room") is None
        await watch.aclose()

    virtual_time.run(scene())
