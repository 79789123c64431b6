"""What a server writes to standard error: progress for the person who started it, and a log.

Progress lines say what is loaded from where. The log's messages are constant; facts follow
as `name=value`. Neither ever holds audio's or requests' content.
"""

import logging
import sys
import time
from collections.abc import Callable

Say = Callable[[str], None]
"""Writes one line of progress. May be called in any thread."""

_BURST, _PER_S = 20, 0.2
"""Lines with the same message: so many at once, and so many a second in the long run."""
_MESSAGES = 200
"""Different messages that are told apart; all others count as one."""

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
    if not debug:
        handler.addFilter(_own_words_only)
    handler.addFilter(Sparing())
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


def _own_words_only(record: logging.LogRecord) -> bool:
    """Take the text of other libraries' messages out: they quote what was said and who asked."""
    if not record.name.startswith("model_servers"):
        record.kind = type(record.exc_info[1]).__name__ if record.exc_info else record.levelname
        record.msg, record.args = f"{record.name} has reported something; --debug shows it", ()
        record.exc_info = record.exc_text = record.stack_info = None
    return True


class Sparing(logging.Filter):
    """Lets the same message through so often only: what clients cause must not fill a disk.

    The next line that passes says how many were left out.
    """

    def __init__(self) -> None:
        super().__init__()
        self._state: dict[tuple[str, str], tuple[float, float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is written. Called under the handler's lock."""
        key = (record.name, str(record.msg))
        if key not in self._state and len(self._state) >= _MESSAGES:
            key = ("", "")
        now = time.monotonic()
        credit, since, left_out = self._state.get(key, (float(_BURST), now, 0))
        credit = min(_BURST, credit + (now - since) * _PER_S)
        if credit < 1:
            self._state[key] = (credit, now, left_out + 1)
            return False
        self._state[key] = (credit - 1, now, 0)
        if left_out:
            record.left_out = left_out
        return True
