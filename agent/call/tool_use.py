"""Which tools the model may call in one call, what is around them, and who is told."""

import logging
from collections.abc import Callable, Iterable
from typing import Any, get_args

from livekit import rtc
from livekit.agents import AgentSession, llm
from livekit.agents.voice import SpeechHandle

from agent.call.features import Feature
from agent.options.tools import BuiltIn, ToolOptions
from agent.personas.cast import Cast
from agent.personas.persona import Persona
from agent.personas.persona_file import ToolChoice
from agent.telephone import is_telephone
from agent.tools.confirmation import Confirmation
from agent.tools.guard import Around, Guard

logger = logging.getLogger(__name__)


class ToolUse(Feature):
    """Of one call: `offered` is what the persona that speaks may call, whatever anybody says."""

    def __init__(
        self,
        session: AgentSession[None],
        cast: Cast,
        options: ToolOptions,
        *,
        publish: Callable[[str, dict[str, Any]], None],
    ) -> None:
        """Guard the tools of who speaks in `cast`; `publish` tells the room."""
        self._session = session
        self._cast = cast
        self._options = options
        self._filled = False
        """Whether the filler was said in this turn."""
        self._by_telephone = False
        self._confirmation = Confirmation(lambda: cast.persona.languages)
        self._guard = Guard(
            options,
            Around(
                choice=self._choice,
                confirmation=self._confirmation,
                filler=self._fill,
                publish=publish,
            ),
        )

    def offered(self, tools: Iterable[llm.Tool]) -> list[llm.Tool]:
        """Those of `tools` that the persona lists, guarded; of those with one name the first."""
        found: dict[str, llm.Tool] = {}
        for tool in tools:
            if self._choice(tool.id) is None:
                continue
            if tool.id in found:
                logger.warning("two tools have one name; the first counts", extra={"tool": tool.id})
            elif isinstance(tool, llm.FunctionTool | llm.RawFunctionTool):
                found[tool.id] = self._guard.guarded(tool)
            else:
                # The model's own service runs it: it has no effects here.
                found[tool.id] = tool
        return list(found.values())

    def end(self) -> None:
        """The call is over: nobody waits for a tool that may be cut off."""
        self._guard.end()

    # What it must know of the talk.

    def joined(self, caller: rtc.RemoteParticipant, *, back: bool) -> None:
        """Another person has agreed to nothing."""
        self._by_telephone = is_telephone(caller)
        if not back:
            self._confirmation.forget()

    def became(self, persona: Persona) -> None:
        """Nor has anybody agreed to what another persona does."""
        self._confirmation.forget()

    def typed(self, text: str) -> None:
        """It may be a yes."""
        self._filled = False
        self._confirmation.says(text)

    def turn(self, text: str, *, language: str) -> None:
        """It may be a yes."""
        self._filled = False
        self._confirmation.says(text, language=language)

    def reply(self, text: str, *, interrupted: bool) -> None:
        """It may be the question."""
        self._confirmation.heard(text)

    def _choice(self, name: str) -> ToolChoice | None:
        persona = self._cast.persona
        if persona.shelved is None and name in get_args(BuiltIn):
            # A telephone that nobody hangs up is a line that stays open.
            listed = name in self._options.built_in or (name == "end_call" and self._by_telephone)
            return ToolChoice(name=name) if listed else None
        return persona.choice_of(name)

    def _fill(self) -> SpeechHandle | None:
        words = self._cast.persona.filler
        if self._filled or not words:
            return None
        self._filled = True
        return self._session.say(words, add_to_chat_ctx=False)
