"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from pathlib import Path

from pydantic import SecretStr

from agent.options.fields import EngineOptions, Language, setting


class Options(EngineOptions):
    """Where the server is, and which voice it has."""

    url: str = setting(
        "http://127.0.0.1:8080", "address of tools/api_server.py", pattern=r"^https?://"
    )
    api_key: SecretStr | None = setting(None, "key that the server was started with (--api-key)")
    voices: Path | None = setting(
        None,
        "file of cloned voices, TOML (docs/cloned-voices.md); their recordings, best of 10 to "
        "30 s, are sent with each text",
    )
    voice: str = setting(
        "",
        "name of a voice in that file, or of one that is saved on the server (its reference id); "
        "empty: the first of the file, else one by chance",
    )
    language: Language = setting(
        "", "language that is spoken, BCP-47; the model goes by the text", of_all=True
    )
    streaming: bool = setting(True, "whether the answer comes while it is made")
    chunk_length: int = setting(
        200, "text that is made at once, bytes; less begins sooner", ge=100, le=1000
    )
    seed: int | None = setting(None, "of the random numbers; empty: another one each time", ge=0)
    temperature: float = setting(0.8, "sampling: liveliness", ge=0.1, le=1)
    top_p: float = setting(0.8, "sampling: from this share of the likelihood", ge=0.1, le=1)
    repetition_penalty: float = setting(1.1, "against stuttering", ge=0.9, le=2)
    normalize: bool = setting(True, "whether the server spells figures out (English, Chinese)")
    sample_rate_hz: int = setting(44100, "rate of the model, samples per second", ge=8000, le=48000)
    stall_s: float = setting(
        8.0, "longest pause of the server in the middle of its answer, seconds", gt=0, le=120
    )
