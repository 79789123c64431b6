"""A text that a persona says in several languages."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, StringConstraints
from pydantic_core import PydanticCustomError

from agent.options.fields import language_tag

ANY = ""
"""Key of the text for languages that have none of their own."""

_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=32_000)]


def _by_language(value: Any) -> Any:
    if isinstance(value, str):
        return {ANY: value}
    if not isinstance(value, Mapping):
        raise PydanticCustomError("texts", "should be a text, or one for each language: `en: …`")
    found = {}
    for tag, text in value.items():
        try:
            found[language_tag(tag).lower()] = text
        except ValueError as error:
            raise PydanticCustomError(
                "texts", "{tag} is no language; a language is written as en, zh or pt-BR",
                {"tag": repr(tag)},
            ) from error  # fmt: skip
    return found


Texts = Annotated[dict[str, _Text], BeforeValidator(_by_language)]
"""By lower-case BCP-47 tag, or by `ANY`."""


def said_in(texts: Mapping[str, Any], languages: Sequence[str]) -> Any:
    """What there is for the first of `languages` (BCP-47 tags) that has any; None: nothing is.

    `pt` stands in for `pt-BR` and the other way round; without a language that fits it is what is
    there for any, else what was written first.
    """
    for language in languages:
        tag = language.lower()
        base = tag.partition("-")[0]
        fitting = (tag, base, *(other for other in texts if other.partition("-")[0] == base))
        for key in fitting:
            if key and key in texts:
                return texts[key]
    return texts.get(ANY, next(iter(texts.values()), None))
