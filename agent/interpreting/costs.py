"""What a captioned or interpreted room costs: told to the room, and at the end to the log."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from agent.costs.bill import Bill, bill_of
from agent.costs.meter import Meter
from agent.costs.prices import Prices
from agent.room_protocol import TOPIC_COST

logger = logging.getLogger(__name__)

_EVERY_S = 10.0
"""A room is asked about all the time: there is no reply after which it could be told."""


class RoomCosts:
    """Of one job."""

    def __init__(self, meter: Meter, prices: Prices) -> None:
        """Sum what `meter` counts from now on by `prices`."""
        self._meter = meter
        self._prices = prices
        meter.restart()

    async def tell(self, publish: Callable[[str, dict[str, Any]], None]) -> None:
        """Tell the room every 10 s what it costs, if that has changed, until cancelled.

        `publish` sends a message by its topic, and returns at once.
        """
        told: dict[str, Any] = {}
        while True:
            await asyncio.sleep(_EVERY_S)
            message = bill_of(self._meter, self._prices).as_json()
            if message["engines"] and message != told:
                told = message
                publish(TOPIC_COST, message)

    def over(self) -> Bill:
        """The job is over: log what it has cost, and return it."""
        bill = bill_of(self._meter, self._prices, final=True)
        logger.info("what the job cost", extra=bill.as_log())
        return bill
