"""One job: its metadata are read, and it is served by the kind that they name, or refused."""

import logging

from livekit.agents import JobContext

from agent.call.parts import Parts
from agent.errors import MetadataError
from agent.job import kinds
from agent.job.refusal import refuse
from agent.personas.chosen import check_chosen
from agent.settings.load import Settings
from agent.tts.other_voice import with_voice

logger = logging.getLogger(__name__)


async def serve_job(ctx: JobContext, parts: Parts, settings: Settings) -> None:
    """Do what the job's metadata ask for; `parts` are closed at its end."""
    # A room's name may hold a phone number: logs carry the job's name alone.
    ctx.log_context_fields = {"job_id": ctx.job.id}
    try:
        metadata = kinds.read(ctx.job.metadata)
        check_chosen(metadata, settings.personas)
    except MetadataError as error:
        logger.error("a job was refused", extra={"why": str(error)})
        serving = refuse(ctx, with_voice(parts.spare_tts, "en-us"))
    else:
        kind = metadata.kind or settings.agent.mode
        serving = kinds.load(kind).serve(ctx, parts, settings, metadata)
    try:
        await serving
    finally:
        await parts.aclose()
