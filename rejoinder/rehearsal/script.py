"""A rehearsal as a person writes it: one YAML file beside the persona's.

    talks:
      - title: Opening hours
        turns:
          - say: When are you open?
            expect: {contains: nine, at_most_sentences: 2}

docs/rehearsals.md says what each line is for.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from agent.errors import ConfigError
from agent.options.fields import Language
from agent.personas import yaml_lines
from agent.personas.shelf import REHEARSAL
from rejoinder.rehearsal.expectation import Expectations, Pattern, Strict, Text, Texts, as_list

ENDINGS = (f"{REHEARSAL}.yaml", f"{REHEARSAL}.yml")


class Caller(Strict):
    """Who calls."""

    identity: Text = "caller"
    name: str = ""
    """For people; clients choose it themselves."""
    attributes: dict[str, str] = {}
    telephone: bool = False
    """Whether it is one, whose number is the attribute `sip.phoneNumber`."""


def _caller(value: Any) -> Any:
    return {"identity": value, "name": value} if isinstance(value, str) else value


Called = Annotated[Caller, BeforeValidator(_caller)]


class Turn(Strict):
    """What the caller does, and what is to come of it."""

    say: Text | None = None
    """None: nothing yet; what is looked at are the agent's first words."""
    picture: Text | None = None
    """Path of a picture that is sent before the words, from the file's folder on."""
    choose: Text | None = None
    """A persona that the caller's page asks for in place of words."""
    as_: Called | None = Field(None, alias="as")
    """Somebody else from here on: who spoke before hangs up, and this one is served."""
    expect: Expectations = []

    @property
    def said(self) -> str:
        """What the caller does, in words; empty: nothing."""
        return self.say or (f"(asks for {self.choose})" if self.choose else "")

    @model_validator(mode="after")
    def _something(self) -> "Turn":
        if self.say is None and not self.expect and self.choose is None and self.as_ is None:
            raise PydanticCustomError("turn", "a turn should have `say:`, `choose:` or `expect:`")
        if self.say is not None and self.choose is not None:
            raise PydanticCustomError("turn", "a turn has `say:` or `choose:`, not both")
        if self.picture is not None and self.say is None:
            raise PydanticCustomError("turn", "a turn with `picture:` needs `say:`")
        return self


class Call(Strict):
    """One call, of several of one talk."""

    turns: list[Turn] = Field(min_length=1)

    @model_validator(mode="after")
    def _greeting_first(self) -> "Call":
        for turn in self.turns[1:]:
            if turn.say is None and turn.choose is None and turn.as_ is None:
                raise PydanticCustomError(
                    "turn", "only the first turn may lack `say:`; it is the agent's greeting"
                )
        return self


class Talk(Strict):
    """What is rehearsed at a time."""

    title: Text
    language: Annotated[list[Language], BeforeValidator(as_list)] = []
    """That the call is expected to be in, as a dispatch may say; empty: as the persona has it."""
    caller: Called | None = None
    """In place of the file's."""
    turns: list[Turn] = []
    calls: list[Call] = []
    """Several calls of the same caller, one after the other, in place of `turns`."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "Talk":
        if bool(self.turns) == bool(self.calls):
            raise PydanticCustomError("talk", "a talk should have `turns:` or `calls:`")
        if self.turns:
            Call(turns=self.turns)
        return self

    @property
    def held(self) -> list[list[Turn]]:
        """The turns of each call."""
        return [call.turns for call in self.calls] or [self.turns]


class ScriptedTool(Strict):
    """A tool that the scripted model calls."""

    name: Text
    arguments: dict[str, Any] = {}


class ScriptedAnswer(Strict):
    """What the scripted model does when it is asked."""

    when: Pattern
    """A regular expression, found in what the caller has said last, or in the result of a tool."""
    after: Literal["words", "tool"] | None = None
    """Whether these come from the caller or from a tool; None: from either."""
    say: Text | None = None
    tool: ScriptedTool | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "ScriptedAnswer":
        if (self.say is None) == (self.tool is None):
            raise PydanticCustomError("answer", "an answer should have `say:` or `tool:`")
        return self


def _settings(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {
        name: str(text).lower() if isinstance(text, bool) else str(text)
        if isinstance(text, int | float) else text
        for name, text in value.items()
    }  # fmt: skip


class Rehearsal(Strict):
    """What a rehearsal's file may say."""

    persona: Text | None = None
    """Who is rehearsed; None: the file's name says."""
    settings: Annotated[dict[str, str], BeforeValidator(_settings)] = {}
    """Settings as in the environment, which they go before."""
    caller: Called = Caller()
    never: Texts | None = None
    """Texts that no reply may have."""
    model: list[ScriptedAnswer] = []
    """Answers of a scripted model; the first that fits is given. Empty: the model that is set."""
    handbook: bool = False
    """Whether the embedded handbook answers, whatever is set; written `model: handbook`."""
    talks: list[Talk] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, value: Any) -> Any:
        if isinstance(value, dict) and value.get("model") == "handbook":
            return {**value, "model": [], "handbook": True}
        return value


class ReadRehearsal:
    """A file that was read."""

    def __init__(self, path: Path, file: Rehearsal) -> None:
        """Of this path."""
        self.path = path
        self.file = file

    @property
    def name(self) -> str:
        """By which people know it."""
        return self.path.name.partition(REHEARSAL)[0]

    @property
    def persona(self) -> str:
        """Who is rehearsed."""
        return self.file.persona or self.name


def read_rehearsal(path: Path) -> ReadRehearsal:
    """Read one file; blocks.

    Raises:
        ConfigError: it cannot be read or is wrong; a line for each mistake.
    """
    text = yaml_lines.text_of(path)
    return ReadRehearsal(path, yaml_lines.filled(Rehearsal, path, text, begins="talks:"))


def read_all(places: Sequence[Path]) -> list[ReadRehearsal]:
    """Read files, and all rehearsals of folders; blocks.

    Raises:
        ConfigError: one is wrong, or there is none; the message has all mistakes.
    """
    found: list[ReadRehearsal] = []
    mistakes: list[str] = []
    for path in dict.fromkeys(file for place in places for file in _files_of(place)):
        try:
            found.append(read_rehearsal(path))
        except ConfigError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return found


def _files_of(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    files = [file for file in sorted(path.iterdir()) if file.name.endswith(ENDINGS)]
    if not files:
        raise ConfigError(f"{path} has no file whose name ends in {ENDINGS[0]}")
    yield from files
