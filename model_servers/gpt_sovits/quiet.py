"""Keeps what the model's code prints out of the log: it prints the text that it speaks."""

import sys
import threading
from typing import Any, TextIO, cast

from model_servers.serving.work_queue import THREADS


class OwnWords:
    """A text stream that passes on what is not written in a thread of a model."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or leave it; says that all of it was written."""
        if threading.current_thread().name.startswith(THREADS):
            return len(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def silence_models() -> None:
    """From now on what models print is dropped, on both of this process's streams.

    The log is not: its handler has the stream as it was.
    """
    sys.stdout = cast(TextIO, OwnWords(sys.stdout))
    sys.stderr = cast(TextIO, OwnWords(sys.stderr))
