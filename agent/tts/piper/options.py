"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from pydantic import SecretStr

from agent.options.fields import EngineOptions, setting


class Options(EngineOptions):
    """Where the server is, and which voice it has."""

    url: str = setting(
        "http://127.0.0.1:5000",
        "http:// address of piper.http_server, or tcp://HOST:10200 of a Wyoming server "
        "(wyoming-piper)",
        pattern=r"^(https?://|tcp://[^/:]+:\d+$)",
    )
    api_key: SecretStr | None = setting(
        None, "bearer token, for a proxy before the HTTP server; Piper itself has none"
    )
    voice: str = setting(
        "", "voice, for example en_US-lessac-medium; empty: the one it was started with"
    )
    speaker: str = setting("", "speaker of a voice that has several, by name or number")
    speed: float = setting(
        1.0, "speaking speed, over HTTP; over Wyoming as the server was started", ge=0.25, le=4
    )
    noise_scale: float | None = setting(None, "liveliness of the sound, over HTTP", ge=0, le=2)
    noise_w_scale: float | None = setting(None, "liveliness of the rhythm, over HTTP", ge=0, le=2)
    sample_rate_hz: int = setting(
        22050,
        "rate of the voice: 22050, or 16000 for one called low or x_low; others are converted",
        ge=8000,
        le=48000,
    )
    stall_s: float = setting(
        5.0, "longest pause of the server in the middle of its answer, seconds", gt=0, le=120
    )
