"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from pathlib import Path

from pydantic import SecretStr

from agent.options.fields import EngineOptions, Language, setting


class Options(EngineOptions):
    """Where the server is, and whose voice it has."""

    url: str = setting(
        "http://127.0.0.1:7860",
        "address of f5-tts_infer-gradio, a Hugging Face Space as owner/name, or tcp://HOST:9998 of "
        "socket_server.py, which streams and has one voice",
        pattern=r"^(https?://\S+|tcp://[^/:]+:\d+|[\w.-]+/[\w.-]+)$",
    )
    api_key: SecretStr | None = setting(
        None, "key of the Gradio server, or a Hugging Face token for a private Space"
    )
    username: str | None = setting(None, "name to log in with, where the server asks for one")
    password: SecretStr | None = setting(None, "password to log in with")
    voices: Path | None = setting(
        None,
        "file of cloned voices, TOML (docs/cloned-voices.md); a recording of 12 s at most is sent "
        "with each text; not for tcp://",
    )
    voice: str = setting("", "name of a voice in that file; empty: the first one; not for tcp://")
    language: Language = setting(
        "", "language that is spoken, BCP-47; the model goes by the text", of_all=True
    )
    speed: float = setting(1.0, "speaking speed; not for tcp://", ge=0.3, le=2)
    seed: int | None = setting(
        None, "of the random numbers; empty: another one each time; not for tcp://", ge=0
    )
    steps: int = setting(32, "steps of the model; fewer are quicker; not for tcp://", ge=4, le=64)
    stall_s: float = setting(
        8.0, "longest pause of the server in the middle of its answer, seconds", gt=0, le=120
    )
