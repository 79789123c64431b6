"""Tools: what the model may do beside talking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from agent.options.fields import Section, setting

BuiltIn = Literal["end_call", "send_text", "press_keys", "transfer_call"]


def _names(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [name for name in (part.strip() for part in value.split(",")) if name]


class ToolOptions(Section):
    """Tools that the model may call (docs/tools.md)."""

    tools: Annotated[tuple[str, ...], BeforeValidator(_names)] = setting(
        (),
        "comma list of modules of your own whose livekit-agents function tools the model may call, "
        "those that a persona's file lists",
    )
    built_in: Annotated[tuple[BuiltIn, ...], BeforeValidator(_names)] = setting(
        (),
        "built-in tools of an agent whose persona is of no file, comma list of end_call, "
        "send_text, press_keys, transfer_call; a persona's file lists its own. By telephone it has "
        "end_call",
    )
    timeout_s: float = setting(
        10.0, "longest time a tool may take; then the model is told that it failed", gt=0, le=600
    )
    filler_after_s: float = setting(
        0.8, "silence while a tool works after which the filler is said, seconds", ge=0, le=60
    )
    rounds: int = setting(
        5, "how often the model may call tools, one after the other, for one answer", ge=1, le=20
    )
    tell: Literal["names", "arguments"] = setting(
        "names",
        "what clients in the room are told of a tool that works: its name, or what it was called "
        "with too",
    )


class McpServer(BaseModel):
    """One server of tools: a program, or an address."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    command: str = ""
    """A program that speaks MCP on its standard input and output."""
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field({}, repr=False)
    """Beside PATH, HOME and the like: the worker's own variables are not passed on."""
    url: Annotated[str, Field(pattern=r"^(https?://.+)?$")] = ""
    """Streamable HTTP; an address that ends in /sse: server-sent events."""
    headers: dict[str, str] = Field({}, repr=False)

    @model_validator(mode="after")
    def _one_way(self) -> "McpServer":
        if bool(self.command) == bool(self.url):
            raise PydanticCustomError("way", "needs a command or a url, one of them")
        return self


@dataclass(frozen=True, slots=True)
class McpServers:
    """By name. Shows itself by its names alone: the rest may hold keys."""

    by_name: Mapping[str, McpServer] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        """Their names."""
        return ", ".join(self.by_name)


def _servers(value: object) -> McpServers:
    """JSON, or the path of a JSON or YAML file, both as other clients of MCP have them."""
    if isinstance(value, McpServers):
        return value
    found = _read(str(value).strip())
    found = found.get("mcpServers", found) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        raise PydanticCustomError("servers", "should be an object with an entry for each server")
    servers = {}
    for name, entry in found.items():
        try:
            servers[str(name)] = McpServer.model_validate(entry)
        except ValidationError as error:
            fault = error.errors(include_input=False)[0]
            where = ".".join(map(str, (name, *fault["loc"])))
            told = {"where": where, "why": fault["msg"]}
            raise PydanticCustomError("server", "{where}: {why}", told) from None
    return McpServers(servers)


def _read(text: str) -> Any:
    if not text.startswith("{"):
        try:
            text = Path(text).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "no UTF-8 text"
            raise PydanticCustomError(
                "file", "should be JSON or the path of a file: {why}", {"why": why}
            ) from None
    try:
        # What is JSON is YAML too.
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise PydanticCustomError("syntax", "is neither JSON nor YAML") from None


class McpOptions(Section):
    """Tools of MCP servers (docs/tools.md)."""

    servers: Annotated[McpServers, PlainValidator(_servers)] = setting(
        McpServers(),
        'MCP servers whose tools the model may call: a JSON object such as {"home": {"command": '
        '"home-mcp", "args": []}} or {"home": {"url": "https://HOST/mcp", "headers": {}}}, or the '
        "path of a JSON or YAML file with one",
        private=True,
    )
