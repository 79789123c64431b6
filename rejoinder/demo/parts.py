"""One process of the demo, as it is started and looked after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rejoinder.demo.ports import LOOPBACK


@dataclass(frozen=True, slots=True)
class Part:
    """One process of the demo."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    health_url: str
    """Answers 200 when the process serves."""
    own_line: str
    """What its own log says once it serves: another process may answer at that address."""
    after: Sequence[str] = ()
    """Parts that must be ready before it is started."""
    patience_s: float = 120.0
    """How long it may show no progress before it is ready, seconds. Generous: a busy machine
    may take a minute to import livekit-agents, and a process that died is noticed at once."""
    log_is_progress: bool = False
    """Whether a growing log counts as progress: a download draws its bar there."""


def address(port: int) -> str:
    """Of what listens on this machine."""
    return f"http://{LOOPBACK}:{port}"
