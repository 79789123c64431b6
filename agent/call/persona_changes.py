"""Another persona takes over in mid-call: who may choose it, and what changes with it.

The caller's client chooses by the remote procedure `set_persona` or the participant attribute
`rejoinder.persona`, the caller by their words (the tool `switch_persona`, where the persona that
speaks lists it), the operator by the number that was dialled. Instructions, tools, words and
voices are those of the new one from then on; a sentence that is being spoken ends in the old voice.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from livekit import rtc
from livekit.agents import AgentSession, RunContext, StopResponse, llm
from livekit.agents.voice import SpeechHandle

from agent.call.features import Answer, Feature
from agent.call.notices import Notices
from agent.errors import ConfigError
from agent.personas.cast import Cast
from agent.personas.persona import Persona
from agent.personas.shelf import ShelvedPersona
from agent.personas.texts import said_in
from agent.room_protocol import GET_PERSONAS, PERSONA, PERSONA_TITLE, SET_PERSONA
from agent.telephone import DIALLED
from agent.wording.reader import Reader

NOT_FOUND = 404
"""Code of the error that a client gets who asks for a persona that it may not have."""
SWITCH = "switch_persona"
_TAKE_OVER = (
    "You have just taken over this talk from somebody else. Greet the caller in one short sentence."
)


class PersonaChanges(Feature):
    """Of one call."""

    def __init__(
        self,
        cast: Cast,
        session: AgentSession[None],
        notices: Notices,
        reader: Reader,
        *,
        tools: Callable[[], Sequence[llm.Tool]],
        became: Callable[[Persona], None],
    ) -> None:
        """Change who speaks in `session` when `cast` changes.

        `tools` are those that who speaks may call, asked anew each time; features are told by
        `became`.
        """
        self._cast = cast
        self._session = session
        self._notices = notices
        self._reader = reader
        self._tools = tools
        self._became = became
        self._due: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        """Changes of the session, in their order."""

    # Who may choose.

    def tools(self) -> Sequence[llm.Tool]:
        """The tool by which the caller is let talk to another persona."""
        others = [o for o in self._cast.offered() if o.name != self._cast.persona.name]
        if self._cast.persona.shelved is None or not others:
            return ()
        return (self._switch_tool(others),)

    def methods(self) -> Mapping[str, Answer]:
        """For a page with a picker."""
        return {SET_PERSONA: self._set, GET_PERSONAS: self._list}

    def began(self) -> None:
        """Show who speaks."""
        self._tell()

    async def run(self) -> None:
        """Change the session, one change after the other."""
        while True:
            change = await self._due.get()
            try:
                with suppress(RuntimeError):  # the session may be closing
                    await change()
            finally:
                self._due.task_done()

    async def settled(self) -> None:
        """Wait until all changes are made that were asked for."""
        await self._due.join()

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """Before the greeting: who has dialled a persona's number, or brings a wish."""
        wanted = caller.attributes.get(PERSONA, "")
        # Who is called out has our own number there.
        dialled = "" if self._cast.is_named else caller.attributes.get(DIALLED, "")
        name = self._cast.answering(dialled)
        if not name and self._cast.offers(wanted) and not back:
            name = wanted
        if name and name != self._cast.persona.name:
            self._cast.enter(name)
            self._due.put_nowait(partial(self._take_over, greet=False))

    def changed(self, caller: rtc.RemoteParticipant, attributes: Mapping[str, str]) -> None:
        """The client wishes for another one."""
        name = attributes.get(PERSONA, "")
        if self._cast.offers(name) and name != self._cast.persona.name:
            self._due.put_nowait(partial(self._interrupt_with, name))

    async def _set(self, call: rtc.RpcInvocationData) -> str:
        """`{"name": "mentor"}`, or the bare name; answers as one entry of `get_personas`."""
        try:
            asked = json.loads(call.payload)
            name = asked["name"] if isinstance(asked, dict) else asked
        except (ValueError, KeyError):
            name = call.payload.strip()
        if not (isinstance(name, str) and self._cast.offers(name)):
            known = ", ".join(self._cast.names) or "none"
            raise rtc.RpcError(NOT_FOUND, f"there is no persona of this name; known: {known}")
        done = asyncio.Event()
        self._due.put_nowait(partial(self._interrupt_with, name, done))
        await done.wait()
        return json.dumps(self._entry(self._cast.persona.shelved))

    async def _list(self, call: rtc.RpcInvocationData) -> str:
        entries = [self._entry(shelved) for shelved in self._cast.offered()]
        return json.dumps({"personas": entries, "speaks": self._cast.persona.name})

    def _entry(self, shelved: ShelvedPersona | None) -> dict[str, str]:
        if shelved is None:
            return {}
        languages, file = self._cast.persona.languages, shelved.file
        return {
            "name": shelved.name,
            "title": str(said_in(file.title, languages)),
            "about": str(said_in(file.about, languages) or ""),
        }

    def _switch_tool(self, others: Sequence[ShelvedPersona]) -> llm.Tool:
        languages = self._cast.persona.languages
        known = "\n".join(
            f"- {other.name}: {said_in(other.file.title, languages)}. "
            f"{said_in(other.file.about, languages) or ''}".rstrip()
            for other in others
        )

        async def switch(raw_arguments: dict[str, object], context: RunContext[None]) -> str:
            name = str(raw_arguments.get("name", ""))
            if not self._cast.offers(name):
                raise llm.ToolError(f"There is nobody of this name; known:\n{known}")
            self._due.put_nowait(partial(self._follow, name, context.speech_handle))
            raise StopResponse  # its greeting is the answer

        return llm.function_tool(
            switch,
            raw_schema={
                "name": SWITCH,
                "description": "Let the caller talk to somebody else, when they ask for it. They "
                f"take over at once and greet by themselves. Who there is:\n{known}",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "name": {"type": "string", "enum": [other.name for other in others]}
                    },
                    "required": ["name"],
                    "additionalProperties": False,
                },
            },
        )

    # What changes.

    def resume(self, name: str) -> None:
        """Go on as the persona that spoke before this job took the call over, if it is known."""
        with suppress(ConfigError):
            if name != self._cast.persona.name:
                self._cast.enter(name)
                self._due.put_nowait(partial(self._take_over, greet=False, keep=True))

    def tools_changed(self) -> None:
        """A feature has other tools than before: the model is told with its next answer."""
        self._due.put_nowait(self._offer_tools)

    def recast(self) -> None:
        """The cast has who speaks otherwise than before: the session and clients follow."""
        self._due.put_nowait(partial(self._take_over, greet=False, keep=True))

    async def _offer_tools(self) -> None:
        await self._session.current_agent.update_tools([*self._tools()])

    async def _interrupt_with(self, name: str, done: asyncio.Event | None = None) -> None:
        try:
            if name != self._cast.persona.name:
                await self._session.interrupt(force=True)
                self._cast.enter(name)
                await self._take_over(greet=True)
        finally:
            if done is not None:
                done.set()

    async def _follow(self, name: str, speech: SpeechHandle) -> None:
        """Take over once the one before has said all, and the history has it."""
        await speech.wait_for_playout()
        if name != self._cast.persona.name:
            self._cast.enter(name)
            await self._take_over(greet=True)

    async def _take_over(self, *, greet: bool, keep: bool = False) -> None:
        persona, agent = self._cast.persona, self._session.current_agent
        shelved = persona.shelved
        if shelved is not None and shelved.file.history == "clear" and not keep:
            await agent.update_chat_ctx(llm.ChatContext.empty())
        await agent.update_instructions(persona.instructions)
        await agent.update_tools([*self._tools()])
        self._reader.expect(persona.language)
        self._became(persona)
        self._tell()
        if greet and self._cast.entrance:
            self._session.say(self._cast.entrance)
        elif greet:
            self._session.generate_reply(instructions=_TAKE_OVER)

    def _tell(self) -> None:
        persona = self._cast.persona
        self._notices.announce({PERSONA: persona.name, PERSONA_TITLE: persona.title})
