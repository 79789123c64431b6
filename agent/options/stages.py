"""The stages that engines are chosen for."""

from typing import Literal

from agent.options.fields import Section, setting
from agent.wording.lexicon import ENGLISH


class StageOptions(Section):
    """What every engine of a stage shares."""

    engine: str = setting(
        "auto",
        "engine of this stage, or a list of them, first choice first; auto: see the first line of "
        "the section",
    )
    timeout_s: float = setting(
        6.0, "longest wait for the engine's first answer to a request, seconds", gt=0, le=120
    )
    max_retries: int = setting(
        1,
        "further tries after a failure that may pass; in a list the next engine is asked instead, "
        "and only the last one again",
        ge=0,
        le=5,
    )


Hedging = Literal["auto", "on", "off"]


_HEDGE = (
    "a second, equal request when the first takes longer than nineteen of twenty did; the first "
    "answer counts; auto: to hosted engines, not to those of your own"
)


class SpeechToTextOptions(StageOptions):
    """Speech to text. auto: openai when a URL or key is set, else whisper."""

    hedge: Hedging = setting("auto", _HEDGE)


class ModelOptions(StageOptions):
    """Language model. auto: openai when a URL or key is set, else handbook."""

    instructions: str = setting(
        "You are a voice assistant on a phone call. Answer in one to three short spoken "
        "sentences, without lists, markdown or emoji.",
        "system prompt",
    )
    timeout_s: float = setting(
        10.0, "longest wait for the first token of a reply, seconds", gt=0, le=120
    )
    stall_s: float = setting(
        5.0,
        "longest wait for the next word once a reply has begun, seconds; then its rest is given up "
        "and the caller is told",
        gt=0,
        le=120,
    )
    history_chars: int = setting(
        24_000,
        "how much of the conversation the model is sent, characters (a token is about four in "
        "English, one in Chinese); the oldest turns are left out first",
        ge=1000,
        le=10_000_000,
    )
    hedge: Hedging = setting("auto", _HEDGE)
    filler: str = setting(
        ENGLISH.filler,
        "what is said when a reply is slow to begin, in the same language; empty: nothing",
        empty=True,
    )
    filler_after_s: float = setting(
        3.0, "wait for the first token after which the filler is said, seconds", gt=0, le=60
    )


class TextToSpeechOptions(StageOptions):
    """Text to speech. auto: openai when a URL or key is set, else espeak."""


class TranslateOptions(StageOptions):
    """Translation, for captions. auto: libretranslate when a URL is set, else none."""
