"""The jobs `captions` and `interpret`: hears everybody, writes and says it in other languages."""

import asyncio
import logging
from contextlib import suppress
from functools import partial
from pathlib import Path

from livekit import api
from livekit.agents import AutoSubscribe, JobContext

from agent.call.parts import Parts
from agent.call.session import limits_of
from agent.interpreting.captions import Captions
from agent.interpreting.casting import Casting
from agent.interpreting.cloning import Cloning
from agent.interpreting.costs import RoomCosts
from agent.interpreting.engines import Engines
from agent.interpreting.languages import Languages
from agent.interpreting.outputs import Outputs
from agent.interpreting.own_voices import OwnVoices, why_no_voices
from agent.interpreting.phones import Phones
from agent.interpreting.recorded import Recorded, recorded
from agent.interpreting.room import InterpretedRoom
from agent.interpreting.shortening import Shortening
from agent.interpreting.subscriptions import Subscriptions
from agent.interpreting.voices import Voices
from agent.metadata import JobMetadata
from agent.room_messages import RoomMessages
from agent.room_protocol import CLONING, MODE, STATE
from agent.settings.load import Settings
from agent.survival.heartbeat import Heartbeat
from agent.survival.late_jobs import is_late
from agent.survival.succession import Succession
from agent.tasks import CallTasks

logger = logging.getLogger(__name__)


async def serve(ctx: JobContext, parts: Parts, settings: Settings, metadata: JobMetadata) -> None:
    """Join the room of `ctx`, serve who is there until all have gone, and leave.

    Every task of the job has ended when this returns.
    """
    chosen = settings.interpret
    spoken = metadata.spoken or chosen.spoken or _heard_language(settings)
    languages = Languages(spoken=spoken, wanted=chosen.to if metadata.to is None else metadata.to)
    glossary = await asyncio.to_thread(read_glossary, chosen.glossary)
    mode = metadata.kind or settings.agent.mode
    engines = Engines(parts, settings, glossary)
    engines.prewarm()
    costs = RoomCosts(parts.meter, settings.prices)
    kept = recorded(parts, settings, mode)
    over = asyncio.Event()
    voices: Voices | None = None
    clock = asyncio.get_running_loop().time
    why_not = why_no_voices(
        parts.tts,
        speaks=mode == "interpret",
        wanted=settings.interpret.cloning == "ask",
        translated=engines.into is not None,
    )
    own = OwnVoices(parts.tts, clock=clock) if not why_not else None
    cloning: Cloning | None = None
    try:
        async with CallTasks() as tasks:
            captions = Captions(ctx.room, tasks, shown=kept.shown)
            messages = RoomMessages(ctx.room, tasks, noticed=kept.notice)
            if mode == "interpret":
                voices = _voices(ctx, parts, settings, tasks, messages, own, kept)
            cloning = Cloning(
                own, messages, return_s=settings.agent.return_s, clock=clock, why_not=why_not
            )
            outputs = Outputs(engines, captions, voices, kept)
            room = InterpretedRoom(
                ctx.room, tasks, languages, engines, outputs, messages, voices, cloning, kept
            )
            ctx.room.on("disconnected", lambda _: over.set())
            await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)
            heartbeat = Heartbeat(ctx.room, tasks, dispatch=ctx.job.dispatch_id, seal=None)
            if await is_late(ctx):
                over.set()
            else:
                Succession(ctx, tasks, heartbeat, None).take_over()
            tasks.carry(heartbeat.run, name="heartbeat", lost=over.set)
            tasks.carry(captions.run, name="captions", lost=over.set)
            tasks.carry(cloning.run, name="own-voices", lost=cloning.close)
            if settings.pricing.told:
                untold = partial(logger.error, "the room is not told what it costs")
                tasks.carry(partial(costs.tell, messages.publish), name="tell-costs", lost=untold)
            room.serve_requests()
            room.watch()
            kept.announce(ctx.room, tasks, messages, languages)
            asked = {CLONING: "ask"} if cloning.offered else {}
            messages.announce({STATE: "listening", MODE: mode, **asked, **kept.attributes})
            leaving = tasks.need(_until_all_have_gone(room, settings.agent.return_s), name="leave")
            leaving.add_done_callback(lambda _: over.set())
            try:
                await over.wait()
            finally:
                ctx.shutdown(reason="all have gone")
    finally:
        if cloning is not None:
            cloning.close()
        if voices is not None:
            await voices.aclose()
        kept.gone()
        kept.cost(costs.over())
        await kept.aclose()


def _voices(
    ctx: JobContext,
    parts: Parts,
    settings: Settings,
    tasks: CallTasks,
    messages: RoomMessages,
    own: OwnVoices | None,
    kept: Recorded,
) -> Voices:
    parts.tts.prewarm()
    parts.spare_tts.prewarm()
    # The handbook finds answers, and shortens nothing.
    model = parts.llm if settings.llm[0].engine != "handbook" else None
    behind = partial(kept.left_out, why="behind")
    return Voices(
        ctx.room,
        tasks,
        messages,
        Casting(parts.tts, parts.spare_tts, settings.interpret.voices, own),
        Phones(ctx.room, tasks, Subscriptions(partial(_subscribe, ctx))),
        rate_hz=parts.tts.sample_rate,
        limits=limits_of(settings.tts),
        shortening=Shortening(tasks, messages, model, left_out=behind),
        kept=kept,
    )


async def _subscribe(ctx: JobContext, identity: str, sids: list[str], subscribe: bool) -> None:
    await ctx.api.room.update_subscriptions(
        api.UpdateSubscriptionsRequest(
            room=ctx.job.room.name, identity=identity, track_sids=sids, subscribe=subscribe
        )
    )


async def _until_all_have_gone(room: InterpretedRoom, return_s: float) -> None:
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
