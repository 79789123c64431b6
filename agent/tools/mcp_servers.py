"""Tools of an MCP server: a program that is started, or an address.

Imported only where `MCP_SERVERS` has one: the package is an extra. Specification:
https://modelcontextprotocol.io/specification
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

from livekit.agents import llm

from agent.errors import EngineUnavailable
from agent.options.tools import McpServer
from agent.tasks import first_in

try:
    from livekit.agents.llm import mcp
    from mcp.client.stdio import StdioServerParameters, stdio_client
    from mcp.types import TextContent
except ImportError as error:
    raise EngineUnavailable(
        "MCP_SERVERS: the package mcp is not installed: run `uv sync --inexact --extra mcp`"
    ) from error

CONNECT_S = 30.0
"""Longest wait for a server, seconds: a program has to be loaded first. No caller waits."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What models take for the name of a tool."""


class McpTools:
    """The tools of one server, from `connect` to `aclose`, both in any task."""

    def __init__(self, spec: McpServer, *, timeout_s: float) -> None:
        """Prepare; a tool is waited for `timeout_s` seconds."""
        self._server = _server(spec, timeout_s)
        # What it writes to its standard error is not shown.
        self._hint = "; start its command by itself to see why" if spec.command else ""
        self.tools: tuple[llm.RawFunctionTool[..., Any], ...] = ()
        self.nameless: tuple[str, ...] = ()
        """Tools that no model could call by their name."""

    async def connect(self) -> None:
        """Start the program, or reach the address, and ask what tools it has.

        Raises:
            EngineUnavailable: it does not answer, or cannot be started.
        """
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._server.initialize()
                found = await self._server.list_tools()
        except BaseException as error:
            with suppress(Exception, asyncio.CancelledError):  # the same again
                await self.aclose()
            if not isinstance(error, Exception):
                raise
            raise EngineUnavailable(
                f"the MCP server does not answer: {_why(error)}{self._hint}"
            ) from None
        self.tools = tuple(tool for tool in found if _NAME.fullmatch(tool.id))
        self.nameless = tuple(tool.id for tool in found if not _NAME.fullmatch(tool.id))

    async def aclose(self) -> None:
        """End the program, or the connection; safe to call twice."""
        await self._server.aclose()


class _Hinted(mcp.MCPServer):
    """A server that says of its tools which only look something up: these may be cut off."""

    async def list_tools(
        self, *, tool_options: dict[str, mcp.MCPToolOptions] | None = None
    ) -> list[llm.RawFunctionTool[..., Any]]:
        options = dict(tool_options or {})
        for tool in await self._list_raw_tools():
            if tool.annotations is not None and tool.annotations.read_only_hint:
                options[tool.name] = {"flags": llm.ToolFlag.CANCELLABLE}
        return await super().list_tools(tool_options=options)


class _Program(_Hinted, mcp.MCPServerStdio):
    """Its standard error is thrown away: it may repeat what a tool was called with."""

    def client_streams(self) -> AbstractAsyncContextManager[Any]:
        return self._streams()

    @asynccontextmanager
    async def _streams(self) -> AsyncIterator[Any]:
        asked = StdioServerParameters(command=self.command, args=self.args, env=self.env)
        with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: ASYNC230 - waits for none
            async with stdio_client(asked, errlog=nowhere) as streams:
                yield streams


class _Address(_Hinted, mcp.MCPServerHTTP):
    pass


def _why(error: Exception) -> str:
    first = first_in(error)
    if isinstance(first, TimeoutError):
        return f"nothing came within {CONNECT_S:g} s"
    return f"{type(first).__name__}: {first}"


def _server(spec: McpServer, timeout_s: float) -> mcp.MCPServer:
    # Of a tool the guard knows how long it may take; here starting counts too.
    timeout_s = max(timeout_s, CONNECT_S)
    if spec.command:
        return _Program(
            spec.command,
            list(spec.args),
            dict(spec.env),
            client_session_timeout_seconds=timeout_s,
            tool_result_resolver=_text,
        )
    events = spec.url.rstrip("/").endswith("/sse")
    return _Address(
        spec.url,
        "sse" if events else "streamable_http",
        headers=dict(spec.headers),
        client_session_timeout_seconds=timeout_s,
        tool_result_resolver=_text,
    )


def _text(result: mcp.MCPToolResultContext) -> str:
    """What the model is given: texts as they are, of anything else what it is."""
    parts = result.result.content
    texts = [part.text if isinstance(part, TextContent) else f"[{part.type}]" for part in parts]
    return "\n".join(texts)
