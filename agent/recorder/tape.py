"""The time axis of one recording, with its first and its last line."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from agent.recorder.line import KIND, VERSION
from agent.recorder.writer import Facts, Lazy, RecordingWriter

_CLOSE_S = 1.0


class Tape:
    """Of one file. Its methods return at once, but for `join`."""

    def __init__(
        self,
        writer: RecordingWriter,
        *,
        facts: Mapping[str, Any],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Begin; `facts` stand in the first line, `clock` is in seconds."""
        self._writer = writer
        self._clock = clock
        self._began = clock()
        self.over = False
        """Whether nothing more is kept."""
        began = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        writer.put(KIND, 0.0, {"version": VERSION, "began": began, **facts})

    @property
    def now(self) -> float:
        """Seconds since the recording began."""
        return self._clock() - self._began

    def put(self, kind: str, t: float, facts: Facts | Lazy) -> None:
        """Hand over a line of the moment `t`, seconds since the recording began."""
        if not self.over:
            self._writer.put(kind, t, facts)

    def end(self) -> None:
        """Write the last line."""
        self.put("end", self.now, {})
        self.over = True

    def join(self) -> None:
        """Wait until all is in the file; blocks for two seconds at most."""
        self._writer.close(within_s=_CLOSE_S)
