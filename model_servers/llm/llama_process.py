"""llama.cpp's server in a process of its own, which ends with the one that started it.

While it loads a model it holds Python's lock: a process that also answers `/health` would not
answer meanwhile, nor see a SIGTERM. And what aborts in its native code ends that process alone.

    here → there   one line of JSON: a `Launch`; the pipe stays open as long as this process lives
    there → here   one line of JSON: `address`, or `error`; how `model_servers.llm.native` works
"""

import contextlib
import json
import subprocess
import sys
from dataclasses import asdict, dataclass

_COMMAND = (sys.executable, "-m", "model_servers.llm.native")
_ENDING_S = 5.0


class LoadFailed(Exception):
    """llama.cpp cannot load the model; the text is its own, or says how its process ended."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How the model is to be served."""

    path: str
    """Of the GGUF file."""
    key: str
    """Without which nobody on this machine may ask it; that is why it is on no command line."""
    context_tokens: int
    """Of each context."""
    contexts: int
    max_tokens: int
    threads: int
    prompt_threads: int
    gpu_layers: int
    debug: bool


class LlamaProcess:
    """One server. Used in any thread.

    Attributes:
        address: where it listens: `http://127.0.0.1:PORT`.

    Raises:
        LoadFailed: it cannot load the model.
    """

    def __init__(self, launch: Launch) -> None:
        """Start it and wait until the model is loaded; blocks for that long."""
        self._process = subprocess.Popen(_COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.address = self._loaded(launch)
        except BaseException:
            self.close()
            raise

    @property
    def ended(self) -> str:
        """How it has ended by itself; empty: it runs."""
        status = self._process.poll()
        return "" if status is None else f"llama.cpp has ended with status {status}"

    def close(self) -> None:
        """End it; blocks for a moment. May be called twice."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_ENDING_S)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _loaded(self, launch: Launch) -> str:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        with contextlib.suppress(BrokenPipeError):  # its status says more
            stdin.write(json.dumps(asdict(launch)).encode() + b"\n")
            stdin.flush()
        line = stdout.readline()
        if not line:
            raise LoadFailed(f"its process ended with status {self._process.wait()}")
        told = json.loads(line)
        if "address" not in told:
            raise LoadFailed(str(told["error"]))
        return str(told["address"])
