"""Tools of real MCP servers: a program, and an address; and what is done without them."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from livekit.agents import llm

from agent.call.features import Features, Surroundings
from agent.errors import EngineUnavailable
from agent.features.mcp_tools import McpToolsOfCall
from agent.options.tools import McpServer, ToolOptions
from agent.tasks import CallTasks
from agent.tools.mcp_servers import McpTools

pytestmark = pytest.mark.timeout(120)

NOTES = Path(__file__).parents[2] / "examples" / "mcp_notes.py"
PROGRAM = McpServer(command=sys.executable, args=(str(NOTES),))
HTTP = """
import sys
sys.path.insert(0, {folder!r})
from mcp_notes import server
server.run("streamable-http", host="127.0.0.1", port={port})
"""


def gone(port: int) -> McpServer:
    return McpServer(url=f"http://127.0.0.1:{port}/mcp")


async def called(tools: McpTools, name: str, **arguments: Any) -> Any:
    [tool] = [tool for tool in tools.tools if tool.id == name]
    return await tool(raw_arguments=arguments)


@asynccontextmanager
async def connected(spec: McpServer) -> AsyncIterator[McpTools]:
    tools = McpTools(spec, timeout_s=5)
    await tools.connect()
    try:
        yield tools
    finally:
        await tools.aclose()


async def test_a_programs_tools_are_called_and_their_texts_are_the_results() -> None:
    async with connected(PROGRAM) as tools:
        assert [tool.id for tool in tools.tools] == ["take_note", "read_notes"]
        assert await called(tools, "take_note", text="Call back.") == "Noted, number 1."
        assert await called(tools, "read_notes") == "Call back."
        with pytest.raises(llm.ToolError):
            await called(tools, "take_note", wrong=1)


async def test_what_a_server_says_only_looks_something_up_may_be_cut_off() -> None:
    async with connected(PROGRAM) as tools:
        flags = {tool.id: tool.info.flags for tool in tools.tools}
    assert flags == {"take_note": llm.ToolFlag.NONE, "read_notes": llm.ToolFlag.CANCELLABLE}


async def test_each_connection_has_a_program_of_its_own() -> None:
    async with connected(PROGRAM) as one, connected(PROGRAM) as other:
        await called(one, "take_note", text="Private.")
        assert await called(other, "read_notes") == "Nothing yet."


async def test_a_server_is_reached_at_its_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    code = HTTP.format(folder=str(NOTES.parent), port=port)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    while b"running on" not in (await process.stderr.readline()):
        assert process.returncode is None
    try:
        async with connected(gone(port)) as tools:
            assert await called(tools, "take_note", text="Hello.") == "Noted, number 1."
    finally:
        process.terminate()
        await process.communicate()


@pytest.mark.parametrize(
    "spec",
    [
        McpServer(command="/nowhere/at-all"),
        McpServer(command=sys.executable, args=("-c", "raise SystemExit(1)")),
        McpServer(url="http://127.0.0.1:9/mcp"),
    ],
)
async def test_a_server_that_is_not_there_is_an_error_soon(spec: McpServer) -> None:
    with pytest.raises(EngineUnavailable, match="does not answer"):
        await McpTools(spec, timeout_s=5).connect()


async def test_a_call_goes_on_without_a_dead_server_and_has_the_tools_of_the_others(
    caplog: pytest.LogCaptureFixture,
) -> None:
    changed = asyncio.Event()
    surroundings = SimpleNamespace(
        cast=SimpleNamespace(persona=SimpleNamespace(shelved=None)),
        settings=SimpleNamespace(tools=ToolOptions()),
        tools_changed=changed.set,
    )
    dead = McpServer(command="/nowhere/at-all")
    servers = {"dead": dead, "notes": PROGRAM}
    async with CallTasks() as tasks:
        feature = McpToolsOfCall(cast(Surroundings, surroundings), servers)
        features = Features(tasks, [feature])
        features.began()
        assert features.tools() == [], "nobody waits for them"
        await changed.wait()
        assert [tool.id for tool in features.tools()] == ["take_note", "read_notes"]
    named = [record.__dict__.get("server") for record in caplog.records]
    assert "dead" in named
    assert tasks.restarts == 0


async def test_a_persona_without_tools_starts_no_server() -> None:
    bare = SimpleNamespace(shelved=SimpleNamespace(file=SimpleNamespace(tools=[])))
    surroundings = SimpleNamespace(cast=SimpleNamespace(persona=bare))
    servers = {"notes": McpServer(command="/nowhere/at-all")}
    feature = McpToolsOfCall(cast(Surroundings, surroundings), servers)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await feature.run()
