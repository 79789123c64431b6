"""What a person may set for this recogniser, by `STT_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from agent.options.fields import setting
from agent.remote.aws.options import AwsOptions
from agent.stt.language import Language


class Options(AwsOptions):
    """Which endpoint, what it is sent, and how its model decodes."""

    endpoint: str = setting(
        ...,
        "name of the SageMaker endpoint, for example one that was deployed from JumpStart's "
        "huggingface-asr-whisper-large-v3",
        pattern=r"^[A-Za-z0-9](-*[A-Za-z0-9]){0,62}$",
    )
    inference_component: str | None = setting(
        None, "inference component on that endpoint; empty: the endpoint has none"
    )
    wire: Literal["json", "wav"] = setting(
        "json",
        "json: JumpStart's Whisper, with language, task and decoding; wav: the utterance alone as "
        'audio/wav, for containers of your own that answer {"text": …}',
    )
    language: Language = setting(
        "",
        "spoken language, BCP-47, for example zh or pt-BR; empty: the model detects it",
        of_all=True,
    )
    task: Literal["transcribe", "translate"] = setting(
        "transcribe",
        "transcribe: write what is said; translate: write it in English, which needs the language",
        of_all=True,
    )
    max_new_tokens: int | None = setting(
        None, "longest text of 30 s, tokens; empty: the model's own limit", ge=1, le=448
    )
    num_beams: int | None = setting(
        None, "beams of the search; 1 is fastest; empty: the model's own", ge=1, le=16
    )
    no_repeat_ngram_size: int | None = setting(
        None, "sequences of so many tokens are written once only; empty: no such rule", ge=1, le=50
    )
    do_sample: bool | None = setting(
        None, "whether tokens are drawn, not the likeliest taken; empty: the model's own"
    )
    temperature: float | None = setting(
        None, "randomness of drawing; empty: the model's own", ge=0, le=1
    )
    top_k: int | None = setting(None, "draws from so many of the likeliest tokens", ge=1)
    top_p: float | None = setting(
        None, "draws from the likeliest tokens of this share together", gt=0, le=1
    )
    early_stopping: bool | None = setting(
        None, "whether the search ends when all beams have; empty: the model's own"
    )

    @field_validator("task")
    @classmethod
    def _can_be_asked_for(cls, task: str, info: ValidationInfo) -> str:
        if task == "translate" and info.data.get("wire") == "wav":
            raise PydanticCustomError("task", "translate needs STT_WIRE=json")
        if task == "translate" and not info.data.get("language"):
            raise PydanticCustomError(
                "task", "translate needs STT_LANGUAGE: Whisper's container takes both or none"
            )
        return task

    @property
    def decoding(self) -> dict[str, object]:
        """What is set of how the model decodes, by its own names."""
        names = (
            "max_new_tokens",
            "num_beams",
            "no_repeat_ngram_size",
            "do_sample",
            "temperature",
            "top_k",
            "top_p",
            "early_stopping",
        )
        values = {name: getattr(self, name) for name in names}
        return {name: value for name, value in values.items() if value is not None}
