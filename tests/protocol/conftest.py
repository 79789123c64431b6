"""An AWS of nobody's account, and Gradio servers, slow to start: one per generation and session."""

import os
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from rejoinder.stand_ins.aws_server import AwsStandIn
from tests.fakes.gradio_process import GradioProcess, gradio_process

_GRADIO45 = Path(__file__).parents[1] / "fakes" / "gradio45"
_HOW = "uv sync --project tests/fakes/gradio45"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Credentials of nobody; nothing of this machine's AWS set-up."""
    from agent.remote.aws.accounts import SEARCH_THREAD
    from agent.remote.aws.clients import CLIENTS
    from agent.remote.aws.request_thread import THREAD_NAME

    for name in (
        "AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK",
        "AWS_CA_BUNDLE", "AWS_ENDPOINT_URL",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    yield monkeypatch
    for thread in threading.enumerate():
        if thread.name in (THREAD_NAME, SEARCH_THREAD):
            thread.join(10)
            assert not thread.is_alive(), f"{thread.name}: a thread outlives its connection"
    CLIENTS.close()


@pytest.fixture
async def amazon(aws: pytest.MonkeyPatch) -> AsyncIterator[AwsStandIn]:
    """Every service of it, asked by whichever client of this process."""
    async with AwsStandIn().serve() as standin:
        aws.setenv("AWS_ENDPOINT_URL", standin.url)
        yield standin


@pytest.fixture(scope="session")
def gradio6(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioProcess]:
    with gradio_process([sys.executable], tmp_path_factory.mktemp("gradio6")) as process:
        yield process


@pytest.fixture(scope="session")
def gradio45(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioProcess]:
    python = _GRADIO45 / ".venv" / "bin" / "python"
    if not python.exists():
        message = f"the environment with Gradio 4.5 is missing; get it with: {_HOW}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with gradio_process([str(python)], tmp_path_factory.mktemp("gradio45")) as process:
        yield process
