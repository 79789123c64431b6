"""The body of `/v1/audio/speech`, checked.

Source: https://platform.openai.com/docs/api-reference/audio/createSpeech; `sample_rate` is
an addition that speaches has too.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model_servers.serving.errors import BadRequest

DEFAULT_RATE_HZ = 24000
"""OpenAI's pcm has this rate and no header to say so."""

_FORMATS = ("pcm", "wav")


class SpeechRequest(BaseModel):
    """What a client asks for. Fields that only other servers know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    input: str = Field(description="text to speak")
    voice: str = Field("", max_length=100, description="see Voices.find")
    response_format: str = Field("wav", max_length=100, description="pcm or wav")
    speed: float = Field(1.0, ge=0.25, le=4.0, description="1 is normal")
    stream_format: Literal["audio", "sse"] = Field("audio", description="raw or as events")
    sample_rate: int = Field(DEFAULT_RATE_HZ, ge=8000, le=48000, description="samples a second")


def parse(body: bytes, *, max_chars: int) -> SpeechRequest:
    """Check a request's body.

    Raises:
        BadRequest: it is not JSON, lacks the text or has a value that is not allowed.
    """
    try:
        request = SpeechRequest.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False, include_context=False)[0]
        field = ".".join(str(part) for part in fault["loc"])
        where = f"{field}: " if field else "the body must be JSON: "
        raise BadRequest(where + fault["msg"], param=field or None) from None
    if not request.input.strip():
        raise BadRequest("input is empty", param="input")
    if len(request.input) > max_chars:
        raise BadRequest(
            f"input has {len(request.input)} characters; this server's limit is {max_chars}",
            param="input",
            code="string_above_max_length",
        )
    if request.response_format not in _FORMATS:
        raise BadRequest(
            f"response_format {request.response_format!r} is not made here: there is no encoder, "
            "its delay would be heard. Ask for pcm (s16le) or wav",
            param="response_format",
            code="unsupported_format",
        )
    return request
