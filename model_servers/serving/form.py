"""What a form brings: one uploaded file, and text fields with their flags."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import UploadFile
from starlette.requests import Request

from model_servers.serving.errors import BadRequest

_MOST_FIELDS, _MOST_FILES, _LONGEST_FIELD_BYTES = 64, 2, 64 * 1024
_TRUE, _FALSE = ("true", "1", "on", "yes"), ("", "false", "0", "off", "no")


@dataclass(frozen=True, slots=True)
class Form:
    """One that was read whole."""

    file: bytes
    fields: Mapping[str, Sequence[str]]
    """Values by name, in the order in which they came."""

    @property
    def last(self) -> dict[str, str]:
        """The last value of each field."""
        return {name: values[-1] for name, values in self.fields.items()}


async def read_form(request: Request) -> Form:
    """The uploaded file's bytes and the other fields.

    Raises:
        BadRequest: the file is missing.
    """
    async with request.form(
        max_files=_MOST_FILES, max_fields=_MOST_FIELDS, max_part_size=_LONGEST_FIELD_BYTES
    ) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise BadRequest("the form has no file named 'file'", param="file")
        fields: dict[str, list[str]] = {}
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields.setdefault(name, []).append(value)
        return Form(await file.read(), fields)


def flag(name: str, value: str) -> bool:
    """Whether a field says yes; empty is no.

    Raises:
        BadRequest: it says neither.
    """
    text = value.strip().lower()
    if text not in (*_TRUE, *_FALSE):
        raise BadRequest(f"{name} must be true or false, not {value!r}", param=name)
    return text in _TRUE
