"""Who runs an engine: this machine, this network, or somebody for many."""

import ipaddress
from urllib.parse import urlsplit

from agent.settings.load import StageChoice


def is_hosted(choice: StageChoice) -> bool:
    """Whether somebody else runs the engine, for many."""
    url = str(getattr(choice.options, "url", "") or "")
    host = urlsplit(url).hostname
    # An address without a host is a Hugging Face Space, owner/name.
    return choice.engine == "bedrock" or (bool(url) and (host is None or not _is_private(host)))


def _is_private(host: str) -> bool:
    """Whether a host is on this machine or in a network of one's own."""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".home.arpa"))
