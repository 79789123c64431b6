"""Whether a worker can take a call, and that livekit-server knows it."""

from livekit.agents import AgentServer


async def has_room(server: AgentServer) -> bool:
    """Whether the worker can take a call now. The server has been told when this returns.

    It is told a worker's load every 2.5 s otherwise, and drops a dispatch for one that was full
    when it was told last.
    """
    # The framework has no other way to say it earlier.
    await server._refresh_worker_load()
    room = server._is_available()
    await server._update_worker_status()
    return room
