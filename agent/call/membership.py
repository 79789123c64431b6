"""Carries out who is served: links the caller's voice and captions, and tells the others.

`agent.call.presence` has the rules; this is their hands in one room.
"""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from livekit import rtc
from livekit.agents import AgentSession
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS

from agent.call.caller_track import CallerTrack
from agent.call.notices import Notices
from agent.call.presence import (
    Action,
    Departure,
    Hush,
    Over,
    Presence,
    Refuse,
    Resume,
    Serve,
    Served,
    TakeOn,
)
from agent.room_protocol import SERVES, TAKE_TURN
from agent.telephone import is_telephone

BUSY = "I am talking with somebody else; I will be with you when they have gone."
TAKEN = "I am listening to somebody else; take the turn to talk to me."
NOT_FREE = 403
"""Code of the error that a client gets that may not take the turn."""

_BUSY_PAUSE_S = 6.0
"""Least time between two notices to one person who waits, seconds."""
_SUBSCRIBE_S = 1.5
"""A client that is there and has not taken the agent's voice by then wants text alone, seconds."""

_DEPARTURES: dict[rtc.DisconnectReason.ValueType | None, Departure] = {
    rtc.DisconnectReason.CLIENT_INITIATED: "goodbye",
    rtc.DisconnectReason.USER_REJECTED: "final",
    rtc.DisconnectReason.USER_UNAVAILABLE: "final",
    rtc.DisconnectReason.SIP_TRUNK_FAILURE: "final",
    rtc.DisconnectReason.PARTICIPANT_REMOVED: "final",
    rtc.DisconnectReason.ROOM_DELETED: "final",
    rtc.DisconnectReason.ROOM_CLOSED: "final",
}


