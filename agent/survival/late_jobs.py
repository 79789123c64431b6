"""A job that comes when its room has closed: to nobody."""

import asyncio

from livekit.agents import JobContext

_KNOWN_S = 2.0
"""Longest wait for the room's sid, seconds: without it nobody is turned away."""


async def is_late(ctx: JobContext) -> bool:
    """Whether the room of the job's dispatch has closed before the job joined it.

    Its caller hung up while the job began, as one who hears it ring does. Joining has made another
    room of that name, which nobody knows of, and which would stay open for five minutes.
    """
    if not (ctx.job.dispatch_id and ctx.job.room.sid):
        return False  # begun by hand, with a room of no server's
    try:
        async with asyncio.timeout(_KNOWN_S):
            return await ctx.room.sid != ctx.job.room.sid
    except TimeoutError:
        return False
