"""Puts a caller by telephone through to somebody whom the operator has listed, and nobody else.

Only a name of the list reaches the model; the number behind it is in the persona's file, or in
`PHONE_TRANSFER`. Whatever a caller, a document or the model says, there is no other number.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from livekit import rtc
from livekit.agents import AgentSession, RunContext, StopResponse, llm
from livekit.agents.voice import SpeechHandle

from agent.call.features import Feature
from agent.call.refer import Outcome, Refer
from agent.options.phone import PhoneOptions
from agent.personas.cast import Cast
from agent.tasks import CallTasks
from agent.telephone import is_telephone
from agent.tools.has_said import has_said
from agent.wording.lexicon.line_words import LineWords

logger = logging.getLogger(__name__)

TRANSFER = "transfer_call"
_ON_NO_TELEPHONE = (
    "The caller has not come by telephone, so nobody can put them through. Tell them so."
)
_NOBODY = "There is nobody of this name; known: {known}."
_TOLD: Mapping[Outcome, Callable[[LineWords], str]] = {
    "busy": lambda words: words.busy,
    "unanswered": lambda words: words.unanswered,
    "failed": lambda words: words.not_through,
}


class Transfers(Feature):
    """Of one call. While it rings there, the agent is silent; only then does the talk go on."""

    def __init__(
        self,
        session: AgentSession[None],
        tasks: CallTasks,
        cast: Cast,
        options: PhoneOptions,
        *,
        refer: Refer | None,
        ended: Callable[[], None],
    ) -> None:
        """Put callers through as who speaks in `cast` may.

        Args:
            session: says what becomes of it.
            tasks: a transfer belongs to.
            cast: its persona has the list; without one it is that of `options`.
            options: in force.
            refer: sends the telephone elsewhere; None: nothing does.
            ended: told when the caller was put through.
        """
        self._session = session
        self._tasks = tasks
        self._cast = cast
        self._options = options
        self._refer = refer
        self._ended = ended
        self._caller: rtc.RemoteParticipant | None = None
        self.under_way = False
        """Whether a caller is being put through."""

    @property
    def can(self) -> bool:
        """Whether anything sends telephones elsewhere."""
        return self._refer is not None

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """They may be put through."""
        self._caller = caller

    def left(self, identity: str) -> None:
        """There is nobody to be put through."""
        self._caller = None

    def takes(self, text: str) -> bool:
        """Who is being put through is answered there."""
        return self.under_way

    def tools(self) -> Sequence[llm.Tool]:
        """The one tool, where there is anybody to be put through to."""
        names = list(self._listed())
        return (self._tool(names),) if names else ()

    async def to(self, name: str) -> Outcome:
        """Say so, and put the caller through; when it did not work they have been told.

        The transfer goes on when who waits here is cancelled. One at a time: while one is under
        way another one fails, silently.
        """
        caller, address = self._telephone, self._listed().get(name)
        if self.under_way:
            return "failed"
        if caller is None:
            await self._say(self._words.no_telephone)
            return "failed"
        if address is None:
            logger.warning("nobody of this name is listed for transfers")
            await self._say(self._words.not_through)
            return "failed"
        self.under_way = True
        putting = self._put_through(caller, address, told=False)
        return await asyncio.shield(self._tasks.need(putting, name="transfer"))

    # The tool.

    def _tool(self, names: list[str]) -> llm.Tool:
        async def transfer(raw_arguments: dict[str, object], context: RunContext[None]) -> None:
            caller, address = self._telephone, self._listed().get(str(raw_arguments.get("to", "")))
            if address is None:
                raise llm.ToolError(_NOBODY.format(known=", ".join(names)))
            if caller is None:
                raise llm.ToolError(_ON_NO_TELEPHONE)
            following = self._follow(caller, address, context.speech_handle, context.function_call)
            self._tasks.need(following, name="transfer")
            raise StopResponse  # what comes of it is said by itself

        return llm.function_tool(
            transfer,
            raw_schema={
                "name": TRANSFER,
                "description": "Put the caller through to somebody else by telephone, when they "
                "ask for it. In the same answer tell them in one short sentence to whom.",
                "parameters": {
                    "type": "object",
                    "properties": {"to": {"type": "string", "enum": names}},
                    "required": ["to"],
                    "additionalProperties": False,
                },
            },
            flags=llm.ToolFlag.CANCELLABLE,
        )

    async def _follow(
        self, caller: str, address: str, reply: SpeechHandle, call: llm.FunctionCall
    ) -> None:
        """Put the caller through once the model has said all; who speaks over it stays."""
        await reply.wait_for_playout()
        if not (reply.interrupted or self.under_way):
            self.under_way = True
            await self._put_through(caller, address, told=has_said(reply, since=call))

    # What happens.

    async def _put_through(self, caller: str, address: str, *, told: bool) -> Outcome:
        """`told`: whether they know that it happens. They may have gone meanwhile."""
        outcome: Outcome = "failed"
        try:
            if not (told or await self._say(self._words.putting_through)):
                outcome = "stays"
            elif self._refer is not None and self._telephone == caller:
                outcome = await self._refer(caller, address)
        finally:
            self.under_way = False
        logger.info("a caller was to be put through", extra={"outcome": outcome})
        if outcome == "through":
            self._ended()
        elif outcome != "stays" and self._telephone == caller:
            await self._say(_TOLD[outcome](self._words))
        return outcome

    async def _say(self, text: str) -> bool:
        """Say a sentence; returns whether it was heard to its end."""
        try:
            said = self._session.say(text)
        except RuntimeError:
            return False  # the session is closing
        await said.wait_for_playout()
        return not said.interrupted

    def _listed(self) -> Mapping[str, str]:
        own = self._cast.persona.transfer
        return self._options.transfer.by_name if own is None else own

    @property
    def _words(self) -> LineWords:
        return self._cast.persona.words.line

    @property
    def _telephone(self) -> str | None:
        """Identity of who is served, if they have come by telephone."""
        caller = self._caller
        return caller.identity if caller is not None and is_telephone(caller) else None
