"""What a reply is expected to be, as a person writes it. `rejoinder.rehearsal.judging` looks."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from agent.options.fields import Language


class Strict(BaseModel):
    """Part of a rehearsal's file; frozen."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


def as_list(value: Any) -> Any:
    """One text is a list of one."""
    return [value] if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
Texts = Annotated[list[Text], BeforeValidator(as_list), Field(min_length=1)]


def _compiled(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise PydanticCustomError(
            "pattern", "is no regular expression: {why}", {"why": str(error)}
        ) from error
    return pattern


Pattern = Annotated[Text, AfterValidator(_compiled)]


class Words(Strict):
    """Texts of which some are to be there."""

    all: Texts | None = None
    any: Texts | None = None

    @model_validator(mode="after")
    def _some(self) -> "Words":
        if self.all is None and self.any is None:
            raise PydanticCustomError("words", "should have `all:` or `any:`")
        return self


def _words(value: Any) -> Any:
    return value if isinstance(value, dict) else {"all": value}


class Tool(Strict):
    """A call of a tool."""

    name: Text
    arguments: dict[str, Any] = {}
    """That are among those of the call; a text is looked for in the argument."""


def _tools(value: Any) -> Any:
    tools = value if isinstance(value, list) else [value]
    return [{"name": tool} if isinstance(tool, str) else tool for tool in tools]


class Expectation(Strict):
    """Of one turn; all that is said must hold. Letters count the same in either case."""

    contains: Annotated[Words, BeforeValidator(_words)] | None = None
    """The reply has all of these texts, or any of them."""
    not_contains: Texts | None = None
    """It has none of these."""
    matches: Pattern | None = None
    """A regular expression is found in it."""
    language: Language | None = None
    at_most_words: int | None = Field(None, ge=0)
    """A character of Chinese or Japanese counts as one."""
    at_most_sentences: int | None = Field(None, ge=0)
    source: Text | None = None
    """Part of a path or title that the reply was told from."""
    tool: Annotated[list[Tool], BeforeValidator(_tools)] | None = None
    """These were called, among others."""
    no_tool: Annotated[Literal[True] | Texts, BeforeValidator(as_list)] | None = None
    """None was called, or none of these."""
    refuses: Literal[True] | None = None
    """The reply turns the request down."""
    in_role: Annotated[Literal[True] | Texts, BeforeValidator(as_list)] | None = None
    """It says no passage of the persona's instructions, nor any of these texts."""
    persona: Text | None = None
    """Who speaks after it."""
    within_s: float | None = Field(None, gt=0)
    """Seconds to the model's first word; by voice from the end of the one to the begin of the
    other."""
    judge: Text | None = None
    """A criterion in words, for a model that judges."""
    prompt_has: Texts | None = None
    """What the scripted model was sent has these texts."""
    prompt_lacks: Texts | None = None
    """It has none of these."""
    real_only: bool = False
    """Whether it is a language model's wits that are looked at: not held against a script, nor
    against the embedded handbook."""


def _expectations(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Expectations = Annotated[list[Expectation], BeforeValidator(_expectations)]
