"""What a person may set for this voice, by `TTS_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from pathlib import Path
from typing import Literal

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from agent.options.fields import Language, setting
from agent.remote.aws.options import AwsOptions
from agent.tts.gpt_sovits.languages import code_of


class Options(AwsOptions):
    """Which endpoint with GPT-SoVITS, whose voice it has, and how its speech comes back."""

    endpoint: str = setting(
        ...,
        "name of the SageMaker endpoint with GPT-SoVITS",
        pattern=r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$",
    )
    inference_component: str | None = setting(
        None, "inference component on that endpoint; empty: the endpoint has none"
    )
    mode: Literal["inline", "s3"] = setting(
        "inline",
        "inline: its container sends samples as they are made; s3: it names files in a bucket, "
        "which takes a round trip more",
    )
    output_s3uri: str | None = setting(
        None,
        "s3: where the container puts these files, s3://BUCKET/PREFIX/, a folder of its own for "
        "each text; let a lifecycle rule of the bucket delete them",
        pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/\S*)?$",
        validate_default=True,
    )
    voices: Path | None = setting(
        None,
        "file of cloned voices, TOML (docs/cloned-voices.md), whose recordings are at s3:// or in "
        "the container; empty: the container's own recording",
    )
    voice: str = setting("", "name of a voice in that file; empty: the first one")
    language: Language = setting(
        "",
        "language that is spoken, BCP-47: zh, yue, en, ja or ko; empty: by the text, or as a voice "
        "of the file says",
        of_all=True,
    )
    speed: float = setting(
        1.0,
        "speaking speed; 1 is the voice's own, others need a container that knows it",
        ge=0.25,
        le=4,
    )
    cut_punctuation: str = setting(
        "",
        "marks at which the container cuts a text once more, for example ,.?!，。？！; empty: not",
    )
    sample_rate_hz: int = setting(
        32000,
        "inline: samples per second of the container's model (v3: 24000, v4: 48000, others 32000)",
        ge=8000,
        le=48000,
    )
    stall_s: float = setting(
        8.0, "longest pause of the container in the middle of its answer, seconds", gt=0, le=120
    )

    @field_validator("output_s3uri")
    @classmethod
    def _needed_in_s3_mode(cls, uri: str | None, info: ValidationInfo) -> str | None:
        if uri is None and info.data.get("mode") == "s3":
            raise PydanticCustomError("output", "is needed with TTS_MODE=s3")
        return uri if uri is None or uri.endswith("/") else f"{uri}/"

    @field_validator("language")
    @classmethod
    def _spoken(cls, language: str) -> str:
        code_of(language, version="v2")
        return language
