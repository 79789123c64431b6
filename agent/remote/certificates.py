"""Which servers are believed over TLS: by this machine's authorities, by a file, or all of them."""

import ssl
from pathlib import Path
from typing import Annotated

from livekit.agents.utils import http_context
from pydantic import BeforeValidator

from agent.errors import ConfigError

_YES, _NO = ("", "true", "yes", "on", "1"), ("false", "no", "off", "0")


def _checked(value: object) -> str:
    text = str(value).strip()
    if text.lower() in _YES:
        return "true"
    return "false" if text.lower() in _NO else text


Verify = Annotated[str, BeforeValidator(_checked)]
"""`true`: as this machine does; `false`: whoever answers; else a file of certificates (PEM)."""


def preload_authorities() -> None:
    """Read this machine's authorities, before processes part.

    livekit-agents keeps them for all calls of a process, and reads them when a call first asks
    livekit-server for something: up to 0.1 s in which its event loop stands still.
    """
    http_context._create_ssl_context()


def trust(verify: str, *, setting: str) -> bool | ssl.SSLContext:
    """What httpx takes as `verify` and aiohttp as `ssl`; reads the file.

    Args:
        verify: a checked `Verify`.
        setting: the variable that holds it, for people.

    Raises:
        ConfigError: it names no file of certificates.
    """
    if verify in ("true", "false"):
        return verify == "true"
    try:
        return ssl.create_default_context(cafile=Path(verify).expanduser())
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{setting}={verify} is neither true nor false nor a file of certificates (PEM): "
            f"{getattr(error, 'strerror', None) or error}"
        ) from error


def untrusted(host: str, *, setting: str, or_all: bool = True) -> str:
    """What to say of a server whose certificate is not believed; `or_all`: it may be off."""
    other = f", or {setting}=false to talk to whoever answers there" if or_all else ""
    return (
        f"the certificate of {host} is not trusted: set {setting} to the file of the certificate "
        f"that signed it{other}"
    )


def is_certificate_fault(error: BaseException) -> bool:
    """Whether it is, or was caused by, a certificate that is not believed."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLCertVerificationError):
        cause = cause.__cause__ or cause.__context__
    return cause is not None
