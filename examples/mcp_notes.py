"""A server of tools, an MCP server, of its own: docs/tools.md."""

from mcp.server import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("notes")
notes: list[str] = []


@server.tool()
def take_note(text: str) -> str:
    """Write something down for the office."""
    notes.append(text)
    return f"Noted, number {len(notes)}."


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def read_notes() -> str:
    """What was written down in this call."""
    return "\n".join(notes) or "Nothing yet."


if __name__ == "__main__":
    server.run("stdio")
