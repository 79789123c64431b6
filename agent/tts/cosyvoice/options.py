"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from agent.options.fields import EngineOptions, Language, setting

Mode = Literal["auto", "sft", "zero_shot", "cross_lingual", "instruct"]


class Options(EngineOptions):
    """Where the server is, and which voice it has."""

    url: str = setting(
        "http://127.0.0.1:50000",
        "address of runtime/python/fastapi/server.py",
        pattern=r"^https?://",
    )
    api_key: SecretStr | None = setting(
        None, "bearer token, for a proxy before the server; CosyVoice itself has none"
    )
    mode: Mode = setting(
        "auto",
        "what the model is asked for; auto: sft with a speaker of the model, zero_shot with a "
        "recording and its text, cross_lingual with a recording alone, instruct with "
        "TTS_INSTRUCTIONS",
    )
    voices: Path | None = setting(
        None,
        "file of cloned voices, TOML (docs/cloned-voices.md); their recordings, 30 s at most, are "
        "sent with each text",
    )
    voice: str = setting(
        "", "name of a voice in that file, or of a speaker of the model (中文女); empty: the first"
    )
    instructions: str | None = setting(None, "how to speak, for models that take directions")
    language: Language = setting(
        "", "language that is spoken, BCP-47; the model goes by the text", of_all=True
    )
    sample_rate_hz: int = setting(
        24000, "rate of the model: 22050 for CosyVoice-300M, 24000 for 2 and 3", ge=8000, le=48000
    )
    stall_s: float = setting(
        8.0, "longest pause of the server in the middle of its answer, seconds", gt=0, le=120
    )
