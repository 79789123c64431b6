"""Spoken languages as people set them: BCP-47, and nothing for "find out yourself"."""

import re
from typing import Annotated

from pydantic import BeforeValidator

_BCP47 = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)


def _checked(value: object) -> str:
    code = str(value).strip().replace("_", "-")
    if code.lower() in ("", "auto"):
        return ""
    if not _BCP47.fullmatch(code):
        raise ValueError("not a language code such as en, zh or pt-BR; auto: detect it")
    return code


Language = Annotated[str, BeforeValidator(_checked)]
"""A BCP-47 code as it was given; `auto` and nothing both become the empty string."""


def iso_639_1(code: str) -> str:
    """The two letters that recognition servers take, `zh` for `zh-Hans-CN` or `cmn`.

    A language without two letters of its own keeps its three (`yue`); empty stays empty.
    """
    # Here, because livekit-agents takes seconds to import and settings need only `Language`.
    from livekit.agents.language import LanguageCode

    return LanguageCode(code).language if code else ""
