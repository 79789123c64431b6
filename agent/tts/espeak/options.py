"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from agent.options.fields import EngineOptions, setting


class Options(EngineOptions):
    """Which voice speaks, and how."""

    voice: str = setting(
        "en-us",
        "language or voice: an espeak-ng name (en-gb, cmn, de+f3), a language tag (pt-BR, "
        "zh-CN) or an English name (german); an English voice leaves other scripts to theirs",
    )
    rate_wpm: int = setting(175, "speaking rate, words per minute", ge=80, le=450)
    pitch: int = setting(50, "pitch; 50 is the voice's own", ge=0, le=99)
    volume: int = setting(100, "loudness; 100 is normal", ge=0, le=200)
