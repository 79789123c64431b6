"""The job `captions`: joins a room, writes what everybody says, and leaves when all have gone."""

import asyncio
import logging
from contextlib import suppress
from pathlib import Path

from livekit.agents import AutoSubscribe, JobContext

from agent.call.parts import Parts
from agent.interpreting.languages import Languages
from agent.interpreting.room import CaptionedRoom
from agent.metadata import JobMetadata
from agent.room_protocol import STATE
from agent.settings.load import Settings
from agent.survival.heartbeat import Heartbeat, take_over
from agent.tasks import CallTasks, undivided

logger = logging.getLogger(__name__)


async def serve(ctx: JobContext, parts: Parts, settings: Settings, metadata: JobMetadata) -> None:
    """Join the room of `ctx`, write what is said until all have gone, and leave.

    Every task of the job has ended when this returns.
    """
    chosen = settings.interpret
    spoken = metadata.spoken or chosen.spoken or _heard_language(settings)
    languages = Languages(spoken=spoken, wanted=chosen.to if metadata.to is None else metadata.to)
    glossary = await asyncio.to_thread(read_glossary, chosen.glossary)
    over = asyncio.Event()
    if parts.translator is not None:
        parts.translator.prewarm()
    parts.stt.prewarm()
    async with CallTasks() as tasks:
        room = CaptionedRoom(ctx.room, parts, settings, tasks, languages, glossary)
        ctx.room.on("disconnected", lambda _: over.set())
        await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
        take_over(ctx, tasks, None)
        heartbeat = Heartbeat(ctx.room, tasks, dispatch=ctx.job.dispatch_id, seal=None)
        tasks.carry(heartbeat.run, name="heartbeat", lost=over.set)
        tasks.carry(room.captions.run, name="captions", lost=over.set)
        room.serve_requests()
        room.watch()
        tasks.inform(_listens(ctx), name="announce")
        leaving = tasks.need(_until_all_have_gone(room, settings.agent.return_s), name="leave")
        leaving.add_done_callback(lambda _: over.set())
        try:
            await over.wait()
        finally:
            ctx.shutdown(reason="all have gone")


async def _listens(ctx: JobContext) -> None:
    setting = ctx.room.local_participant.set_attributes({STATE: "listening"})
    await undivided(setting, name="set-state")


async def _until_all_have_gone(room: CaptionedRoom, return_s: float) -> None:
    while True:
        await room.somebody.wait()
        await room.nobody.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(return_s):
                await room.somebody.wait()
        if not room.somebody.is_set():
            return


def _heard_language(settings: Settings) -> str:
    return str(getattr(settings.stt[0].options, "language", "") or "")


def read_glossary(path: Path | None) -> dict[str, str]:
    """Terms and how they are written; a term without a translation stays as it is."""
    if path is None:
        return {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        logger.error("the glossary cannot be read", extra={"error": type(error).__name__})
        return {}
    pairs = (line.split("=", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {pair[0].strip(): pair[-1].strip() for pair in pairs}
