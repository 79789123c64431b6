"""A room with captions: who speaks in it, and what is written of that."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from livekit import rtc

from agent.turns.words import tokens
from rejoinder.scripted_caller.caller import Caller, join
from testbed.caption_reader import CaptionReader, reading
from testbed.livekit_process import LiveKitProcess


def says(text: str, sentence: str) -> bool:
    """Whether a text is of a sentence: tiny.en mishears a word now and then."""
    said = tokens(sentence)
    return sum(word in tokens(text) for word in said) >= 0.6 * len(said)


class Meeting:
    """A room, and who is in it."""

    def __init__(self, livekit: LiveKitProcess, metadata: str, dispatch: str) -> None:
        self.livekit = livekit
        self.name = f"room-{secrets.token_hex(4)}"
        self._metadata, self._dispatch = metadata, dispatch
        self._stack = AsyncExitStack()
        self.reader: CaptionReader

    async def __aenter__(self) -> "Meeting":
        token = self.livekit.token(
            self.name, "reader", dispatch=self._dispatch, metadata=self._metadata
        )
        self.reader = await self._stack.enter_async_context(reading(self.livekit.url, token))
        await self.reader.until(lambda: self.agent is not None)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    @property
    def agent(self) -> rtc.RemoteParticipant | None:
        kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        others = self.reader.room.remote_participants.values()
        return next((p for p in others if p.kind == kind), None)

    async def joins(self, identity: str, *, url: str = "") -> Caller:
        """Somebody with a microphone, whom the agent hears by then; `url`: another way there."""
        token = self.livekit.token(self.name, identity)
        caller = await self._stack.enter_async_context(join(url or self.livekit.url, token))
        await heard(caller)
        return caller


async def heard(caller: Caller) -> None:
    """Wait until the agent hears a microphone."""
    [microphone] = caller.room.local_participant.track_publications.values()
    async with asyncio.timeout(10):
        await microphone.wait_for_subscription()


@asynccontextmanager
async def meeting(
    livekit: LiveKitProcess, metadata: str = "", *, dispatch: str
) -> AsyncIterator[Meeting]:
    """A room into which an agent has come that writes what is said."""
    async with Meeting(livekit, metadata, dispatch) as place:
        yield place
