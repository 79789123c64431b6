"""A job that comes when its room has closed: to nobody."""

from livekit.agents import JobContext


async def is_late(ctx: JobContext) -> bool:
    """Whether the room of the job's dispatch has closed before the job joined it.

    Its caller hung up while the job began, as one who hears it ring does. Joining has made another
    room of that name, which nobody knows of, and which would stay open for five minutes.
    """
    if not ctx.job.dispatch_id:
        return False  # begun by hand, with a room of no server's
    return await ctx.room.sid != ctx.job.room.sid
