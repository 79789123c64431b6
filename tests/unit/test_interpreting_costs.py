"""A room is told what it costs as that grows, on virtual time."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from agent.costs.meter import Meter, Place
from agent.costs.prices import Prices
from agent.interpreting.costs import RoomCosts
from tests.fakes import virtual_time


def test_a_room_is_told_what_it_costs_when_that_has_changed() -> None:
    told: list[tuple[float, str, dict[str, Any]]] = []

    async def room() -> None:
        meter = Meter()
        place = Place("translate", 1, "libretranslate", "libretranslate", hosted=False)
        engine = meter.of(place, SimpleNamespace(model="m", provider="near"))
        now = asyncio.get_running_loop().time
        costs = RoomCosts(meter, Prices())
        telling = asyncio.create_task(costs.tell(lambda *what: told.append((now(), *what))))
        began = now()
        for at in (25.0, 26.0, 57.0):
            await asyncio.sleep(began + at - now())
            with engine.begin() as request:
                request.used.characters, request.answered = 10, True
        await asyncio.sleep(60)
        telling.cancel()
        told[:] = [(at - began, *what) for at, *what in told]
        [line] = costs.over().lines
        assert line.used.characters == 30

    virtual_time.run(room())
    assert [at for at, *_ in told] == pytest.approx([30.0, 60.0])
    assert {topic for _, topic, _ in told} == {"rejoinder.cost"}
    assert [message["engines"][0]["used"]["requests"] for *_, message in told] == [2, 3]
