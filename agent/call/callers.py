"""The people of one call: who is served, their voice, and what they type."""

from collections.abc import Awaitable, Callable

from livekit import rtc
from livekit.agents import AgentSession

from agent.call.caller_track import CallerTrack
from agent.call.membership import Membership
from agent.call.notices import Notices
from agent.call.presence import Presence, Served
from agent.call.session import INPUT_FRAME_MS, INPUT_RATE_HZ
from agent.call.typed_text import TOO_LONG, TypedText
from agent.options.agent import AgentOptions
from agent.tasks import CallTasks


class Callers:
    """One of them at a time is served."""

    def __init__(
        self,
        room: rtc.Room,
        session: AgentSession[None],
        tasks: CallTasks,
        notices: Notices,
        options: AgentOptions,
        *,
        served: Callable[[Served], Awaitable[None]],
        left: Callable[[str], None],
        typed: Callable[[str], Awaitable[None]],
        over: Callable[[], None],
    ) -> None:
        """Prepare.

        Args:
            room: of the call.
            session: whose captions follow the one who is served.
            tasks: what is read belongs to.
            notices: tells callers.
            options: how long somebody is waited for, how much is read.
            served: told who is talked to from now on, or again.
            left: told when the client of who is served has gone.
            typed: answers a text of who is served.
            over: told when everybody has gone for good.
        """
        self._room = room
        self._notices = notices
        self._most_chars = options.typed_chars
        self._presence = Presence(
            return_s=options.return_s,
            goodbye_s=options.goodbye_s,
            free=options.floor == "free",
        )
        self.track = CallerTrack(room, rate_hz=INPUT_RATE_HZ, frame_ms=INPUT_FRAME_MS)
        """The voice of who is served."""
        self._membership = Membership(
            room,
            session,
            self.track,
            notices,
            self._presence,
            served=served,
            left=left,
            over=over,
        )
        self._typed = TypedText(
            tasks,
            most_chars=options.typed_chars,
            heeded=self._membership.heeds,
            known=lambda identity: identity in room.remote_participants,
            answer=typed,
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

    def _tell_too_long(self) -> None:
        text = TOO_LONG.format(most=self._most_chars)
        self._notices.notice(text, stage="session", level="info")
