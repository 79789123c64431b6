"""Tools of the MCP servers that the setting `MCP_SERVERS` names.

Each call has its own: what a server keeps for one caller is not there for the next. They are
started while the greeting is said; the model has their tools from its next answer on.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from livekit.agents import llm

from agent.call.features import Feature, Surroundings
from agent.errors import EngineUnavailable
from agent.options.tools import McpServer
from agent.personas.persona import Persona

logger = logging.getLogger(__name__)


class McpToolsOfCall(Feature):
    """Of one call."""

    def __init__(self, call: Surroundings, servers: Mapping[str, McpServer]) -> None:
        """Start `servers` once a persona may call tools."""
        self._call = call
        self._servers = servers
        self._needed = asyncio.Event()
        self._tools: dict[str, Sequence[llm.Tool]] = {}
        """By the server's name."""
        self.became(call.cast.persona)

    def tools(self) -> Sequence[llm.Tool]:
        """Those of the servers that have answered, in the order of the setting."""
        return [tool for name in self._servers for tool in self._tools.get(name, ())]

    def became(self, persona: Persona) -> None:
        """One without tools needs no server."""
        if persona.shelved is None or persona.shelved.file.tools:
            self._needed.set()

    async def run(self) -> None:
        """Keep the servers for as long as the call goes on."""
        await self._needed.wait()
        async with asyncio.TaskGroup() as group:
            for name, spec in self._servers.items():
                group.create_task(self._keep(name, spec), name=f"mcp-{name}")

    async def _keep(self, name: str, spec: McpServer) -> None:
        from agent.tools.mcp_servers import McpTools

        server = McpTools(spec, timeout_s=self._call.settings.tools.timeout_s)
        try:
            await server.connect()
        except EngineUnavailable as error:
            facts = {"server": name, "why": str(error)}
            logger.error("the call goes on without the tools of a server", extra=facts)
            return
        try:
            for tool in server.nameless:
                logger.warning("no model takes this name", extra={"server": name, "tool": tool})
            self._tools[name] = server.tools
            self._call.tools_changed()
            await asyncio.Event().wait()
        finally:
            await server.aclose()


def feature(call: Surroundings) -> Feature | None:
    """Offer what the servers have; the worker has seen that the package is there."""
    servers = call.settings.mcp.servers.by_name
    return McpToolsOfCall(call, servers) if servers else None
