"""A whole exchange: redis, livekit-server, livekit-sip, our worker with its embedded engines.

livekit-sip and baresip are no part of this project: without them these tests are skipped, in CI
too. The trunks are made by `rejoinder phone setup`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from testbed.baresip import Handset, telephone
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from testbed.programs import Background, Program, running
from testbed.redis_process import run_redis
from testbed.sip_process import livekit_sip_binary, run_livekit_sip
from tests.conftest import require
from tests.fakes.embedded_models import embedded, model_servers

OPEN, GUARDED = "+15550100", "+15550101"
"""A number for everybody, and one whose trunk has a password."""
PASSWORD = "correct-horse"
GREETING = "Welcome to the town library. What would you like to know?"
TRUNKS = f"""
name: tests
inbound:
  open:
    numbers: ["{OPEN}"]
    allowed_addresses: [127.0.0.1/32]
  guarded:
    numbers: ["{GUARDED}"]
    auth_username: alice
    auth_password: ${{SIP_PASSWORD}}
"""


@dataclass(frozen=True)
class Exchange:
    """What a telephone reaches."""

    sip: str
    """Address of livekit-sip."""
    livekit: LiveKitProcess
    background: Background
    worker: Program
    models: dict[str, str]
    """Addresses of the model servers, to judge what was heard."""
    folder: Path
    """For the logs of whoever else is started."""

    def uri(self, number: str = OPEN) -> str:
        """What to dial."""
        return f"sip:{number}@{self.sip}"


@pytest.fixture(scope="session")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    binary = livekit_sip_binary()
    if shutil.which("baresip") is None:
        pytest.skip("baresip is missing; get it with: apt-get install baresip")
    redis_binary = require("redis-server", "apt-get install redis-server, or brew install redis")
    folder = tmp_path_factory.mktemp("exchange")
    background = Background()
    servers = AsyncExitStack()
    with ExitStack() as stack:
        stack.callback(background.close)
        stack.callback(lambda: background.run(servers.aclose()))
        redis = background.run(servers.enter_async_context(run_redis(redis_binary)))
        livekit = background.run(
            servers.enter_async_context(run_livekit(livekit_binary(), folder, redis=redis))
        )
        models = stack.enter_context(model_servers(folder))
        sip = stack.enter_context(run_livekit_sip(binary, folder, livekit=livekit, redis=redis))
        env = embedded(models) | {"AGENT_FEATURES": "tests.fakes.echoing_keys"}
        worker = stack.enter_context(answering(folder, livekit, "operator", TRUNKS, **env))
        yield Exchange(sip, livekit, background, worker, models, folder)


@contextmanager
def answering(
    folder: Path, livekit: LiveKitProcess, agent: str, trunks: str, **env: str
) -> Iterator[Program]:
    """Start a worker that answers the numbers of a file, which are set up by then."""
    argv = [sys.executable, "-m", "rejoinder", "start", "--health-port", "0"]
    server = {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.api_key,
        "LIVEKIT_API_SECRET": livekit.api_secret,
        "AGENT_NAME": agent,
    }
    settings = server | {
        "AGENT_GREETING": GREETING,
        "AGENT_MAX_CALLS": "8",
        "AGENT_IDLE_PROCESSES": "1",
        "PYTHONUNBUFFERED": "1",
        **env,
    }
    file = folder / f"{agent}.yaml"
    file.write_text(trunks)
    with running(agent, argv, folder=folder, env=settings) as worker:
        worker.wait_line("registered worker", timeout_s=180)
        subprocess.run(
            [sys.executable, "-m", "rejoinder", "phone", "setup", str(file)],
            env={**os.environ, **server, "SIP_PASSWORD": PASSWORD},
            check=True,
        )
        yield worker


Phone = Callable[..., AbstractContextManager[Handset]]


@pytest.fixture
def phone(exchange: Exchange, tmp_path: Path) -> Phone:
    """Start a telephone, as `testbed.baresip.telephone` does."""
    number = 0

    def start(**more: str) -> AbstractContextManager[Handset]:
        nonlocal number
        number += 1
        return telephone(tmp_path / f"phone-{number}", **more)

    return start
