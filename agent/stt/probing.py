"""What every recogniser is asked when `rejoinder check` wants to know whether it works."""

import numpy as np
from livekit import rtc
from livekit.agents import APIConnectOptions

from agent.audio import pcm

PROBE_OPTIONS = APIConnectOptions(max_retry=0, timeout=15.0)
"""One try; a server may have to load its model first."""

_SECONDS = 0.3
_HZ = 440.0
_AMPLITUDE = 0.01


def probe_tone() -> rtc.AudioFrame:
    """A short quiet tone: sound for every server, words for none."""
    t = np.arange(int(_SECONDS * pcm.SPEECH_RATE_HZ)) / pcm.SPEECH_RATE_HZ
    tone = (_AMPLITUDE * np.sin(2 * np.pi * _HZ * t)).astype(np.float32)
    return pcm.to_frame(tone, rate_hz=pcm.SPEECH_RATE_HZ)
