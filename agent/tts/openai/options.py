"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from pydantic import SecretStr

from agent.options.fields import EngineOptions, setting


class Options(EngineOptions):
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
