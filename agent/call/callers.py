"""The people of one call: who is served, their voice, and what they type."""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from livekit import rtc
from livekit.agents import AgentSession

from agent.call.caller_track import CallerTrack
from agent.call.conversation import Conversation
from agent.call.features import Features
from agent.call.membership import Membership
from agent.call.notices import Notices
from agent.call.presence import Presence, Resume, Serve
from agent.call.session import INPUT_FRAME_MS, INPUT_RATE_HZ
from agent.call.typed_text import TOO_LONG, TypedText
from agent.options.agent import AgentOptions
from agent.tasks import CallTasks


class Callers:
    """Leads the conversation with one of them at a time, and tells features."""

    def __init__(
        self,
        room: rtc.Room,
        session: AgentSession[None],
        tasks: CallTasks,
        notices: Notices,
        features: Features,
        conversation: Conversation,
        options: AgentOptions,
        *,
        over: Callable[[], None],
    ) -> None:
        """Prepare; `over` is told when everybody has gone for good."""
        self._room = room
        self._session = session
        self._notices = notices
        self._features = features
        self._conversation = conversation
        self._most_chars = options.typed_chars
        self._presence = Presence(return_s=options.return_s, goodbye_s=options.goodbye_s)
        self.track = CallerTrack(room, rate_hz=INPUT_RATE_HZ, frame_ms=INPUT_FRAME_MS)
        """The voice of who is served."""
        self._membership = Membership(
            room,
            session,
            self.track,
            notices,
            self._presence,
            served=self._serve,
            left=features.left,
            over=over,
        )
        self._typed = TypedText(
            tasks,
            most_chars=options.typed_chars,
            heeded=self._membership.heeds,
            answer=self._answer_typed,
            too_long=self._tell_too_long,
        )
        self.listens = self._membership.listens
        self.runs: tuple[tuple[str, Callable[[], Awaitable[None]]], ...] = (
            ("membership", self._membership.run),
            ("typed", self._typed.run),
        )
        """What must run for as long as the call does, with its names."""

    @property
    def served(self) -> str | None:
        """Identity of who is served."""
        return self._presence.served

    def listen(self) -> None:
        """Take what is typed, from before the room is joined."""
        self._typed.listen(self._room)

    def expect(self, identity: str) -> None:
        """An earlier job of this call has served this person; said before anybody is heeded."""
        self._presence.expect(identity)

    def watch(self) -> None:
        """Take in who is there, and from now on who comes and goes; the room is joined."""
        self._membership.watch()

    async def aclose(self) -> None:
        """Stop listening."""
        await self.track.aclose()

    async def _serve(self, action: Serve | Resume) -> None:
        caller = self._room.remote_participants.get(action.identity)
        if caller is not None:
            self._features.joined(caller, back=isinstance(action, Resume))
        await self._conversation.serve(action)

    async def _answer_typed(self, text: str) -> None:
        with suppress(RuntimeError):  # the session may be closing
            await self._session.interrupt(force=True)
            self._features.typed(text)
            self._conversation.ask(text)

    def _tell_too_long(self) -> None:
        text = TOO_LONG.format(most=self._most_chars)
        self._notices.notice(text, stage="session", level="info")
