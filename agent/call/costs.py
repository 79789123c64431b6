"""What a call costs: told to the page after each reply, at the end to log and recording too."""

import logging
from collections.abc import Callable
from typing import Any

from livekit.agents import AgentSession, SpeechCreatedEvent
from livekit.agents.voice import SpeechHandle

from agent.call.features import Feature
from agent.costs.bill import Bill, bill_of
from agent.costs.meter import Meter
from agent.costs.prices import Prices
from agent.costs.purpose import PURPOSE
from agent.room_protocol import TOPIC_COST

logger = logging.getLogger(__name__)


class Costs(Feature):
    """Of one call. docs/room-protocol.md has the message, docs/costs.md what it is made of."""

    def __init__(
        self,
        session: AgentSession[None],
        meter: Meter,
        prices: Prices,
        *,
        publish: Callable[[str, dict[str, Any]], None] | None,
        keep: Callable[[Bill], None] = lambda bill: None,
    ) -> None:
        """Sum what `meter` counts from now on by `prices`.

        `publish` sends a message to the room, by topic; without it the room is told nothing.
        `keep` is given the last bill.
        """
        self._meter = meter
        self._prices = prices
        self._publish = publish
        self._keep = keep
        meter.restart()
        session.on("speech_created", self._on_created)

    def reply(self, text: str, *, interrupted: bool) -> None:
        """A reply is over: what the call has cost so far."""
        self._tell(bill_of(self._meter, self._prices))

    def gone(self) -> None:
        """The call is over: what it has cost."""
        bill = bill_of(self._meter, self._prices, final=True)
        self._keep(bill)
        self._tell(bill)
        logger.info("what the call cost", extra=bill.as_log())

    def _tell(self, bill: Bill) -> None:
        if self._publish is not None:
            self._publish(TOPIC_COST, bill.as_json())

    def _on_created(self, event: SpeechCreatedEvent) -> None:
        # The framework tells of a reply before it begins its tasks, which take this along.
        PURPOSE.set(_Reply(event.speech_handle))


class _Reply:
    """What the model and the voice are asked for: of use once a turn has taken it up."""

    def __init__(self, handle: SpeechHandle) -> None:
        self._handle = handle

    @property
    def kept(self) -> bool | None:
        if self._handle.scheduled:
            return True
        return False if self._handle.interrupted or self._handle.done() else None
