"""What a client of `/v1/audio/…` asks for: the fields of its form, checked.

Source: https://platform.openai.com/docs/api-reference/audio/createTranscription;
`target_language` is an addition.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from model_servers.seamless_m4t.languages import UnknownLanguage, code_of
from model_servers.serving.errors import BadRequest
from model_servers.serving.form import flag

Format = Literal["json", "text"]
_LONGEST = 100
_ENGLISH = "eng"


@dataclass(frozen=True, slots=True)
class Wish:
    """One request without its audio."""

    target: str
    """Code of the language that is written."""
    format: Format = "json"
    stream: bool = False


def parse(fields: Mapping[str, str], known: Collection[str], *, translate: bool) -> Wish:
    """Check the text fields of a form; unknown ones are ignored.

    Args:
        fields: by name.
        known: codes of the languages that the model writes.
        translate: whether into `target_language` (English when there is none), else into the
            language that is spoken.

    Raises:
        BadRequest: a field has a value that is not allowed.
    """
    name = "target_language" if translate else "language"
    wanted = fields.get(name, "").strip()
    if not wanted and not translate:
        raise BadRequest(
            "language is needed: SeamlessM4T writes down what is said in the language that it is "
            "told",
            param="language",
        )
    target = language(wanted, known, param=name) if wanted else _ENGLISH
    form = fields.get("response_format") or "json"
    if form not in get_args(Format):
        raise BadRequest(
            f"response_format must be json or text, not {form[:_LONGEST]!r}",
            param="response_format",
        )
    stream = flag("stream", fields.get("stream", "")[:_LONGEST])
    return Wish(target, "text" if form == "text" else "json", stream)


def language(name: str, known: Collection[str], *, param: str) -> str:
    """SeamlessM4T's code of a language, which the model must have.

    Raises:
        BadRequest: it has it not.
    """
    try:
        code = code_of(name[:_LONGEST])
    except UnknownLanguage as error:
        raise BadRequest(str(error), param=param, code="unknown_language") from None
    if code not in known:
        raise BadRequest(
            f"{param}: this model does not have {name[:_LONGEST]!r}",
            param=param,
            code="unknown_language",
        )
    return code
