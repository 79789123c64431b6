"""What a server writes to standard error: progress for the person who started it, and a log.

Progress lines say what is loaded from where. The log's messages are constant; facts follow
as `name=value`. Neither ever holds audio's or requests' content.
"""

import logging
import sys
from collections.abc import Callable

Say = Callable[[str], None]
"""Writes one line of progress. May be called in any thread."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}


def make_say(name: str) -> Say:
    """Lines that begin with the server's name, at once visible to who reads them."""

    def say(text: str) -> None:
        sys.stderr.write(f"{name}: {text}\n")
        sys.stderr.flush()

    return say


def set_up_logging(name: str, *, debug: bool) -> None:
    """Log to standard error, each line beginning with the server's name."""
    handler = logging.StreamHandler()
    handler.setFormatter(_WithFacts(f"{name}: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("model_servers").setLevel(logging.DEBUG if debug else logging.INFO)
    # It repeats, with tracebacks, what `serving.application` has logged.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR if debug else logging.CRITICAL)


class _WithFacts(logging.Formatter):
    """Puts a record's `extra` behind its message."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (logging's name)
        facts = [f"{k}={v}" for k, v in vars(record).items() if k not in _STANDARD]
        return " ".join([super().formatMessage(record), *facts])
