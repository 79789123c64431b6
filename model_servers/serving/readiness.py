"""Whether the model can be used yet: `GET /health` and `GET /ready`."""

import time
from typing import Any

from model_servers.serving.errors import NotReady


class Readiness:
    """State of the model. Written and read on the event loop only."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._step = "starting"
        self._facts: dict[str, Any] | None = None
        self._broken = ""

    def loading(self, step: str) -> None:
        """Say what is being done now, for people and supervisors who wait."""
        self._step = step

    def ready(self, **facts: Any) -> None:
        """The model can be used; `facts` become part of the answer."""
        self._facts = facts

    def broken(self, reason: str) -> None:
        """The model will not work again in this process, which is to be started anew."""
        self._broken = reason

    @property
    def is_ready(self) -> bool:
        """Whether the model can be used."""
        return self._facts is not None and not self._broken

    def require(self) -> None:
        """Do nothing when the model can be used.

        Raises:
            NotReady: it is still being loaded, or broken.
        """
        if self._broken:
            raise NotReady(f"the model is broken: {self._broken}")
        if self._facts is None:
            raise NotReady(f"the model is being loaded: {self._step}")

    def answer(self) -> tuple[int, dict[str, Any]]:
        """Status and JSON body of `GET /ready`."""
        if self._broken:
            return 503, {"status": "broken", "reason": self._broken}
        if self._facts is not None:
            return 200, {"status": "ready", **self._facts}
        elapsed_s = round(time.monotonic() - self._began, 1)
        return 503, {"status": "loading", "step": self._step, "elapsed_s": elapsed_s}
