"""Voice activity detection: Silero on 32 ms windows at 16 kHz."""

from livekit.agents import vad
from livekit.plugins import silero

from agent.options import TurnOptions

PREFIX_S = 0.5
"""Audio before the first voiced window that belongs to an utterance, seconds: quiet
consonants begin before the detector is sure."""


def load_vad(options: TurnOptions) -> vad.VAD:
    """Load the model; blocking, about 0.1 s. One object serves any number of streams."""
    return silero.VAD.load(
        min_speech_duration=options.min_speech_s,
        min_silence_duration=options.min_silence_s,
        prefix_padding_duration=PREFIX_S,
        activation_threshold=options.vad_threshold,
    )
