"""What a rehearsal needs however it is played: its settings, what answers, what is looked at."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.call.written import Heard
from agent.errors import ConfigError
from agent.metadata import PersonaWishes
from agent.personas.chosen import shelf_of
from agent.personas.persona import Persona, persona_of
from agent.settings.load import Settings, load_from
from rejoinder.rehearsal.environment import environment_of
from rejoinder.rehearsal.findings import Finding, PlayedRehearsal
from rejoinder.rehearsal.judging import Circumstances, Judge, judged
from rejoinder.rehearsal.script import ReadRehearsal, Talk, Turn
from rejoinder.rehearsal.scripted_model import ScriptedModel


class Backstage:
    """Of one file: `async with` starts its scripted model, if it has one, and reads settings."""

    environ: dict[str, str]
    """The whole environment of a worker that is rehearsed."""
    settings: Settings

    def __init__(self, rehearsal: ReadRehearsal, *, real: bool, judge: Judge | None) -> None:
        """Prepare; `real`: whether the model that is set answers, not what the file says."""
        self.rehearsal = rehearsal
        self._judge = judge
        file = rehearsal.file
        self._handbook = file.handbook and not real
        self._model = ScriptedModel(file.model) if file.model and not real else None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "Backstage":
        """Begin.

        Raises:
            ConfigError: a setting is wrong, or there is no such persona.
        """
        async with AsyncExitStack() as stack:
            model = {"LLM_ENGINE": "handbook"} if self._handbook else {}
            if self._model is not None:
                model = await stack.enter_async_context(self._model.serve())
            folder = stack.enter_context(TemporaryDirectory(prefix="rehearsal-"))
            await asyncio.to_thread(self._read, model, Path(folder))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: object) -> None:
        """End the model, and delete what was remembered."""
        await self._stack.aclose()

    @property
    def real(self) -> bool:
        """Whether the model that is set answers, and no script."""
        return self._model is None

    def begin(self) -> PlayedRehearsal:
        """What will have been played: nothing yet."""
        model = "script" if self._model else str(self.settings.llm[0])
        rehearsal = self.rehearsal
        return PlayedRehearsal(rehearsal.path, rehearsal.name, rehearsal.persona, model)

    def wishes(self, talk: Talk) -> PersonaWishes:
        """What a dispatch would ask for."""
        return PersonaWishes(name=self.rehearsal.persona, languages=talk.language or None)

    def turn_begins(self) -> None:
        """What the model is asked from now on belongs to another turn."""
        if self._model is not None:
            self._model.prompts()
            self._model.unanswered.clear()

    async def found(
        self, turn: Turn, heard: Heard, *, unheard: frozenset[str] = frozenset()
    ) -> list[Finding]:
        """What came of a turn; `unheard`: what cannot be looked at, by name."""
        around = Circumstances(
            said=turn.say or "",
            instructions=self._instructions(heard.persona),
            never=self.rehearsal.file.never or (),
            prompts=self._model.prompts() if self._model is not None else None,
            wits=self.real and self.settings.llm[0].engine != "handbook",
            judge=self._judge,
            unheard=unheard,
        )
        return [*self._broken(heard), *await judged(turn.expect, heard, around)]

    def persona(self, name: str, wishes: PersonaWishes | None = None) -> Persona:
        """The persona of a name; empty: as the settings have it."""
        shelved = shelf_of(self.settings.personas).get(name) if name else None
        return persona_of(self.settings, wishes, shelved)

    def _instructions(self, name: str) -> str:
        """Of a persona, in all languages that it has them in."""
        persona = self.persona(name)
        if persona.shelved is None:
            return persona.instructions
        return "\n".join(persona.shelved.file.instructions.values())

    def _broken(self, heard: Heard) -> Iterator[Finding]:
        """What failed on the way, and the caller was told of."""
        for notice in heard.notices:
            if notice["level"] == "error":
                what = f"the {notice['stage']} answers"
                yield Finding(what, "failed", f"shown: “{notice['text']}”")
        for text in self._model.unanswered if self._model is not None else ():
            yield Finding("the model's script has an answer", "failed", f"none to “{text}”")

    def _read(self, model: Mapping[str, str], folder: Path) -> None:
        rehearsal = self.rehearsal
        self.environ = environment_of(rehearsal, model=model, folder=folder)
        self.settings = load_from(self.environ)
        try:
            shelf_of(self.settings.personas).get(rehearsal.persona)
        except ConfigError as error:
            raise ConfigError(f"{rehearsal.path}: {rehearsal.persona}: {error}") from error
