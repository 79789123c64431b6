"""What a person may set for this recogniser, by `STT_*`.

Apart from the engine, whose libraries take seconds to import: `--help` and the web server read
settings too.
"""

import re
from typing import Literal

from pydantic import ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from agent.options.fields import setting
from agent.remote.aws.options import AwsOptions
from agent.stt.language import Language
from agent.stt.transcribe.languages import code_of

_ENGLISH = "en-US"
_FEWEST, _MOST = 2, 5
"""Languages that Transcribe wants to choose from, and how many it advises at most."""
_TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)


class Options(AwsOptions):
    """What is heard, and how soon words stay as they are."""

    endpoint_url: str | None = setting(
        None,
        "address in place of Amazon's own, for example wss://HOST:8443; empty: "
        "AWS_ENDPOINT_URL_TRANSCRIBE_STREAMING, else the region's",
        pattern=r"^(wss?|https?)://[^\s/]\S*$",
    )
    language: Language = setting(
        _ENGLISH,
        "spoken language, BCP-47, for example zh or pt-BR; auto: any of STT_LANGUAGE_OPTIONS, or "
        "English where that is empty",
        of_all=True,
    )
    language_options: str = setting(
        "",
        "comma list of two to five languages, for example en, de, fr: Transcribe finds out which "
        "one is spoken, STT_LANGUAGE being the likeliest; empty: it is told",
    )
    stability: Literal["off", "low", "medium", "high"] = setting(
        "high",
        "how soon interim words stay as they are, so that an answer may be begun on them; high is "
        "soonest, and a little less exact",
    )
    vocabulary: str | None = setting(
        None,
        "name of a custom vocabulary of the language; empty: none",
        pattern=r"^[0-9a-zA-Z._-]+$",
    )
    model: str | None = setting(
        None, "name of a custom language model; empty: none", pattern=r"^[0-9a-zA-Z._-]+$"
    )

    @property
    def language_code(self) -> str:
        """Transcribe's code of the language that it is told, or of the likeliest."""
        return code_of(self.language or _ENGLISH)

    @property
    def choice(self) -> tuple[str, ...]:
        """Codes of the languages that it chooses from; none: it is told the one."""
        return tuple(code_of(tag) for tag in _tags(self.language_options))

    @property
    def likeliest(self) -> str:
        """The one of them that is the language that is set, of whichever region; empty: none."""
        code = self.language_code
        same = [one for one in self.choice if one.partition("-")[0] == code.partition("-")[0]]
        return next(iter(same), "")

    @field_validator("language_options")
    @classmethod
    def _to_choose_from(cls, languages: str) -> str:
        tags = _tags(languages)
        if wrong := next((tag for tag in tags if not _TAG.fullmatch(tag)), None):
            raise PydanticCustomError(
                "language", "names {tag}, which is no language code", {"tag": wrong}
            )
        if tags and not _FEWEST <= len(tags) <= _MOST:
            raise PydanticCustomError("languages", "should name two to five languages")
        first = [code_of(tag).partition("-")[0] for tag in tags]
        if twice := next((code for code in first if first.count(code) > 1), None):
            raise PydanticCustomError(
                "languages", "may name {code} once: not with two regions", {"code": twice}
            )
        return languages

    @field_validator("vocabulary", "model")
    @classmethod
    def _of_one_language(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name and info.data.get("language_options"):
            raise PydanticCustomError(
                "languages", "is of one language: leave STT_LANGUAGE_OPTIONS empty"
            )
        return name


def _tags(languages: str) -> list[str]:
    return [tag.strip().replace("_", "-") for tag in languages.split(",") if tag.strip()]
