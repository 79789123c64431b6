"""What a call is made of besides its ways in and out, connected once for all of them.

A call that is spoken (`agent.call.call`) and one that is written (`agent.call.written`) have the
same agent, features, notices, failures and changes of persona.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, llm, tts

from agent.call.conversation import Conversation
from agent.call.costs import Costs
from agent.call.failures import Failures
from agent.call.features import Features, Surroundings, load_features
from agent.call.happenings import Happenings
from agent.call.notices import Notices
from agent.call.parts import Parts
from agent.call.persona_changes import PersonaChanges
from agent.call.presence import Serve, Served
from agent.call.recorded import Recorded
from agent.call.refer import Refer
from agent.call.reply import CallAgent
from agent.call.reports import Reports
from agent.call.session import limits_of
from agent.call.sources import Sources
from agent.call.tool_use import ToolUse
from agent.call.transfers import Transfers
from agent.costs.bill import bill_of
from agent.metadata import JobMetadata
from agent.personas.cast import Cast
from agent.settings.load import Settings
from agent.survival.heartbeat import Heartbeat
from agent.tasks import CallTasks
from agent.telephone import is_telephone
from agent.wording.reader import Reader

_CLOSE_S = 10.0
"""Longest time the session may take to close, seconds."""


class Wiring:
    """Of one call, around its session."""

    def __init__(
        self,
        room: rtc.Room,
        session: AgentSession[None],
        tasks: CallTasks,
        parts: Parts,
        settings: Settings,
        cast: Cast,
        reader: Reader,
        heartbeat: Heartbeat,
        *,
        recorded: Recorded,
        apology: tts.TTS[Any],
        served: Callable[[], str | None],
        over: Callable[[], None],
        hang_up: Callable[[], None],
        refer: Refer | None = None,
    ) -> None:
        """Connect what talks in `session` as who speaks in `cast`.

        Args:
            room: that is told what happens.
            session: not started yet.
            tasks: of the call.
            parts: the engines.
            settings: in force.
            cast: who the agent can be, and is.
            reader: reads replies for the eye and the voice.
            heartbeat: keeps what was said.
            recorded: what is kept in a file.
            apology: says that the voice has failed.
            served: identity of the caller, or None.
            over: told when the call cannot go on.
            hang_up: ends the call for who is on the line too; features may.
            refer: sends a caller's telephone to another number; None: nothing does.
        """
        self._room = room
        self._session = session
        self._tasks = tasks
        self._parts = parts
        self._settings = settings
        self._cast = cast
        self._reader = reader
        self._served = served
        self._hang_up = hang_up
        self.notices = Notices(room, tasks, session, cast, spare=apology)
        parts.watch(self.notices.engine_changed)
        self.failures = Failures(session, tasks, self.notices, over=over)
        self._sources = Sources()
        self.reports = Reports(self.notices, parts, self._sources, answered=recorded.answered)
        costs = Costs(
            session,
            parts.meter,
            settings.prices,
            publish=self.notices.publish if settings.pricing.told else None,
            keep=recorded.cost,
        )
        self._tool_use = ToolUse(session, cast, settings.tools, publish=self.notices.publish)
        self.changes = PersonaChanges(
            cast,
            session,
            self.notices,
            reader,
            tools=self._tools,
            became=lambda persona: self.features.became(persona),
        )
        self._transfers = Transfers(
            session, tasks, cast, settings.phone, refer=refer, ended=hang_up
        )
        self.features = Features(
            tasks,
            [costs, recorded, self.reports, self.changes, self._tool_use, self._transfers],
        )
        self.conversation = Conversation(
            session,
            tasks,
            heartbeat,
            cast,
            typed_chars=settings.agent.typed_chars,
            history_chars=settings.reply.history_chars,
        )
        self.happenings = Happenings(room, session, self.features, served=served)

    def add_features(self, metadata: JobMetadata) -> None:
        """Have all features of the table and the settings go along."""
        surroundings = Surroundings(
            room=self._room,
            session=self._session,
            tasks=self._tasks,
            notices=self.notices,
            cast=self._cast,
            parts=self._parts,
            sources=self._sources,
            settings=self._settings,
            metadata=metadata,
            bill=lambda: bill_of(self._parts.meter, self._settings.prices),
            end=self._hang_up,
            tools_changed=self.changes.tools_changed,
            ask=self._ask,
            recast=self.changes.recast,
            transfer=self._transfers.to if self._transfers.can else None,
            transferring=lambda: self._transfers.under_way,
        )
        for module in load_features(self._settings):
            self.features.add(module, surroundings)

    def agent(self) -> CallAgent:
        """Who answers in the session: made when all features are there."""
        return CallAgent(
            cast=self._cast,
            reply=self._settings.reply,
            limits=limits_of(self._settings.llm),
            timeline=self.reports.timeline,
            sources=self._sources,
            on_failure=self.failures.model_failed,
            on_turn_over=self.failures.turn_is_over,
            taken=self.features.takes,
            most_words=self._most_words,
            reader=self._reader,
            parts=self._parts,
            tools=self._tools(),
            brief=self.features.brief,
            on_unseen=self.features.unseen,
        )

    def _tools(self) -> list[llm.Tool]:
        return self._tool_use.offered(self.features.tools())

    async def close(self) -> None:
        """The call is over: end what is said, and tell features; takes 10 s at most."""
        self._tool_use.end()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await self._session.aclose()
        finally:
            self.features.gone()

    async def serve(self, action: Served) -> None:
        """Talk to this person from now on, who is in the room."""
        caller = self._room.remote_participants.get(action.identity)
        if caller is not None:
            self.features.joined(caller, back=not isinstance(action, Serve))
        await self.conversation.serve(action)

    async def answer_typed(self, text: str) -> None:
        """Begin the answer to what the caller has typed; what is being said is cut off."""
        with suppress(RuntimeError):  # the session may be closing
            await self._session.interrupt(force=True)
            self.features.typed(text)
            if not self.features.takes(text):
                self.conversation.ask(text)

    def _ask(self, text: str) -> None:
        with suppress(RuntimeError):  # the session may be closing
            self.reports.timeline.typed()
            self.conversation.ask(text)

    def _most_words(self) -> int | None:
        """Longest reply to who is served; None: as their persona has it."""
        caller = self._room.remote_participants.get(self._served() or "")
        if caller is None or not is_telephone(caller):
            return None
        return self._settings.phone.words or None
