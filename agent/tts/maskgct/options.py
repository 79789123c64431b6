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
        "address of Amphion's models/tts/maskgct/gradio_demo.py, or a Hugging Face Space as "
        "owner/name",
        pattern=r"^(https?://\S+|[\w.-]+/[\w.-]+)$",
    )
    api_key: SecretStr | None = setting(
        None, "key of the server, or a Hugging Face token for a private Space"
    )
    username: str | None = setting(None, "name to log in with, where the server asks for one")
    password: SecretStr | None = setting(None, "password to log in with")
    voices: Path = setting(
        ...,
        "file of cloned voices, TOML (docs/cloned-voices.md); of a recording, which is sent with "
        "each text, about 4 s count",
    )
    voice: str = setting("", "name of a voice in that file; empty: the first one")
    language: Language = setting(
        "", "language that is spoken, BCP-47; the model goes by the text", of_all=True
    )
    steps: int = setting(25, "steps of the model; fewer are quicker", ge=15, le=100)
    stall_s: float = setting(
        8.0, "longest pause of the server in the middle of its answer, seconds", gt=0, le=120
    )
