"""What a person may set for this recogniser, by `STT_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

from typing import Literal

from pydantic import SecretStr, ValidationInfo, field_validator

from agent.options.fields import EngineOptions, setting
from agent.remote.gradio.m4t_languages import display_name
from agent.stt.language import Language, iso_639_1

Preset = Literal["m4t_s2tt", "m4t_asr", "mooer_asr", "mooer_ast", "whisper"]
Task = Literal["transcribe", "translate"]

MOOER_HEARS: dict[Task, tuple[str, ...]] = {"transcribe": ("zh", "en"), "translate": ("zh",)}
"""Languages that it knows, by what it is to do."""


class Options(EngineOptions):
    """Which server, and what it is asked for."""

    url: str = setting(
        ...,
        "address of the Gradio server, or a Hugging Face Space as owner/name",
        pattern=r"^(https?://\S+|[\w.-]+/[\w.-]+)$",
    )
    preset: Preset = setting(
        "m4t_s2tt",
        "m4t_s2tt: SeamlessM4T-v2, translates; m4t_asr: SeamlessM4T-v2, transcribes; "
        "mooer_asr: MooER, transcribes Chinese and English; mooer_ast: MooER, translates Chinese "
        "into English; whisper: a Whisper server's page with /transcribe and /translate",
    )
    task: Task | None = setting(
        None,
        "transcribe: write what is said; translate: write it in STT_TARGET_LANGUAGE; "
        "empty: what the preset does",
        of_all=True,
    )
    language: Language = setting(
        "",
        "spoken language, BCP-47, for example zh or ar-EG; empty: detected by whisper, mooer and "
        "m4t_s2tt, not allowed for m4t_asr",
        validate_default=True,
        of_all=True,
    )
    target_language: Language = setting(
        "en",
        "language that a translation is written in, BCP-47",
        validate_default=True,
        of_all=True,
    )
    api_key: SecretStr | None = setting(
        None, "key of the server, or a Hugging Face token for a private Space"
    )
    username: str | None = setting(None, "name to log in with, where the server asks for one")
    password: SecretStr | None = setting(None, "password to log in with")

    @property
    def what(self) -> Task:
        """The task in force."""
        return self.task or _usual_task(self.preset)

    @field_validator("language")
    @classmethod
    def _spoken(cls, language: str, info: ValidationInfo) -> str:
        preset = info.data.get("preset", "")
        task = info.data.get("task") or _usual_task(preset)
        if preset.startswith("m4t"):
            if language:
                display_name(language)
            elif task == "transcribe":
                raise ValueError(
                    "SeamlessM4T does not detect the language it transcribes: name it, for "
                    "example en or zh"
                )
        elif preset.startswith("mooer") and language:
            hears = MOOER_HEARS[task]
            if iso_639_1(language) not in hears:
                raise ValueError(f"MooER {task}s {' and '.join(hears)} only")
        return language

    @field_validator("target_language")
    @classmethod
    def _written(cls, language: str, info: ValidationInfo) -> str:
        preset = info.data.get("preset", "")
        if not language:
            raise ValueError("a translation needs a language, for example en")
        if preset.startswith("m4t"):
            display_name(language)
        elif preset and iso_639_1(language) != "en":
            who = "MooER" if preset.startswith("mooer") else "Whisper"
            raise ValueError(f"{who} translates into English only")
        return language


def _usual_task(preset: str) -> Task:
    return "translate" if preset in ("m4t_s2tt", "mooer_ast") else "transcribe"
