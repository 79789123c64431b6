"""The process that llama.cpp runs in: how it loads, fails and ends; its library is a stand-in."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.protocol.model_servers.processes import ServerProcess, started

pytestmark = pytest.mark.timeout(120)

DOUBLE = Path(__file__).parents[2] / "fakes" / "llama_cpp"
PATIENCE_S = 60.0
HELLO = {"messages": [{"role": "user", "content": "Hello."}]}


@contextlib.contextmanager
def server(folder: Path, how: str = "") -> Iterator[ServerProcess]:
    """The server, with a model file that is none."""
    (folder / "tiny.gguf").write_bytes(b"GGUF and so on")
    environ = {
        "PYTHONPATH": str(DOUBLE),
        "LLAMA_DOUBLE_FOLDER": str(folder),
        "LLAMA_DOUBLE": how,
    }
    argv = ("model_servers.llm", "--model", str(folder / "tiny.gguf"))
    with started(*argv, log_file=folder / "log", **environ) as process:
        yield process


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def loader(folder: Path) -> int:
    """The number of the process that loads."""
    until((folder / "pid").exists)
    return int((folder / "pid").read_text())


def lives(process: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2]
        return status.split()[0] != "Z"
    return False


def test_the_port_answers_while_the_model_is_loaded_and_sigterm_ends_that_too(
    tmp_path: Path,
) -> None:
    with server(tmp_path, "endless") as process:
        process.wait_until_listening()
        loading = loader(tmp_path)
        assert httpx.get(f"{process.url}/health", timeout=20).status_code == 200
        ready = httpx.get(f"{process.url}/ready", timeout=20)
        assert (ready.status_code, ready.json()["step"][:12]) == (503, "loading tiny")
        status, _ = process.terminate()
        assert status == 0
        until(lambda: not lives(loading))
    assert "Traceback" not in process.log


def test_it_ends_with_a_server_that_was_killed_while_it_loads(tmp_path: Path) -> None:
    with server(tmp_path, "endless") as process:
        loading = loader(tmp_path)
        process.process.kill()
        until(lambda: not lives(loading))


def test_it_ends_with_a_server_that_was_killed_while_it_serves(tmp_path: Path) -> None:
    with server(tmp_path) as process:
        process.wait_until_listening()
        process.wait_until_ready()
        serving = loader(tmp_path)
        process.process.kill()
        until(lambda: not lives(serving))


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("refused", "RuntimeError: failed to load model"),
        ("aborted", f"its process ended with status {-signal.SIGABRT}"),
    ],
)
def test_why_it_cannot_load_is_said_and_ends_the_server(
    tmp_path: Path, how: str, reason: str
) -> None:
    with server(tmp_path, how) as process:
        assert process.exit_status() == 1
    assert f"cannot start: llama.cpp cannot load {tmp_path}/tiny.gguf ({reason})" in process.log
    assert "SERVE_LLM_CONTEXT_TOKENS" in process.log
    assert "Traceback" not in process.log


def test_a_signal_to_all_processes_of_the_server_is_the_servers_alone(tmp_path: Path) -> None:
    with server(tmp_path) as process:
        process.wait_until_listening()
        process.wait_until_ready()
        os.kill(loader(tmp_path), signal.SIGTERM)
        os.kill(loader(tmp_path), signal.SIGINT)
        answer = httpx.post(f"{process.url}/v1/chat/completions", json=HELLO, timeout=20)
        assert answer.json()["choices"][0]["message"]["content"] == "Hello."
        assert process.terminate()[0] == 0


def test_a_server_whose_llama_cpp_has_died_says_that_it_is_broken(tmp_path: Path) -> None:
    with server(tmp_path) as process:
        process.wait_until_listening()
        process.wait_until_ready()
        serving = loader(tmp_path)
        os.kill(serving, signal.SIGKILL)
        until(lambda: not lives(serving))
        answer = httpx.post(f"{process.url}/v1/chat/completions", json=HELLO, timeout=20)
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
        ready = httpx.get(f"{process.url}/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "broken")
        assert "llama.cpp has ended with status -9" in ready.json()["reason"]
