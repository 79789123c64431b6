"""The body of `/invocations`, checked.

Source: qingyuan18/GPT-SoVITS, api.py (`InferenceOpt`), the container that clients of this wire
were written for; `speed` is an addition.
"""

import json
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_servers.serving.errors import BadRequest

FIND_OUT = "auto"
_LONGEST = 2048


class Invocation(BaseModel):
    """What a client asks for. Fields that only other containers know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    text: str = Field(description="what is to be spoken")
    text_language: str = Field(FIND_OUT, max_length=20, description="GPT-SoVITS's code")
    refer_wav_path: str = Field(
        "", max_length=_LONGEST, description="recording: s3://…, or a file of this machine"
    )
    prompt_text: str = Field("", max_length=_LONGEST, description="what is said in it")
    prompt_language: str = Field(FIND_OUT, max_length=20, description="its language")
    cut_punc: str = Field("", max_length=50, description="marks at which the text is cut")
    speed: float = Field(1.0, ge=0.25, le=4.0, description="1 is the recording's own")
    output_s3uri: str = Field(
        "", max_length=_LONGEST, description="where files are put; empty: samples are sent"
    )


def parse(body: bytes, *, max_chars: int) -> Invocation:
    """Check a request's body.

    Raises:
        BadRequest: it is not JSON, lacks the text or has a value that is not allowed.
    """
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest("the body must be JSON") from None
    if not isinstance(told, dict):
        raise BadRequest("the body must be a JSON object")
    given = {name: value for name, value in told.items() if value not in (None, "")}
    if "text" not in given:
        raise BadRequest("text is empty", param="text")
    try:
        asked = Invocation.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise BadRequest(f"{field}: {fault['msg']}", param=field) from None
    if not asked.text.strip():
        raise BadRequest("text is empty", param="text")
    if len(asked.text) > max_chars:
        raise BadRequest(
            f"text has {len(asked.text)} characters; this server's limit is {max_chars}",
            param="text",
            code="string_above_max_length",
        )
    return asked


def language(code: str, known: Collection[str], *, param: str) -> str:
    """GPT-SoVITS's code, checked.

    Raises:
        BadRequest: the model does not know it.
    """
    wanted = code.strip().lower() or FIND_OUT
    if wanted in known:
        return wanted
    raise BadRequest(
        f"{param} is {code!r}, which this model does not know; it knows {', '.join(sorted(known))}",
        param=param,
        code="unknown_language",
    )
