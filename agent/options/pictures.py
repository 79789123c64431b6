"""Pictures that the caller shows."""

from typing import Literal

from agent.options.fields import Section, setting


class PictureOptions(Section):
    """Pictures that the caller sends or shows, for models that see (docs/pictures.md)."""

    pictures: bool = setting(
        True,
        "whether callers may show pictures; what they send goes to the model of LLM_ENGINE with "
        "their next question, if the persona sees, and is kept nowhere; false: no video either",
    )
    video: Literal["auto", "on", "off"] = setting(
        "auto",
        "whether the model is shown a frame of the caller's screen or camera with each question "
        "while they share it; auto: if the persona's file has sees: true; on: also if no persona "
        "is chosen",
    )
    longest_px: int = setting(
        1024, "longest side of what the model is sent, pixels; larger ones are made smaller",
        ge=64, le=4096,
    )  # fmt: skip
    max_mb: float = setting(
        10.0, "largest picture that is taken, megabytes; the rest is not read", gt=0, le=100
    )
    per_question: int = setting(
        4, "pictures that are taken with one question; each is about a thousand tokens", ge=1, le=20
    )
    turns: int = setting(
        3,
        "questions that the model is sent a picture with, its own the first; then it is told that "
        "there was one",
        ge=1,
        le=100,
    )
