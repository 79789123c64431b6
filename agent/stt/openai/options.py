"""What a person may set for this recogniser, by `STT_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from pydantic import SecretStr, ValidationInfo, field_validator

from agent.options.fields import EngineOptions, setting
from agent.stt.hotwords import Hotwords
from agent.stt.language import Language

DialectName = Literal["openai", "speaches", "vllm", "whisper_cpp"]


class Options(EngineOptions):
    """Where the server is and how to ask it."""

    url: str = setting(
        "https://api.openai.com/v1",
        "base URL with /v1, for example http://127.0.0.1:8101/v1; of whisper.cpp its address",
        fallback="OPENAI_BASE_URL",
        pattern=r"^https?://\S+$",
    )
    api_key: SecretStr | None = setting(
        None, "key of that server; local servers need none", fallback="OPENAI_API_KEY"
    )
    dialect: Literal["auto", DialectName] = setting(
        "auto", "openai, speaches, vllm or whisper_cpp; auto: the server is looked at"
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
    hotwords: Hotwords = setting(
        "",
        "words to expect, for example 阿里巴巴, Big Ben; to a server that has no field for them "
        "they go with the prompt",
        of_all=True,
    )
    temperature: float = setting(0.0, "randomness of the recogniser", ge=0, le=1)
    response_format: Literal["auto", "json", "verbose_json"] = setting(
        "auto",
        "verbose_json: the server tells how sure it is that somebody spoke, and what it made up is "
        "left out; auto: so where it costs nothing",
    )
    stream: bool = setting(
        False, "whether to ask for the words as they are written, for servers that answer only so"
    )

    @field_validator("stream")
    @classmethod
    def _streams(cls, stream: bool, info: ValidationInfo) -> bool:
        if stream and info.data.get("response_format") == "verbose_json":
            raise ValueError("a stream of words does not tell how sure the server is: unset one")
        return stream
