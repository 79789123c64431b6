"""A sound file that a client uploads in a form, as servers read it."""

import io
import wave
from dataclasses import dataclass

import numpy as np
from aiohttp import BodyPartReader, web


@dataclass(frozen=True)
class Upload:
    """A form with a WAV file in its field `file`."""

    form: dict[str, str]
    """The other fields."""
    audio: np.ndarray
    """float32 mono in [-1, 1]."""
    rate_hz: int


async def read_upload(request: web.Request) -> Upload | None:
    """Read it; None where there is no file.

    Raises:
        HTTPBadRequest: it is no form, or its file is no 16-bit WAV.
    """
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPBadRequest(text="the body is no form")
    # Not `request.post()`: cancelled half-way, it leaves its temporary file open.
    form: dict[str, str] = {}
    file = b""
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        if part.name == "file":
            file = bytes(await part.read())
        else:
            form[part.name or ""] = await part.text()
    if not file:
        return None
    try:
        with wave.open(io.BytesIO(file)) as wav:
            rate_hz = wav.getframerate()
            pcm = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
    except (wave.Error, EOFError, ValueError):
        raise web.HTTPBadRequest(text="the file is no WAV of 16 bits") from None
    return Upload(form, pcm / np.float32(32768), rate_hz)
