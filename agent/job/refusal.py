"""A job that asks for what this worker cannot do: its caller is told, and nobody is sent again."""

import asyncio
import json
import logging
from contextlib import suppress

from livekit import rtc
from livekit.agents import AutoSubscribe, JobContext, tts

from agent.room_protocol import TOPIC_NOTICE
from agent.survival.rooms import FAILURES
from agent.tasks import fault, undivided

logger = logging.getLogger(__name__)

SENTENCE = "I was called for something that I cannot do. Please tell whoever runs this service."

_COMES_S = 30.0
"""How long somebody is waited for who can be told, seconds."""
_LISTENS_S = 2.0
"""How long it is waited for that they take the track, seconds."""
_SAY_S = 15.0


async def refuse(ctx: JobContext, voice: tts.TTS[str]) -> None:
    """Say the sentence with `voice`, show it as a notice, take the dispatch back and leave."""
    await ctx.connect(auto_subscribe=AutoSubscribe.SUBSCRIBE_NONE)
    try:
        try:
            async with asyncio.timeout(_COMES_S):
                await ctx.wait_for_participant()
            await _tell(ctx.room, voice)
        except Exception as error:  # noqa: BLE001 - told or not, the job ends here
            logger.warning("a refusal was not told", extra=fault(error))
        # Who watches over calls (agent.survival) would have it done again.
        with suppress(*FAILURES):
            await ctx.api.agent_dispatch.delete_dispatch(ctx.job.dispatch_id, ctx.job.room.name)
    finally:
        ctx.shutdown(reason="the job was refused")


async def _tell(room: rtc.Room, voice: tts.TTS[str]) -> None:
    notice = {"level": "error", "stage": "session", "text": SENTENCE}
    await undivided(
        room.local_participant.send_text(json.dumps(notice), topic=TOPIC_NOTICE),
        name="send-refusal",
    )
    source = rtc.AudioSource(voice.sample_rate, 1)
    try:
        track = rtc.LocalAudioTrack.create_audio_track("refusal", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publication = await undivided(
            room.local_participant.publish_track(track, options), name="publish-refusal"
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(_LISTENS_S):
                await publication.wait_for_subscription()
        async with asyncio.timeout(_SAY_S):
            async with voice.synthesize(SENTENCE) as stream:
                async for event in stream:
                    await source.capture_frame(event.frame)
            await source.wait_for_playout()
    finally:
        await source.aclose()
