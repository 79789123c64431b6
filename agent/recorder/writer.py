"""Writes a recording: a thread of its own takes what it is handed, in order.

One JSON object a line; every half second of them is a gzip member of its own, written at once: a
process that dies leaves a file that can be read up to there. docs/recording.md is the format.
"""

import base64
import gzip
import json
import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from agent.errors import ConfigError
from agent.options.recording import RecordOptions
from agent.recorder.folder import folder_of, make_folder, new_file
from agent.tasks import fault

logger = logging.getLogger(__name__)

FLUSH_S = 0.5
"""How long a line waits for others, seconds; the recorder holds the newest hops back as long."""
MOST_WAITING = 400
"""Lines that may wait for the disk: ten seconds of a call with sound."""
RESERVE = 1024
"""Bytes kept for the last lines of a file that is full."""
_COMPRESSION = 4
_MEGABYTE = 1_000_000

Facts = Mapping[str, Any]
Lazy = Callable[[], Facts]
"""Facts that the writer's thread works out."""


class Line(NamedTuple):
    """One thing that happened."""

    kind: str
    t: float
    """Seconds since the recording began."""
    facts: Facts | Lazy


class RecordingWriter:
    """One file. `put` never waits and never raises."""

    def __init__(self, folder: Path, *, most_bytes: int) -> None:
        """Begin a thread that makes a file in `folder`, of `most_bytes` at most."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._lines: queue.Queue[Line | None] = queue.Queue(MOST_WAITING)
        self._untold = 0
        self.lost = 0
        """Lines that found no room in the queue."""
        self.name: str | None = None
        """Of the file, once it is there."""
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    @classmethod
    def for_job(cls, options: RecordOptions) -> "RecordingWriter":
        """One for a job of its own, by the settings."""
        return cls(folder_of(options), most_bytes=round(options.max_mb * _MEGABYTE))

    @property
    def waiting(self) -> int:
        """Lines that wait to be written."""
        return self._lines.qsize()

    def put(self, kind: str, t: float, facts: Facts | Lazy) -> None:
        """Hand over a line. What is in it must not be changed any more."""
        try:
            if self._untold:
                self._lines.put_nowait(Line("lost", t, {"lines": self._untold}))
                self._untold = 0
            self._lines.put_nowait(Line(kind, t, facts))
        except queue.Full:
            self.lost += 1
            self._untold += 1

    def close(self, *, within_s: float) -> None:
        """Write what waits and end the file; blocks for twice `within_s` at most."""
        if not self._thread.is_alive():
            return
        try:
            self._lines.put(None, timeout=within_s)
        except queue.Full:
            return
        self._thread.join(within_s)

    def _run(self) -> None:
        try:
            descriptor, self.name = new_file(make_folder(self._folder))
            with os.fdopen(descriptor, "wb") as file:
                self._write(file)
        except ConfigError as error:
            logger.warning("the job is not recorded", extra={"error": error})
            self._drop_all()
        except Exception as error:  # noqa: BLE001 - a full disk ends the recording, not the call
            logger.warning("the job is not recorded any more", extra=fault(error))
            self._drop_all()

    def _write(self, file: IO[bytes]) -> None:
        written, left_out, over = 0, 0, False
        while not over:
            batch, over = self._next_batch()
            last = batch.pop() if over and batch and batch[-1].kind == "end" else None
            member = _member(batch) if batch and not left_out else b""
            if written + len(member) > self._most_bytes - RESERVE:
                member = _member([Line("full", batch[0].t, {})])
                left_out = len(batch)
            elif left_out:
                left_out += len(batch)
            written += file.write(member)
            if last is not None:
                counts = {"lost": self.lost, "left_out": left_out}
                file.write(_member([Line("end", last.t, counts)]))
            file.flush()

    def _next_batch(self) -> tuple[list[Line], bool]:
        """What comes within half a second of the next line, and whether it was the last."""
        batch: list[Line] = []
        line = self._lines.get()
        deadline = time.monotonic() + FLUSH_S
        while line is not None:
            batch.append(line)
            left_s = deadline - time.monotonic()
            try:
                line = self._lines.get(timeout=max(0.0, left_s))
            except queue.Empty:
                return batch, False
            if left_s <= 0 and line is not None:
                batch.append(line)
                return batch, False
        return batch, True

    def _drop_all(self) -> None:
        while self._lines.get() is not None:
            self.lost += 1


def _member(lines: list[Line]) -> bytes:
    return gzip.compress("".join(map(_text, lines)).encode(errors="replace"), _COMPRESSION)


def _text(line: Line) -> str:
    facts = line.facts() if callable(line.facts) else line.facts
    whole = {"kind": line.kind, "t": round(line.t, 4), **facts}
    return json.dumps(whole, default=_encoded, separators=(",", ":"), ensure_ascii=False) + "\n"


def _encoded(value: object) -> object:
    if isinstance(value, np.ndarray):
        return base64.b64encode(value.astype("<i2").tobytes()).decode()
    raise TypeError(type(value).__name__)
