"""What a page is told of a call: the engines, where answers were found, where the time went."""

import json
import logging
from collections.abc import Callable, Mapping

from livekit import rtc

from agent.call.features import Answer, Feature
from agent.call.latencies import Latencies
from agent.call.notices import Notices
from agent.call.parts import Parts
from agent.call.sources import Sources
from agent.call.timeline import Timeline, TurnReport
from agent.room_protocol import GET_LATENCY, TOPIC_SOURCE, TOPIC_TURN

logger = logging.getLogger(__name__)


class Reports(Feature):
    """Of one call: docs/room-protocol.md has the messages."""

    def __init__(
        self,
        notices: Notices,
        parts: Parts,
        sources: Sources,
        *,
        answered: Callable[[TurnReport], None] = lambda report: None,
    ) -> None:
        """Send by `notices`; `parts` say which engines serve, `sources` where answers are from.

        `answered` is told of each turn that was.
        """
        self.timeline = Timeline()
        """Where the time of the turn in progress goes."""
        self._notices = notices
        self._parts = parts
        self._answered = answered
        self._sources = sources
        self._latencies = Latencies()

    def methods(self) -> Mapping[str, Answer]:
        """For a client that has not listened to each turn."""
        return {GET_LATENCY: self._latency}

    def announce(self) -> None:
        """Name the engines; some learn their model's name with their first answer."""
        self._notices.announce(self._parts.labels())

    def typed(self, text: str) -> None:
        """A turn without `end_of_turn` and `stt`."""
        self.timeline.typed()

    def speaking(self) -> None:
        """Tell the sources with the first sample, and who has answered.

        Not at its end: LiveKit's React components 2.9.20 lose the agent's state with an attribute
        that changes after it, and find it again when it listens.
        """
        self.timeline.reply_began()
        self.announce()
        if message := self._sources.take():
            self._notices.publish(TOPIC_SOURCE, message)

    def reply(self, text: str, *, interrupted: bool) -> None:
        """Tell where the time of an answered turn went."""
        report = self.timeline.reply_ended(interrupted=interrupted)
        if report is not None:
            self._notices.publish(TOPIC_TURN, report.as_json())
            self._latencies.add(report)
            self._answered(report)
            logger.info("turn answered", extra=report.as_log())

    async def _latency(self, call: rtc.RpcInvocationData) -> str:
        return json.dumps(self._latencies.as_json())
