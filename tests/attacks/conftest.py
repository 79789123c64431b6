"""Servers that the attacks share."""

from collections.abc import Iterator

import pytest

from tests.attacks.web_process import WebProcess, web_process
from tests.fakes.node_program import client_library
from tests.room.conftest import (  # noqa: F401 - fixtures: a livekit-server, workers, callers
    background,
    call_agent,
    engines,
    folder,
    frame_s,
    livekit,
    standing_in,
    start_worker,
)


@pytest.fixture(scope="session")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    """The talk page's server as it starts for oneself: on loopback, nothing protects it."""
    client_library()
    with web_process(tmp_path_factory.mktemp("web"), TALK_TOKENS_PER_MINUTE="10000") as server:
        yield server
