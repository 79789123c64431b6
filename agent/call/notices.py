"""What the room is told besides voice and captions: notices, and an apology for the ear."""

import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Literal

from livekit import rtc
from livekit.agents import AgentSession, tts

from agent.personas.cast import Cast
from agent.room_messages import RoomMessages
from agent.settings.engines import CallStage
from agent.tasks import CallTasks, fault
from agent.wording.lexicon.entry import Fault

logger = logging.getLogger(__name__)


_APOLOGY_PAUSE_S = 6.0
"""Least time between two apologies for the same stage, seconds: a dead engine is not
announced on every breath."""


class Notices:
    """Tells the room of one call. Nothing here waits, and nothing here can end the call."""

    def __init__(
        self,
        room: rtc.Room,
        tasks: CallTasks,
        session: AgentSession[None],
        cast: Cast,
        *,
        spare: tts.TTS[Any],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Send to `room` as tasks of `tasks`; apologise as who speaks in `cast`.

        The voice is that of `session`; that this one has failed is said by `spare`.
        """
        self._tasks = tasks
        self._messages = RoomMessages(room, tasks)
        self._session = session
        self._cast = cast
        self._spare = spare
        self._clock = clock
        self._apologised: dict[Fault, float] = {}
        self._replaced_at = -_APOLOGY_PAUSE_S
        self._stood_in: set[CallStage] = set()

    def publish(self, topic: str, message: dict[str, Any], *, to: Sequence[str] = ()) -> None:
        """Send one JSON object to some identities in the room, or to everybody."""
        self._messages.publish(topic, message, to=to)

    def notice(
        self,
        text: str,
        *,
        stage: Fault,
        level: Literal["info", "error"],
        to: Sequence[str] = (),
    ) -> None:
        """Show people something; docs/room-protocol.md."""
        self._messages.notice(text, stage=stage, level=level, to=to)

    def announce(self, labels: dict[str, str]) -> None:
        """Set participant attributes, if they are other ones than before."""
        self._messages.announce(labels)

    def apology(self, stage: Fault) -> str:
        """What is said when a stage fails."""
        return self._cast.persona.apologies[stage]

    def apologise(self, stage: Fault, error: BaseException) -> None:
        """Tell the page at once, and the caller's ear unless it was told just now."""
        text = self.apology(stage)
        logger.warning("a stage failed", extra={"stage": stage, **fault(error)})
        self.notice(text, stage=stage, level="error")
        now = self._clock()
        if now - self._apologised.get(stage, now - _APOLOGY_PAUSE_S) < _APOLOGY_PAUSE_S:
            return
        self._apologised[stage] = now
        self._tasks.inform(self._say(stage, text), name=f"apology-{stage}")

    def voice_replaced(self) -> None:
        """Tell the page why another voice speaks; the ear hears that it does."""
        now = self._clock()
        if now - self._replaced_at >= _APOLOGY_PAUSE_S:
            self.notice(self._cast.persona.spare_notice, stage="tts", level="info")
        self._replaced_at = now

    def engine_changed(self, stage: CallStage, first: bool) -> None:
        """Tell the page, once for each stage, that another engine than the first one answers."""
        if not first and stage not in self._stood_in:
            self._stood_in.add(stage)
            self.notice(self._cast.persona.stand_by_notice, stage=stage, level="info")

    async def _say(self, stage: Fault, text: str) -> None:
        if stage == "tts":
            # The engine that failed cannot say so.
            self._session.say(text, audio=self._spoken_by_spare(text), add_to_chat_ctx=False)
        else:
            self._session.say(text, add_to_chat_ctx=False)

    async def _spoken_by_spare(self, text: str) -> AsyncIterator[rtc.AudioFrame]:
        async with self._spare.synthesize(text) as stream:
            async for audio in stream:
                yield audio.frame
