"""The process in which llama.cpp's server runs; `model_servers.llm.llama_process` starts it.

Source: xllamacpp's README and params_reference.md; fcntl(2), "File and directory change
notification" and "Managing signals".
"""

import json
import os
import signal
import sys

import xllamacpp

from model_servers.llm.llama_process import Launch

_LOOPBACK = "127.0.0.1"
_BATCH = 128
"""Tokens of a conversation that are read at once, and cannot be broken off."""
_QUIET, _TALKATIVE = 1, 4
"""llama.cpp's levels of log: errors; with what it is asked."""


def main() -> None:
    """Serve until the other process closes its pipe, or ends."""
    # Libraries may print: standard output is the other process's, so theirs goes to the log.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # A terminal and some supervisors signal all processes of a group: this one ends after that.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    line = sys.stdin.buffer.readline()
    _end_with_the_pipe()
    server, told = None, {}
    try:
        server = xllamacpp.Server(parameters(Launch(**json.loads(line))))
        told["address"] = str(server.listening_address)
    except Exception as error:  # noqa: BLE001  (the process's edge: the other one says it)
        told["error"] = f"{type(error).__name__}: {error}"
    answers.write(json.dumps(told) + "\n")
    answers.flush()
    if server is not None:
        sys.stdin.buffer.read()
    # Its threads are not waited for: nobody is there any more who would hear them.
    os._exit(0)


_READERS = 2
"""A conversation is read when its caller has spoken: the recogniser's core is free then."""


def parameters(launch: Launch) -> xllamacpp.CommonParams:
    """llama.cpp's settings."""
    found = xllamacpp.CommonParams()
    found.model.path = launch.path
    found.n_ctx = launch.context_tokens * launch.contexts
    found.n_parallel = launch.contexts
    found.kv_unified = False
    found.n_predict = launch.max_tokens
    found.n_batch = found.n_ubatch = _BATCH
    found.cpuparams.n_threads = launch.threads
    found.cpuparams_batch.n_threads = launch.prompt_threads or max(
        launch.threads, min(_READERS, os.cpu_count() or 1)
    )
    # Threads that spin while they wait take the cores of recogniser and voice.
    found.cpuparams.poll = found.cpuparams_batch.poll = 0
    found.n_gpu_layers = launch.gpu_layers
    # The contexts are kept as they are; memory is what the settings say.
    found.cache_ram_mib = 0
    found.cache_idle_slots = False
    found.fit_params = False
    found.hostnames = [_LOOPBACK]
    found.port = 0
    found.api_keys = [launch.key]
    found.n_threads_http = launch.contexts + 2
    found.endpoint_slots = False
    found.ui = False
    found.verbosity = _TALKATIVE if launch.debug else _QUIET
    return found


def _end_with_the_pipe() -> None:
    """Let the system end this process when the pipe's other end is closed, whatever runs here.

    While the model is loaded no thread of Python can look. Where a pipe sends no signal, the
    process ends once it is loaded.
    """
    if sys.platform == "linux":
        import fcntl

        pipe = sys.stdin.fileno()
        signal.signal(signal.SIGIO, signal.SIG_DFL)  # which ends the process
        fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getpid())
        flags = fcntl.fcntl(pipe, fcntl.F_GETFL)
        fcntl.fcntl(pipe, fcntl.F_SETFL, flags | os.O_ASYNC)


if __name__ == "__main__":
    main()
