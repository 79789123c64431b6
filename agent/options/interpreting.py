"""Captions and interpreting."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from agent.options.fields import Language, Section, language_tag, setting


def _languages(value: object) -> object:
    if not isinstance(value, str):
        return value
    return [code for code in (language_tag(part) for part in value.split(",")) if code]


Languages = Annotated[tuple[str, ...], BeforeValidator(_languages)]
"""BCP-47 codes, in a variable with commas between them."""


def _voices(value: object) -> object:
    if not isinstance(value, str):
        return value
    found: dict[str, list[str]] = {}
    for entry in filter(None, (part.strip() for part in value.split(","))):
        language, equals, voice = (part.strip() for part in entry.partition("="))
        if not (equals and voice):
            raise PydanticCustomError("voices", "should be a comma list of language=voice")
        tag = language if language == "*" else language_tag(language)
        found.setdefault(tag, []).append(voice)
    return found


Voices = Annotated[dict[str, tuple[str, ...]], BeforeValidator(_voices)]
"""Names of voices by BCP-47 code, in a variable as `pt=dora,pt=alex,*=nova`."""


class InterpretOptions(Section):
    """Captions and interpreting: what everybody says, in other languages (docs/interpreter.md)."""

    spoken: Language = setting(
        "",
        "language that people speak who say nothing else, for example zh; empty: STT_LANGUAGE, or "
        "what the recogniser finds",
    )
    to: Languages = setting(
        (),
        "languages that are wanted, for example pt,zh; those that people in the room ask for come "
        "on top",
    )
    voices: Voices = setting(
        {},
        "voices of TTS_ENGINE for each language, comma list of language=voice, several of one for "
        "several speakers, for example pt=pf_dora,pt=pm_alex,*=nova; * is any language, {language} "
        "in a name its tag; the embedded voice speaks the others",
    )
    cloning: Literal["off", "ask"] = setting(
        "off",
        "whether people may be interpreted in their own voice; ask: who asks for it and says aloud "
        "that they agree, with a TTS_ENGINE that speaks like a recording it is sent: fish_speech, "
        "cosyvoice, f5_tts, maskgct",
    )
    glossary: Path | None = setting(
        None,
        "file with a line `term = translation` for each term, or `term` alone for what stays as it "
        "is; for TRANSLATE_ENGINE=llm",
    )
