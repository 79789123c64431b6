"""An address where nothing listens, and a Bedrock of nobody's account."""

import threading
from collections.abc import AsyncIterator, Iterator

import botocore.loaders
import pytest

from agent.llm.bedrock import engine as bedrock_engine
from agent.llm.bedrock.event_thread import THREAD_NAME
from rejoinder.demo.ports import PortPicker
from tests.fakes.bedrock_server import BedrockStandIn

_service_models = botocore.loaders.create_loader()
"""Parsing the service model takes most of a client's construction; once is enough."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Credentials of nobody; nothing of this machine's AWS set-up."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_BEARER_TOKEN_BEDROCK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(botocore.loaders, "create_loader", lambda *paths: _service_models)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent/config")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    yield monkeypatch
    for thread in threading.enumerate():
        if thread.name == THREAD_NAME:
            thread.join(3)
            assert not thread.is_alive(), "a stream's thread outlives its connection"
    bedrock_engine.close_clients()


@pytest.fixture
async def bedrock(aws: pytest.MonkeyPatch) -> AsyncIterator[BedrockStandIn]:
    async with BedrockStandIn().serve() as standin:
        aws.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", standin.url)
        yield standin


@pytest.fixture
def closed_port() -> int:
    with PortPicker() as free:
        return free.tcp()
