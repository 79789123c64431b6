"""What recognisers on servers are sent of an utterance."""

import asyncio

from livekit.agents import utils

from agent.audio import pcm


async def wav_of(buffer: utils.AudioBuffer) -> bytes:
    """An utterance as a WAV file, 16-bit mono at 16 kHz; converted in a thread."""
    return await asyncio.to_thread(_wav, buffer)


def _wav(buffer: utils.AudioBuffer) -> bytes:
    return pcm.to_wav(pcm.utterance(buffer), rate_hz=pcm.SPEECH_RATE_HZ)
