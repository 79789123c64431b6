"""Our own configuration of a livekit-server on loopback, and the keys it is used with."""

import json
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.errors import StartupError
from rejoinder.demo.places import write_private
from rejoinder.demo.ports import LOOPBACK

_KEYS_FILE = "livekit-keys.json"
_DISCARD_PORT = 9
_EMPTY_TIMEOUT_S = 30
"""Life of a room that nobody has entered: time to answer the browser's microphone prompt."""
_DEPARTURE_TIMEOUT_S = 35
"""Life of a room that every caller has left: longer than the agent waits for one to come back
(AGENT_RETURN_S)."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs tokens for a LiveKit server."""

    api_key: str
    api_secret: str = field(repr=False)


def load_or_create_keys(state: Path) -> Keys:
    """The local server's keys; blocks. Made once, readable for this user only.

    Several processes may do so at once: all get the same keys.

    Raises:
        StartupError: the file is there and cannot be read.
    """
    path = state / _KEYS_FILE
    if not path.exists():
        made = {"api_key": f"API{secrets.token_hex(6)}", "api_secret": secrets.token_urlsafe(36)}
        temporary = write_private(path, json.dumps(made))
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass  # another process was quicker: its keys count
        finally:
            temporary.unlink()
    try:
        path.chmod(0o600)
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Keys(str(kept["api_key"]), str(kept["api_secret"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StartupError(f"{path} cannot be used ({type(error).__name__}); delete it") from error


def server_config(keys: Keys, *, port: int, media_port: int, metrics_port: int) -> dict[str, Any]:
    """Configuration for one run; every listener is on 127.0.0.1.

    Source: livekit-server 1.13.5, pkg/config/config.go; unknown names abort its start.

    Args:
        keys: what clients sign their tokens with.
        port: TCP port of signalling and of the API.
        media_port: UDP port of all audio.
        metrics_port: TCP port of `/metrics`.
    """
    return {
        "port": port,
        "bind_addresses": [LOOPBACK],
        "keys": {keys.api_key: keys.api_secret},
        "rtc": {
            "udp_port": media_port,
            # The TCP fallback would listen on all addresses; UDP on loopback never fails.
            "tcp_port": 0,
            "allow_tcp_fallback": False,
            "use_external_ip": False,
            "node_ip": LOOPBACK,
            "enable_loopback_candidate": True,
            "ips": {"includes": [f"{LOOPBACK}/32"]},
            # Without an entry the server hands public STUN hosts to every client.
            "stun_servers": [f"{LOOPBACK}:{_DISCARD_PORT}"],
        },
        "room": {
            "empty_timeout": _EMPTY_TIMEOUT_S,
            "departure_timeout": _DEPARTURE_TIMEOUT_S,
        },
        "prometheus": {"port": metrics_port},
        "logging": {"level": "info", "json": False},
    }


def server_environment(config: dict[str, Any], environ: dict[str, str]) -> dict[str, str]:
    """Environment that livekit-server is started with.

    Only PATH and HOME pass: it reads LIVEKIT_KEYS, NODE_IP and others, which would win over
    the configuration. JSON is YAML, so no YAML library is needed.
    """
    kept = {name: environ[name] for name in ("PATH", "HOME") if name in environ}
    return kept | {"LIVEKIT_CONFIG": json.dumps(config)}
