"""A real livekit-sip on loopback: free ports, gone when the block ends."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rejoinder.demo.ports import PortPicker
from testbed.livekit_process import LiveKitProcess
from testbed.programs import running

_NAME = "LIVEKIT_SIP_BIN"
_HOW = (
    "livekit-sip is in no package registry: take the program out of LiveKit's official image "
    f"livekit/sip and name it in {_NAME}"
)
_CALLS_PORTS = 100
"""RTP ports: more than the calls of a test session; one of an ended call drains for a while."""


def livekit_sip_binary() -> str:
    """Path of livekit-sip: LIVEKIT_SIP_BIN, else PATH. Without one a test is skipped, in CI too."""
    named = os.environ.get(_NAME)
    if named and not Path(named).is_file():
        pytest.fail(f"{_NAME}={named} does not exist")
    found = named or shutil.which("livekit-sip")
    return found or pytest.skip(_HOW)


@contextmanager
def run_livekit_sip(
    binary: str, folder: Path, *, livekit: LiveKitProcess, redis: str
) -> Iterator[str]:
    """Start the service of a server; gives its SIP address, `127.0.0.1:5060`. Blocks.

    Raises:
        RuntimeError: it did not get ready; the message has its last log lines.
    """
    with PortPicker() as free:
        sip_port, health_port, first = free.udp(), free.tcp(), free.udp()
    config = {
        "api_key": livekit.api_key,
        "api_secret": livekit.api_secret,
        "ws_url": livekit.url,
        "redis": {"address": redis},
        "sip_port": sip_port,
        "rtp_port": f"{first}-{first + _CALLS_PORTS}",
        "listen_ip": "127.0.0.1",
        # Else the first interface that is not loopback is what it tells callers.
        "nat_1_to_1_ip": "127.0.0.1",
        "use_external_ip": False,
        "health_port": health_port,
        # Unset, one call on a busy machine of two cores is refused.
        "max_cpu_utilization": 1.0,
        "rtp_draining_idle_timeout": "2s",
        "logging": {"level": "info"},
    }
    folder.mkdir(parents=True, exist_ok=True)
    config_file = folder / "livekit-sip.json"
    config_file.write_text(json.dumps(config))  # JSON is YAML
    with running("livekit-sip", [binary, "--config", str(config_file)], folder=folder) as program:
        program.wait_ready(f"http://127.0.0.1:{health_port}/")
        yield f"127.0.0.1:{sip_port}"
