"""Callers by telephone."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field, PlainValidator
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


_NAME = re.compile(r"[^\W_][\w -]{0,63}")
_NUMBER = re.compile(r"\+?[0-9][0-9 ()/-]{1,31}")
_ADDRESS = re.compile(r"(sips?|tel):[^\s,;@]+(@[^\s,@]+)?")
_NOT_DIGITS = str.maketrans("", "", " ()/-")


def _destination(value: str) -> str:
    """Where a call is sent: `tel:+4930123`, or an address of SIP as it is written."""
    text = value.strip()
    if _ADDRESS.fullmatch(text):
        return text
    if _NUMBER.fullmatch(text):
        return f"tel:{text.translate(_NOT_DIGITS)}"
    # What it is stays unsaid: it is nobody's business who reads a log.
    raise PydanticCustomError(
        "destination", 'should be a number such as "+4930123456", or sip:NAME@HOST'
    )


Destination = Annotated[str, AfterValidator(_destination)]
"""A number, as people write it, or an address; afterwards what LiveKit's API takes."""


def _known_name(value: str) -> str:
    name = value.strip()
    if not _NAME.fullmatch(name):
        raise PydanticCustomError(
            "name", "a name has letters, digits, spaces and hyphens, 64 at most"
        )
    return name


DestinationName = Annotated[str, AfterValidator(_known_name)]
"""By which a model and a caller know it."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """To whom callers may be put through, by name. Shows itself by its names alone."""

    by_name: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        """Their names."""
        return ", ".join(self.by_name)


def _destinations(value: object) -> Destinations:
    """`sales=+4930123, support=sip:help@example.com`."""
    if isinstance(value, Destinations):
        return value
    return Destinations(dict(_pairs(part for part in str(value).split(",") if part.strip())))


def _pairs(parts: Iterable[str]) -> Iterator[tuple[str, str]]:
    for part in parts:
        name, equals, destination = part.partition("=")
        if not equals:
            raise PydanticCustomError("pairs", "should be NAME=+NUMBER, NAME=+NUMBER")
        yield _known_name(name), _destination(destination)


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
    transfer: Annotated[Destinations, PlainValidator(_destinations)] = setting(
        Destinations(),
        "to whom the tool transfer_call may put callers through, a comma list such as "
        "sales=+4930123456, help=sip:help@example.com; a persona's file may have its own",
        private=True,
    )
    silence_s: float = setting(
        20.0,
        "silence after which a caller by telephone is asked whether they are still there, seconds; "
        "after as much again the call ends with a farewell; 0: never",
        ge=0,
        le=3600,
    )
    hold_s: float = setting(
        120.0,
        "the same, up to the question, for a caller who has asked the agent to wait a moment",
        ge=0,
        le=3600,
    )
