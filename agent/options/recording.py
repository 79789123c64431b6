"""The flight recorder."""

from pathlib import Path
from typing import Literal

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from agent.options.fields import Section, setting
from agent.wording.lexicon import ENGLISH


class RecordOptions(Section):
    """The flight recorder: a file for each call, or interpreted room, to look at and to replay."""

    record: Literal["off", "events", "audio"] = setting(
        "off",
        "what is kept of each call, and of each captioned or interpreted room, in a file of its "
        "own (docs/recording.md); events: levels, decisions, times, and all words of all sides; "
        "audio: their sound too, which the greeting then says, and in a room a notice to each",
    )
    folder: Path | None = setting(
        None,
        "folder of the recordings, readable by the worker's user alone; empty: recordings in the "
        "user's state folder",
    )
    max_mb: float = setting(
        64.0,
        "largest file of one call or room, megabytes; the rest of a longer one is left out. An "
        "hour of a call takes about 10 without sound, 250 with it; of a room's track 1.5 and 100",
        gt=0,
        le=10_000,
    )
    notice: str = setting(
        ENGLISH.recorded,
        "added to the greeting with RECORD=audio, and shown to each person in a room; when not "
        "set, in the language of the call, or of that person",
        empty=True,
    )

    @field_validator("notice")
    @classmethod
    def _said(cls, notice: str, info: ValidationInfo) -> str:
        if not notice.strip() and info.data.get("record") == "audio":
            raise PydanticCustomError(
                "notice", "must not be empty with RECORD=audio: the caller is to know of it"
            )
        return notice
