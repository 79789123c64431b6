"""The tool `send_text`: what is better read than heard, in the caller's chat."""

from collections.abc import Sequence

from livekit import rtc
from livekit.agents import llm

from agent.call.features import Feature, Surroundings
from agent.room_protocol import TOPIC_CHAT
from agent.tasks import undivided
from agent.telephone import is_telephone

MOST_CHARS = 4000


class SendText(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings) -> None:
        """Send to who is served in `call`."""
        self._room = call.room
        self._caller: rtc.RemoteParticipant | None = None

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """It is sent to them."""
        self._caller = caller

    def tools(self) -> Sequence[llm.Tool]:
        """The one tool."""
        return (llm.function_tool(self._send, name="send_text"),)

    async def _send(self, text: str) -> str:
        """Show the caller a text, such as an address, a link or a number that they should keep.

        Args:
            text: what they read; Markdown is shown as it is written.
        """
        caller = self._caller
        if caller is None or is_telephone(caller):
            raise llm.ToolError("The caller is on a telephone: say it instead.")
        if not text.strip() or len(text) > MOST_CHARS:
            raise llm.ToolError(f"The text must have 1 to {MOST_CHARS} characters.")
        sending = self._room.local_participant.send_text(
            text, topic=TOPIC_CHAT, destination_identities=[caller.identity]
        )
        await undivided(sending, name="send-text")
        return "The caller sees it now."


def feature(call: Surroundings) -> Feature:
    """Send texts to the caller of `call`."""
    return SendText(call)
