"""Settings of a server: every field is a flag and a variable.

Precedence: flag > variable > default. All mistakes are reported at once.
"""

import argparse
import difflib
import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from model_servers.serving.errors import StartError

# What Kubernetes sets in every container for a Service called like the prefix.
_SERVICE_LINK = re.compile(r"_(SERVICE_(HOST|PORT.*)|PORT(_\d+_(TCP|UDP).*)?)$")
_SERVICE_LINK_VALUE = "tcp://"

_Model = TypeVar("_Model", bound=BaseModel)


class ServerSettings(BaseModel):
    """What every model server has."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    host: str = Field(
        "127.0.0.1",
        min_length=1,
        description="address to listen on; beyond loopback it needs api_key or trusted_network",
    )
    port: int = Field(0, ge=0, le=65535, description="TCP port; 0 takes a free one")
    api_key: SecretStr | None = Field(
        None,
        min_length=1,
        description="key that requests must carry as `Authorization: Bearer …`; "
        "prefer the variable, flags are visible to other users of the machine",
    )
    trusted_network: bool = Field(
        False,
        description="listen beyond loopback without a key: everybody who reaches the port may "
        "use the server",
    )
    allowed_hosts: str = Field(
        "",
        description="comma list of host names under which the server may be asked without a "
        "key, besides localhost, and with trusted_network addresses and names without a dot; *: "
        "all, where no browser can reach it",
    )
    allowed_origins: str = Field(
        "",
        description="comma list of origins, such as https://example.com, whose pages may ask "
        "from a browser; *: all",
    )
    queue_size: int = Field(
        8, ge=0, le=10000, description="requests that may wait; more are refused with 429"
    )
    timeout_s: float = Field(
        30.0,
        gt=0,
        le=3600,
        description="longest time from a request to its complete answer, seconds",
    )
    max_upload_mb: float = Field(
        25.0, gt=0, le=2048, description="largest request body, MiB; larger ones get 413"
    )
    connections: int = Field(
        512,
        ge=8,
        le=100000,
        description="connections at the same time, at most half of the files that the process "
        "may open; when all are taken, the one that has waited longest for its client is closed",
    )
    connections_each: int = Field(
        128, ge=4, le=100000, description="connections of one address at the same time"
    )
    debug: bool = Field(False, description="also log tracebacks; they may contain what was said")


def is_loopback(host: str) -> bool:
    """Whether a host name or address can be reached from this machine only."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def variable(prefix: str, field: str) -> str:
    """Name of the variable that sets `field`."""
    return prefix + field.upper()


def read_settings(
    model: type[_Model],
    *,
    program: str,
    summary: str,
    prefix: str,
    argv: Sequence[str],
    environ: Mapping[str, str] | None = None,
) -> _Model:
    """Combine flags, variables and defaults.

    Args:
        model: the settings; a field `cpu_threads` is `--cpu-threads` and PREFIX_CPU_THREADS.
        program: how the server is started, for `--help`.
        summary: first lines of `--help`.
        prefix: of the variables, with its final underscore.
        argv: the command line without the program's name.
        environ: the environment; this process's when not given.

    Raises:
        StartError: names or values are wrong; the message lists every one.
        SystemExit: by argparse, after `--help` and for unknown flags.
    """
    environ = os.environ if environ is None else environ
    given = vars(_parser(model, program, summary, prefix).parse_args(argv))
    known = {variable(prefix, name): name for name in model.model_fields}
    mistakes = _unknown_names(prefix, known, environ)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for name, field in known.items():
        text = environ.get(name, "").strip()
        if text and not text.startswith(_SERVICE_LINK_VALUE):
            values[field], sources[field] = text, name
        if given[field] is not None:
            values[field], sources[field] = given[field], _flag(field)
    try:
        settings = model.model_validate(values)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            field = str(fault["loc"][0]) if fault["loc"] else ""
            shown = "" if _is_secret(model.model_fields[field]) else f"={values.get(field, '')}"
            mistakes.append(f"{sources.get(field, field)}{shown}: {fault['msg']}")
    else:
        mistakes += _exposed(settings, prefix)
    if mistakes:
        raise StartError("\n".join(mistakes))
    return settings


def _exposed(settings: BaseModel, prefix: str) -> list[str]:
    """The mistake of letting others in without knowing it."""
    if not isinstance(settings, ServerSettings):
        return []
    if is_loopback(settings.host) or settings.api_key or settings.trusted_network:
        return []
    return [
        f"{prefix}HOST={settings.host} can be reached by others, who could then use this server "
        f"without being asked who they are: set {variable(prefix, 'api_key')}, or on a network "
        f"where everybody may {variable(prefix, 'trusted_network')}=true (--trusted-network)"
    ]


def silence_telemetry() -> None:
    """Turn off what Gradio and huggingface_hub send home. Before they are imported."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


def keep_uploads_in(folder: Path) -> None:
    """Where Gradio stores what visitors upload. Before it is imported."""
    os.environ["GRADIO_TEMP_DIR"] = str(folder)


def _flag(field: str) -> str:
    return "--" + field.replace("_", "-")


def _parser(
    model: type[BaseModel], program: str, summary: str, prefix: str
) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program,
        description=summary,
        epilog="A flag wins over its variable. Exit status: 0 stopped by a signal, "
        "1 could not start, 2 wrong settings.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for name, field in model.model_fields.items():
        default = "none" if field.default in (None, "") else field.default
        text = f"{field.description} (default: {default}; {variable(prefix, name)})"
        options: dict[str, Any] = {"dest": name, "default": None}
        options["help"] = text.replace("%", "%%")
        if field.annotation is bool:
            parser.add_argument(_flag(name), action=argparse.BooleanOptionalAction, **options)
            continue
        choices = get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
        options["metavar"] = "|".join(choices) or name.split("_")[-1].upper()
        parser.add_argument(_flag(name), **options)
    return parser


def _is_secret(field: FieldInfo) -> bool:
    return SecretStr in (field.annotation, *get_args(field.annotation))


def _unknown_names(prefix: str, known: Mapping[str, str], environ: Mapping[str, str]) -> list[str]:
    mistakes = []
    for name in sorted(environ):
        if not name.startswith(prefix) or name in known or _SERVICE_LINK.search(name):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        mistakes.append(f"{name} is not a setting{hint}")
    return mistakes