class Membership:
    """The people in the room of one call. `run` must run for as long as the call does."""

    def __init__(
        self,
        room: rtc.Room,
        session: AgentSession[None],
        track: CallerTrack,
        notices: Notices,
        presence: Presence,
        *,
        served: Callable[[Served], Awaitable[None]],
        left: Callable[[str], None],
        over: Callable[[], None],
    ) -> None:
        """Prepare; `watch` begins to take in who comes and goes.

        Args:
            room: of the call.
            session: whose captions follow the one who is served.
            track: what it listens to.
            notices: tells those who are not served.
            presence: the rules.
            served: told who is listened to from now on, or again.
            left: told when the client of who is served has gone.
            over: told when everybody has gone for good.
        """
        self._room = room
        self._session = session
        self._track = track
        self._notices = notices
        self._presence = presence
        self._served = served
        self._left = left
        self._over = over
        self._there: set[str] = set()
        self._told: dict[str, float] = {}
        self._actions: deque[Action] = deque()
        self._changed = asyncio.Event()
        self._somebody = asyncio.Event()

    def watch(self) -> None:
        """Take in who is there, and from now on who comes and goes; the room is joined."""
        self._room.on("participant_connected", self._on_connected)
        self._room.on("participant_active", self._on_ready)
        self._room.on("track_subscribed", lambda _track, _publication, by: self._on_ready(by))
        self._room.on("participant_disconnected", self._on_gone)
        self._room.local_participant.register_rpc_method(TAKE_TURN, self._take_turn)
        there = list(self._room.remote_participants.values())
        for participant in sorted(there, key=lambda p: p.identity != self._presence.expected):
            self._on_connected(participant)

    def heeds(self, identity: str) -> bool:
        """Whether this person is answered; tells them if not, now and then."""
        sender = self._room.remote_participants.get(identity)
        if sender is not None:
            self._on_ready(sender)
        if identity == self._presence.served:
            return True
        if identity in self._there:
            self._refuse(identity)
        return False

    async def listens(self, subscribed: Callable[[], Awaitable[None]]) -> None:
        """Wait until somebody is there who hears the agent, or wants its text alone."""
        await self._somebody.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(_SUBSCRIBE_S):
                await subscribed()

    async def run(self) -> None:
        """Serve who is there until cancelled; the session has started."""
        while True:
            while self._actions:
                await self._do(self._actions.popleft())
            due = self._presence.due
            with suppress(TimeoutError):
                async with asyncio.timeout(None if due is None else due - _now()):
                    await self._changed.wait()
            self._changed.clear()
            self._actions += self._presence.elapsed(now=_now())

    async def _do(self, action: Action) -> None:
        match action:
            case Serve(identity) | Resume(identity) | TakeOn(identity):
                self._tell_served()
                self._track.set_participant(identity)
                await self._session.room_io.wait_for_ready()
                self._session.room_io.set_participant(identity)
                await self._served(action)
            case Refuse(identity):
                self._refuse(identity)
                self._tell_served()
            case Hush():
                with suppress(RuntimeError):  # the session may be closing
                    self._session.interrupt(force=True)
            case Over():
                self._over()

    def _tell_served(self) -> None:
        """Show who is listened to, once there is more than one who might be."""
        if len(self._there) > 1:
            self._notices.announce({SERVES: self._presence.served or ""})

    def _refuse(self, identity: str) -> None:
        now = _now()
        if now - self._told.get(identity, now - _BUSY_PAUSE_S) >= _BUSY_PAUSE_S:
            self._told[identity] = now
            text = TAKEN if self._presence.free else BUSY
            self._notices.notice(text, stage="session", level="info", to=[identity])

    async def _take_turn(self, call: rtc.RpcInvocationData) -> str:
        """Whoever calls is listened to next; answers who is."""
        identity = call.caller_identity
        caller = self._room.remote_participants.get(identity)
        if caller is not None:
            self._on_ready(caller)
        self._take(self._presence.takes(identity))
        if identity != self._presence.served:
            raise rtc.RpcError(NOT_FREE, "somebody else is served; turns are not taken here")
        return json.dumps({"serves": identity})

    def _take(self, actions: list[Action]) -> None:
        self._actions += actions
        self._changed.set()

    def _on_connected(self, participant: rtc.RemoteParticipant) -> None:
        # Before it is active nothing that is sent to it arrives.
        if participant.state == rtc.ParticipantState.PARTICIPANT_STATE_ACTIVE:
            self._on_ready(participant)

    def _on_ready(self, participant: rtc.RemoteParticipant) -> None:
        """Serve somebody whose client can take what is sent to it: it says so, or sends itself."""
        if participant.identity in self._there or participant.kind not in DEFAULT_PARTICIPANT_KINDS:
            return
        if not self._serves_us(participant):
            self._there.add(participant.identity)
            self._somebody.set()
            self._take(self._presence.joined(participant.identity))

    def _on_gone(self, participant: rtc.RemoteParticipant) -> None:
        identity = participant.identity
        self._told.pop(identity, None)
        if identity in self._there or self._rang_off(participant):
            self._there.discard(identity)
            if identity == self._presence.served:
                self._left(identity)
            departure = _departure(participant)
            self._take(self._presence.left(identity, departure, now=_now()))

    def _rang_off(self, participant: rtc.RemoteParticipant) -> bool:
        """Whether a telephone has left, ready or not, and nobody else is there or comes."""
        there = self._room.remote_participants.values()
        return is_telephone(participant) and not any(
            other.kind in DEFAULT_PARTICIPANT_KINDS for other in there
        )

    def _serves_us(self, participant: rtc.RemoteParticipant) -> bool:
        """Whether it publishes for the agent: an avatar."""
        on_behalf = participant.attributes.get("lk.publish_on_behalf")
        return on_behalf == self._room.local_participant.identity


def _now() -> float:
    return asyncio.get_running_loop().time()


def _departure(participant: rtc.RemoteParticipant) -> Departure:
    departure = _DEPARTURES.get(participant.disconnect_reason, "lost")
    telephone = is_telephone(participant)
    return "final" if telephone and departure == "goodbye" else departure
