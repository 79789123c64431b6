"""What a person may set for each voice, by `TTS_*`.

Apart from the engines, whose libraries take seconds to import: `--help` and the web server
read settings too.
"""

from typing import Literal

from pydantic import SecretStr

from agent.options import EngineOptions, setting


class OpenAISpeechOptions(EngineOptions):
    """Where the server is, and which voice it speaks with."""

    url: str = setting(
        "https://api.openai.com/v1",
        "base URL with /v1, for example http://127.0.0.1:8880/v1 for Kokoro-FastAPI",
        fallback="OPENAI_BASE_URL",
        pattern=r"^https?://",
    )
    api_key: SecretStr | None = setting(
        None, "key of that server; local servers need none", fallback="OPENAI_API_KEY"
    )
    model: str = setting("tts-1", "model's name as the server knows it")
    voice: str = setting("alloy", "voice's name as the server knows it")
    speed: float = setting(1.0, "speaking speed; 1 is the voice's own", ge=0.25, le=4)
    instructions: str | None = setting(
        None, "how to speak, for models that take directions (gpt-4o-mini-tts)"
    )
    stream_format: Literal["audio", "sse"] | None = setting(
        None, "form of the answer, for servers that offer both; empty: the server's own"
    )
    sample_rate_hz: int = setting(
        24000, "rate of the server's pcm answers, samples per second", ge=8000, le=48000
    )
    send_sample_rate: bool = setting(
        False, "whether to ask for that rate: speaches resamples its voices when asked"
    )
    stall_s: float = setting(
        5.0, "longest pause of the server in the middle of its answer, seconds", gt=0, le=120
    )


class EspeakOptions(EngineOptions):
    """Which voice speaks, and how."""

    voice: str = setting(
        "en-us",
        "language or voice: an espeak-ng name (en-gb, cmn, de+f3), a language tag (pt-BR, "
        "zh-CN) or an English name (german); an English voice leaves other scripts to theirs",
    )
    rate_wpm: int = setting(175, "speaking rate, words per minute", ge=80, le=450)
    pitch: int = setting(50, "pitch; 50 is the voice's own", ge=0, le=99)
    volume: int = setting(100, "loudness; 100 is normal", ge=0, le=200)
