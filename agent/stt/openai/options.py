"""What a person may set for this recogniser, by `STT_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from pydantic import SecretStr

from agent.options import EngineOptions, setting
from agent.stt.language import Language


class Options(EngineOptions):
    """Where the server is and how to ask it."""

    url: str = setting(
        "https://api.openai.com/v1",
        "base URL with /v1, for example http://127.0.0.1:8101/v1",
        fallback="OPENAI_BASE_URL",
        pattern=r"^https?://\S+$",
    )
    api_key: SecretStr | None = setting(
        None, "key of that server; local servers need none", fallback="OPENAI_API_KEY"
    )
    model: str = setting("whisper-1", "model's name as the server knows it", min_length=1)
    language: Language = setting(
        "",
        "spoken language, BCP-47, for example zh or pt-BR; empty: the server detects it",
        of_all=True,
    )
    task: Literal["transcribe", "translate"] = setting(
        "transcribe", "transcribe: write what is said; translate: write it in English", of_all=True
    )
    prompt: str = setting("", "names and words to expect, in the spoken language", of_all=True)
    temperature: float = setting(0.0, "randomness of the recogniser", ge=0, le=1)
