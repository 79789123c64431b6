"""Who the agent of one call can be, and is now."""

from collections.abc import Callable, Iterator

from agent.metadata import PersonaWishes
from agent.personas.chosen import shelf_of
from agent.personas.persona import Persona, persona_of
from agent.personas.shelf import Shelf, ShelvedPersona
from agent.settings.load import Settings

_NOT_DIGITS = str.maketrans("", "", " ()/-")


class Cast:
    """Of one call. What speaks, shows or asks looks at `persona` each time, and keeps no copy."""

    def __init__(
        self,
        settings: Settings,
        wishes: PersonaWishes,
        *,
        opening: Callable[[Persona], Persona] = lambda persona: persona,
    ) -> None:
        """Begin with the persona that `wishes` name, or the settings.

        What else they wish for holds for that one, their languages for all. `opening` changes what
        each says to who is served for the first time, such as that the call is recorded.

        Raises:
            ConfigError: there is none of that name.
        """
        self._settings = settings
        self._opening = opening
        self._wishes = wishes
        """What was wished for of who speaks."""
        self._own_languages = wishes.languages
        self._watchers: list[Callable[[Persona], None]] = []
        self.is_named = wishes.name is not None
        """Whether `wishes` say who begins."""
        name = self._settings.personas.default if wishes.name is None else wishes.name
        shelved = self._shelf.get(name) if name else None
        self._unopened = persona_of(settings, wishes, shelved)
        self.persona = opening(self._unopened)
        """Who speaks now."""

    @property
    def _shelf(self) -> Shelf:
        """As the worker has read it when it started."""
        return shelf_of(self._settings.personas)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the personas that callers may choose."""
        return tuple(shelved.name for shelved in self.offered())

    def offered(self) -> Iterator[ShelvedPersona]:
        """The personas that callers may choose."""
        return (other for other in self._shelf.personas.values() if other.file.offered)

    def answering(self, number: str) -> str:
        """Name of the persona that answers who has dialled `number`; empty: none does."""
        dialled = number.translate(_NOT_DIGITS)
        for shelved in self._shelf.personas.values() if dialled else ():
            if any(known.translate(_NOT_DIGITS) == dialled for known in shelved.file.numbers):
                return shelved.name
        return ""

    def watch(self, told: Callable[[Persona], None]) -> None:
        """Tell of each persona that takes over, in the order of these calls."""
        self._watchers.append(told)

    def enter(self, name: str) -> Persona:
        """Let the persona of this name take over, if it does not speak already.

        Raises:
            ConfigError: there is none; the message has those that there are.
        """
        if name == self.persona.name:
            return self.persona
        shelved = self._shelf.get(name)
        self._wishes = PersonaWishes(languages=self._wishes.languages)
        return self._open(shelved)

    def speak(self, language: str) -> Persona:
        """Let who speaks, and whoever takes over, do so in the language of this tag.

        Empty: in those that `wishes` had.
        """
        languages = [language] if language else self._own_languages
        self._wishes = self._wishes.model_copy(update={"languages": languages})
        return self._open(self.persona.shelved)

    @property
    def entrance(self) -> str:
        """What who has taken over says first to who has heard the opening of another; or empty."""
        return self._unopened.greeting

    def _open(self, shelved: ShelvedPersona | None) -> Persona:
        self._unopened = persona_of(self._settings, self._wishes, shelved)
        self.become(self._opening(self._unopened))
        return self.persona

    def become(self, persona: Persona) -> None:
        """Go on as `persona`."""
        self.persona = persona
        for told in self._watchers:
            told(persona)

    def offers(self, name: str) -> bool:
        """Whether callers may choose this persona."""
        return name in self.names
