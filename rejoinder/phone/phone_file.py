"""What reaches the agent by telephone, as a person writes it: one YAML file.

    inbound:
      office:
        numbers: {"+15550100": receptionist, "+15550101": mentor}
        allowed_addresses: [192.0.2.0/24]
    outbound:
      carrier:
        address: sip.example.com
        numbers: ["+15550100"]
        auth_username: office
        auth_password: ${SIP_PASSWORD}

docs/phone.md says what each line is for. The file holds no password: `${NAME}` is looked up in
the environment.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from agent.personas import yaml_lines

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
)


@dataclass(frozen=True, slots=True)
class _Known:
    """What a file's lines are held against."""

    variables: Mapping[str, str]
    personas: frozenset[str]


def _known(info: ValidationInfo) -> _Known:
    known = (info.context or {})["known"]
    assert isinstance(known, _Known)
    return known


def e164(number: str) -> str:
    """The same number; a ValueError says how one is written."""
    if not _E164.fullmatch(number):
        raise PydanticCustomError(
            "number",
            "should be a number with its country and without spaces, such as +4930123456 (E.164)",
        )
    return number


def _network(text: str) -> str:
    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise PydanticCustomError(
            "network",
            "should be an address or a network, such as 192.0.2.0/24: {why}",
            {"why": str(error)},
        ) from error
    return str(network)


def _host(text: str) -> str:
    if not _HOST.fullmatch(text):
        raise PydanticCustomError(
            "host", "should be a host or an address, with or without a port, and no sip:"
        )
    return text


def _persona(name: str, info: ValidationInfo) -> str:
    known = _known(info).personas
    if name not in known:
        raise PydanticCustomError(
            "persona",
            "there is no persona of this name; known: {known}",
            {"known": ", ".join(sorted(known)) or "none"},
        )
    return name


def _from_environment(value: Any, info: ValidationInfo) -> Any:
    if not isinstance(value, str):
        return value
    named = _VARIABLE.fullmatch(value)
    if named is None:
        raise PydanticCustomError(
            "secret", "should be ${NAME}: a password stands in the environment, not in a file"
        )
    found = _known(info).variables.get(named[1])
    if not found:
        raise PydanticCustomError(
            "secret", "{name} is not set in the environment", {"name": named[1]}
        )
    return found


def _list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _by_number(value: Any) -> Any:
    """Numbers without a persona of their own, or each with one."""
    value = _list(value)
    if isinstance(value, list) and all(isinstance(number, str | int) for number in value):
        return dict.fromkeys(value)
    return value


Number = Annotated[str, AfterValidator(e164)]
Networks = Annotated[list[Annotated[str, AfterValidator(_network)]], BeforeValidator(_list)]
PersonaName = Annotated[str, AfterValidator(_persona)]
Password = Annotated[SecretStr, BeforeValidator(_from_environment)]
Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
"""What a trunk is called in the file; its name at LiveKit is made of it."""


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Trunk(_Strict):
    auth_username: str = Field("", max_length=256)
    auth_password: Password | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if bool(self.auth_username) != (self.auth_password is not None):
            raise PydanticCustomError(
                "auth", "auth_username and auth_password belong together: set both or neither"
            )
        return self


class InboundTrunk(_Trunk):
    """Who may call, and who answers."""

    numbers: Annotated[dict[Number, PersonaName | None], BeforeValidator(_by_number)] = {}
    """Ours, that are called through it, each with the persona that answers; empty: any. None: the
    trunk's persona."""
    persona: PersonaName | None = None
    """Answers who has called no number of a persona; None: the worker's `PERSONAS_DEFAULT`."""
    allowed_addresses: Networks = []
    """Of the carrier; empty: anybody's."""
    allowed_numbers: Annotated[list[Number], BeforeValidator(_list)] = []
    """Of callers; empty: anybody's."""
    hide_caller: bool = False
    """Whether room and agent are not told the caller's number."""
    ringing_s: int | None = Field(None, ge=1, le=600)
    """How long a caller waits for an agent, seconds; None: as LiveKit has it, 3 minutes."""
    longest_call_s: int | None = Field(None, ge=1, le=86_400)
    """What ends a call; None: as LiveKit has it."""

    @model_validator(mode="after")
    def _closed(self) -> Self:
        if not (self.auth_username or self.allowed_addresses or self.numbers):
            raise PydanticCustomError(
                "open",
                "it would take calls from anybody to anything: set allowed_addresses to your "
                "carrier's networks, or auth_username and auth_password, or at least numbers",
            )
        return self


class OutboundTrunk(_Trunk):
    """Through whom we call."""

    address: Annotated[str, AfterValidator(_host)]
    """The carrier's, without `sip:`."""
    transport: Literal["auto", "udp", "tcp", "tls"] = "auto"
    numbers: Annotated[list[Number], BeforeValidator(_list), Field(min_length=1)]
    """Ours, that who is called sees."""


def _numbers_once(inbound: dict[str, InboundTrunk]) -> dict[str, InboundTrunk]:
    taken: dict[str, str] = {}
    for key, trunk in inbound.items():
        for number in trunk.numbers or ("",):
            other = taken.setdefault(number, key)
            if other != key:
                raise PydanticCustomError(
                    "twice", "{other} and {key} both take {number}",
                    {"other": other, "key": key, "number": number or "calls to any number"},
                )  # fmt: skip
    return inbound


class PhoneFile(_Strict):
    """What the file may say."""

    name: Key = "rejoinder"
    """Begins the name of all that is made of this file: by it `setup` knows what is its own."""
    inbound: Annotated[dict[Key, InboundTrunk], AfterValidator(_numbers_once)] = {}
    outbound: dict[Key, OutboundTrunk] = {}


def read_phone_file(
    path: Path, *, variables: Mapping[str, str], personas: frozenset[str]
) -> PhoneFile:
    """Read a file; blocks.

    Args:
        path: the file.
        variables: where `${NAME}` is looked up.
        personas: names of those that there are.

    Raises:
        ConfigError: each mistake, by file and line. No message has a password.
    """
    return yaml_lines.filled(
        PhoneFile,
        path,
        yaml_lines.text_of(path),
        begins="inbound:",
        context={"known": _Known(variables, personas)},
    )
