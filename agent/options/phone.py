"""Callers by telephone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from agent.options.fields import Section, setting

Command = Literal["human", "repeat", "slower"]
"""What one key does: asks for a human being, has the last reply said again, slows the voice."""

_BINDABLE = frozenset("0123456789*#ABCD")


@dataclass(frozen=True, slots=True)
class BoundKeys:
    """What each key does."""

    by_key: Mapping[str, Command] = field(default_factory=dict)

    def __str__(self) -> str:
        """As a person writes it."""
        return ",".join(f"{key}={command}" for key, command in self.by_key.items())


def _bound(value: object) -> BoundKeys:
    """`0=human, #=repeat, *=slower`; `none`: no key does anything by itself."""
    if isinstance(value, BoundKeys):
        return value
    text = str(value).strip()
    commands: dict[str, Command] = {command: command for command in get_args(Command)}
    found: dict[str, Command] = {}
    for part in () if text == "none" else text.split(","):
        key, _, name = (piece.strip() for piece in part.partition("="))
        if key not in _BINDABLE or name not in commands:
            raise PydanticCustomError(
                "keys",
                "should be a comma list such as 0=human,#=repeat,*=slower, or none; {part} is "
                "none of it: a key is 0-9, *, # or A-D, and does {known}",
                {"part": repr(part.strip()), "known": " or ".join(commands)},
            )
        if key in found:
            raise PydanticCustomError("keys", "has {key} twice", {"key": key})
        found[key] = commands[name]
    return BoundKeys(found)


class PhoneOptions(Section):
    """Callers by telephone (docs/phone.md)."""

    words: int = setting(
        40,
        "longest reply to a telephone, words of five letters; the sentence in which they are "
        "reached is said to its end; 0: as long as elsewhere",
        ge=0,
        le=1000,
    )
    tell_number: Literal["no", "last_digits", "yes"] = setting(
        "no",
        "whether the model is told the caller's number: no, its last four digits, or all of it",
    )
    keys: Annotated[BoundKeys, PlainValidator(_bound)] = setting(
        _bound("0=human,#=repeat,*=slower"),
        "what a key does that is pressed by itself: human, repeat (the last reply), slower; none: "
        "nothing. Other keys, and several after each other, go to the model",
    )
    keys_pause_s: float = setting(
        1.8, "pause after which what was keyed in is complete, seconds", gt=0, le=30
    )
    keys_most: int = setting(20, "most keys that are one entry", ge=1, le=100)
    emergency_number: Annotated[str, Field(pattern=r"^[0-9]{0,8}$")] = setting(
        "",
        "number that callers who tell of an emergency are asked to dial, such as 112; empty: they "
        "are told to dial that of their place",
    )
