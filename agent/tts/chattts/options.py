"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from pydantic import SecretStr

from agent.options.fields import EngineOptions, Language, setting


class Options(EngineOptions):
    """Where the server is, and which voice it has."""

    url: str = setting(
        "http://127.0.0.1:8000",
        "address of examples/api/main.py or examples/api/openai_api.py",
        pattern=r"^https?://",
    )
    api_key: SecretStr | None = setting(
        None, "bearer token, for a proxy before the server; ChatTTS itself has none"
    )
    dialect: Literal["auto", "main", "openai_api"] = setting(
        "auto",
        "which of its two programs the server is; main answers when all is made, openai_api "
        "streams; auto: it is asked once",
    )
    voice: str = setting(
        "42",
        "main: a number (the seed of a voice by chance) or a speaker's embedding; openai_api: "
        "default, alloy or echo, a number is default",
    )
    language: Language = setting(
        "", "language that is spoken, en or zh; empty: by the text", of_all=True
    )
    speed: float = setting(1.0, "speaking speed; main alone has one", ge=0.1, le=1.8)
    temperature: float = setting(0.3, "sampling: liveliness", ge=0.01, le=1)
    top_p: float = setting(0.7, "sampling: from this share of the likelihood", ge=0.1, le=1)
    top_k: int = setting(20, "sampling: from so many of the likeliest", ge=1, le=100)
    stall_s: float = setting(
        8.0, "longest pause of the server in the middle of its answer, seconds", gt=0, le=120
    )
