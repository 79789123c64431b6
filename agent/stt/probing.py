"""What every recogniser is asked when `rejoinder check` wants to know whether it works."""

import asyncio
import time
from typing import Any

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions, stt

from agent.audio import pcm

PROBE_OPTIONS = APIConnectOptions(max_retry=0, timeout=15.0)
"""One try; a server may have to load its model first."""

PROBE_STREAM_S = 8.0
"""How long a stream may take to end after its last sound. It has failed long before then if it
cannot connect."""
_PROBE_CONNECT = APIConnectOptions(max_retry=0, timeout=5.0)
_SILENCE_S = 0.2
"""After the tone: what is shorter than half a second is refused by some services."""
_SECONDS = 0.3
_HZ = 440.0
_AMPLITUDE = 0.01


def probe_tone() -> rtc.AudioFrame:
    """A short quiet tone: sound for every server, words for none."""
    t = np.arange(int(_SECONDS * pcm.SPEECH_RATE_HZ)) / pcm.SPEECH_RATE_HZ
    tone = (_AMPLITUDE * np.sin(2 * np.pi * _HZ * t)).astype(np.float32)
    return pcm.to_frame(tone, rate_hz=pcm.SPEECH_RATE_HZ)


async def hear_a_tone(engine: stt.STT[Any]) -> str:
    """Let a stream hear a short tone; says in a few words what came of it, and when.

    Raises:
        Exception: as the engine did.
    """
    silence = rtc.AudioFrame.create(pcm.SPEECH_RATE_HZ, 1, round(_SILENCE_S * pcm.SPEECH_RATE_HZ))
    began = time.perf_counter()
    async with engine.stream(conn_options=_PROBE_CONNECT) as stream:
        stream.push_frame(probe_tone())
        stream.push_frame(silence)
        stream.end_input()
        try:
            async with asyncio.timeout(PROBE_STREAM_S):
                async for _ in stream:
                    pass
        except TimeoutError:
            return f"streams; took a tone, and has not ended its stream in {PROBE_STREAM_S:g} s"
    took_s = time.perf_counter() - began
    return f"streams; heard a tone and ended its stream after {took_s:.2f} s"
