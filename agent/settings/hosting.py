"""Who runs an engine: this machine, this network, or somebody for many."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from agent.settings.load import StageChoice

_SCHEMES = ("http://", "https://", "ws://", "wss://")
_HOSTED = ("bedrock", "polly", "transcribe")
"""Engines that are asked at no address. An endpoint of SageMaker is one's own."""


def is_hosted(choice: StageChoice) -> bool:
    """Whether somebody else runs the engine, for many."""
    if choice.engine == "plugin":
        # Without an address among its arguments a plug-in asks the service it is named for.
        named = list(_addresses(getattr(choice.options, "plugin_options", {})))
        return not named or not all(_is_private(urlsplit(url).hostname or "") for url in named)
    url = str(getattr(choice.options, "url", "") or "")
    host = urlsplit(url).hostname
    # An address without a host is a Hugging Face Space, owner/name.
    return choice.engine in _HOSTED or (bool(url) and (host is None or not _is_private(host)))


def _addresses(arguments: Mapping[str, Any]) -> Iterator[str]:
    for value in arguments.values():
        if isinstance(value, str) and value.startswith(_SCHEMES):
            yield value


def _is_private(host: str) -> bool:
    """Whether a host is on this machine or in a network of one's own."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".home.arpa"))
