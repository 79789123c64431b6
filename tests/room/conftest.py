"""A real livekit-server, a real worker process and a stand-in for the engines.

All three live for the whole session; each test gets a fresh stand-in and its own room.
"""

import secrets
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass, fields
from pathlib import Path

import pytest
from livekit import api

from rejoinder.scripted_caller.caller import Caller, join
from rejoinder.scripted_caller.microphone import FRAME_S, RATE_HZ, Pcm
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from rejoinder.stand_ins.search_server import SearchStandIn
from testbed.livekit_process import LiveKitProcess, livekit_binary, run_livekit
from testbed.programs import Background, Program, running
from testbed.speech import say

GREETING = "Hello there."
_LONG_S = 0.05
CallAgent = Callable[..., AbstractAsyncContextManager[Caller]]


@dataclass(frozen=True)
class Worker:
    """A registered worker process."""

    program: Program
    health: str
    """Base URL of its health page."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("room")


@pytest.fixture(scope="session")
def background() -> Iterator[Background]:
    loop = Background()
    yield loop
    loop.close()


@pytest.fixture(scope="session")
def livekit(background: Background, folder: Path) -> Iterator[LiveKitProcess]:
    stack = AsyncExitStack()
    server = background.run(stack.enter_async_context(run_livekit(livekit_binary(), folder)))
    yield server
    background.run(stack.aclose())


@pytest.fixture(scope="session")
def standing_in(background: Background) -> Iterator[OpenAIStandIn]:
    stack = AsyncExitStack()
    yield background.run(stack.enter_async_context(OpenAIStandIn().serve()))
    background.run(stack.aclose())


@pytest.fixture(scope="module")
def translation(background: Background) -> Iterator[LibreTranslateStandIn]:
    """A translator that marks its text."""
    stack = AsyncExitStack()
    yield background.run(stack.enter_async_context(LibreTranslateStandIn().serve()))
    background.run(stack.aclose())


@pytest.fixture
def engines(standing_in: OpenAIStandIn) -> OpenAIStandIn:
    """The stand-in, with nothing set and nothing recorded."""
    fresh = OpenAIStandIn()
    for field in fields(fresh):
        if field.name != "url":
            setattr(standing_in, field.name, getattr(fresh, field.name))
    return standing_in


@pytest.fixture(scope="session")
def start_worker(livekit: LiveKitProcess, folder: Path) -> Callable[..., ExitStack]:
    """Start a worker with further flags and settings; it ends with the returned stack."""

    def start(*flags: str, **env: str) -> ExitStack:
        stack = ExitStack()
        argv = [sys.executable, "-m", "rejoinder", "start", "--health-port", "0", *flags]
        settings = {
            "LIVEKIT_URL": livekit.url,
            "LIVEKIT_API_KEY": livekit.api_key,
            "LIVEKIT_API_SECRET": livekit.api_secret,
            "AGENT_MAX_CALLS": "8",
            "AGENT_IDLE_PROCESSES": "1",
            "AGENT_GREETING": GREETING,
            "AGENT_RETURN_S": "1",
            "AGENT_GOODBYE_S": "3",
            "PYTHONUNBUFFERED": "1",
            **env,
        }
        program = stack.enter_context(running("worker", argv, folder=folder, env=settings))
        line = program.wait_line("HTTP server listening on ")
        program.wait_line("registered worker")
        address = line.split("listening on ")[1].split()[0]
        stack.worker = Worker(program, f"http://{address}")  # type: ignore[attr-defined]
        return stack

    return start


@pytest.fixture(scope="session")
def worker(standing_in: OpenAIStandIn, start_worker: Callable[..., ExitStack]) -> Iterator[Worker]:
    """The worker that most tests share: all three stages are the stand-in.

    It is patient, so that a turn is one request to each engine.
    """
    with start_worker(
        OPENAI_BASE_URL=standing_in.url,
        STT_TIMEOUT_S="2",
        LLM_TIMEOUT_S="2",
        TTS_TIMEOUT_S="2",
        TURN_EAGERNESS="patient",
        AGENT_RETURN_S="6",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def web(background: Background) -> Iterator[SearchStandIn]:
    """A web of two pages, as a search engine knows them."""
    stack = AsyncExitStack()
    yield background.run(stack.enter_async_context(SearchStandIn().serve()))
    background.run(stack.aclose())


@pytest.fixture(scope="session")
def threads(
    standing_in: OpenAIStandIn, web: SearchStandIn, start_worker: Callable[..., ExitStack]
) -> Iterator[Worker]:
    """A worker named "threads": its calls are in one process, with a feature and personas.

    Several people share one talk.
    """
    with start_worker(
        OPENAI_BASE_URL=standing_in.url,
        AGENT_NAME="threads",
        AGENT_FLOOR="free",
        AGENT_GREETING="",
        AGENT_ISOLATION="thread",
        AGENT_FEATURES="tests.fakes.telling_feature",
        WEB_SEARCH="searxng",
        WEB_SEARCH_URL=web.url,
        PERSONAS=str(Path(__file__).parents[1] / "fakes" / "personas"),
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


@pytest.fixture
def frame_s(request: pytest.FixtureRequest) -> float:
    """Audio that a caller sends or takes in at a time: long where nothing heard is timed."""
    return _LONG_S if request.node.get_closest_marker("patient") else FRAME_S


@pytest.fixture
def call(livekit: LiveKitProcess, worker: Worker, frame_s: float) -> Callable[..., object]:
    """Join a new room as a caller: `async with call() as caller`."""

    @asynccontextmanager
    async def place(*, room: str | None = None, greeted: bool = True) -> AsyncIterator[Caller]:
        name = room or f"room-{secrets.token_hex(4)}"
        token = livekit.token(name, "caller")
        async with join(livekit.url, token, frame_s=frame_s) as caller:
            await caller.wait_for_agent()
            if greeted:
                await caller.hearing.wait_for_sound(after=caller.hearing.began)
                await caller.hearing.wait_for_silence(lasting_s=0.6)
            yield caller

    return place


@pytest.fixture
def call_agent(livekit: LiveKitProcess, frame_s: float) -> CallAgent:
    """Join a new room with the agent of a named worker that does not greet.

    `async with call_agent("slow") as caller`: the agent listens by then. A second argument is
    the metadata of its job, `frame_s` as in `join`: several callers in one process take long ones.
    """
    usual_s = frame_s

    @asynccontextmanager
    async def place(
        name: str, metadata: str = "", *, frame_s: float = usual_s
    ) -> AsyncIterator[Caller]:
        room = f"room-{secrets.token_hex(4)}"
        token = livekit.token(room, "caller", dispatch=name, metadata=metadata)
        async with join(livekit.url, token, frame_s=frame_s) as caller:
            await caller.wait_for_agent()
            await caller.wait_for_state("listening")
            yield caller

    return place


@pytest.fixture(scope="session")
def question() -> Pcm:
    """Somebody asks something: float32 mono, 48 kHz."""
    return say("What is the meaning of barge in?", rate_hz=RATE_HZ)


@pytest.fixture
async def lkapi(livekit: LiveKitProcess) -> AsyncIterator[api.LiveKitAPI]:
    """The server's API."""
    async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as served:
        yield served
