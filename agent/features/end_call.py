"""The tool `end_call`: the agent hangs up once its last sentence was heard."""

import asyncio
from collections.abc import Sequence

from livekit import rtc
from livekit.agents import RunContext, StopResponse, llm
from livekit.agents.voice import SpeechHandle

from agent.call.features import Feature, Surroundings
from agent.telephone import is_telephone
from agent.tools.has_said import has_said

_GOODBYE = "The call ends after your next sentence: say goodbye in one short sentence."


class EndCall(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings) -> None:
        """End `call`."""
        self._call = call
        self._patience_s = call.settings.tools.timeout_s / 2
        """Who has talked for so long beside the call has said something."""

    def tools(self) -> Sequence[llm.Tool]:
        """The one tool."""
        flags = llm.ToolFlag.CANCELLABLE
        return (llm.function_tool(self._end, name="end_call", flags=flags),)

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """On a telephone an agent of no file may hang up too (`agent.call.tool_use`)."""
        if is_telephone(caller) and self._call.cast.persona.shelved is None:
            self._call.tools_changed()

    async def _end(self, context: RunContext[None]) -> str:
        """End the call, when the caller has said goodbye or wants to hang up."""
        reply = context.speech_handle
        reply.add_done_callback(self._ended)
        try:
            async with asyncio.timeout(self._patience_s):
                await context.wait_for_playout()
        except TimeoutError:
            raise StopResponse from None
        if has_said(reply, since=context.function_call):
            raise StopResponse
        return _GOODBYE

    def _ended(self, reply: SpeechHandle) -> None:
        # Who speaks over the goodbye has something to say.
        if not reply.interrupted:
            self._call.end()


def feature(call: Surroundings) -> Feature:
    """End the call of `call` when the model says so."""
    return EndCall(call)
