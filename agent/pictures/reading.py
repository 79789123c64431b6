"""What somebody sends as a picture, made into one that every model takes: a JPEG without metadata.

What it is, its bytes say, not the name or type that came with it. It is decoded by one thread of
the process, because the largest that is taken may need 400 MB for a moment.
"""

import asyncio
import base64
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeVar

from livekit import rtc
from livekit.agents import llm

if TYPE_CHECKING:
    from PIL.Image import Image

T = TypeVar("T")

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
"""Others have decoders that fewer people look at, or none here."""
MOST_PIXELS = 50_000_000
"""As many as the largest cameras of phones give without being asked for more."""
_QUALITY = 85
_DEPTH = 256
"""Greys of 16 bits for one of 8."""

_THREAD = ThreadPoolExecutor(1, thread_name_prefix="pictures")


Why = Literal["not_served", "unwanted", "unreadable", "too_large", "too_many", "unfinished"]


class NotTaken(Exception):
    """What was sent is not shown to the model."""

    def __init__(self, why: Why) -> None:
        """Keep `why`, which clients are told."""
        super().__init__(why)
        self.why: Why = why


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG."""

    jpeg: bytes = field(repr=False)
    width: int
    """Pixels."""
    height: int

    def content(self) -> llm.ImageContent:
        """The picture as part of a message."""
        encoded = base64.b64encode(self.jpeg).decode()
        return llm.ImageContent(image=f"data:image/jpeg;base64,{encoded}")


async def in_thread(work: Callable[[], T]) -> T:
    """Do what decodes or encodes; when cancelled, the thread ends it and it is thrown away."""
    return await asyncio.get_running_loop().run_in_executor(_THREAD, work)


def read_picture(data: bytes, *, longest_px: int) -> Picture:
    """Decode a picture, turned as its camera was held, on white where it is transparent.

    Blocks: a tenth of a second for twelve megapixels, a second and a half at the worst. Of moving
    pictures it is the first.

    Raises:
        NotTaken: `unreadable`, or `too_large`: it has more than `MOST_PIXELS`, which are counted
            before they are decoded.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as opened:
            if opened.width * opened.height > MOST_PIXELS:
                raise NotTaken("too_large")
            image = _in_colours(opened)
            # A JPEG is decoded at the next larger of the sizes that cost little.
            image.thumbnail((longest_px, longest_px), reducing_gap=1.0)
            return _encoded(_on_white(ImageOps.exif_transpose(image)))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise NotTaken("too_large") from error
    except NotTaken:
        raise
    except Exception as error:  # noqa: BLE001 - decoders raise what they like over bytes of others
        raise NotTaken("unreadable") from error


def read_frame(frame: rtc.VideoFrame, *, clockwise: int, longest_px: int) -> Picture:
    """Make a picture of a frame of video that is to be turned by so many degrees; blocks."""
    from PIL import Image

    colours = frame.convert(rtc.VideoBufferType.RGBA)
    size = (frame.width, frame.height)
    image = Image.frombytes("RGBA", size, bytes(colours.data)).convert("RGB")
    image.thumbnail((longest_px, longest_px))
    return _encoded(image.rotate(-clockwise, expand=True) if clockwise else image)


def _in_colours(image: "Image") -> "Image":
    """In a mode that can be made smaller without loss; what it knows of itself stays."""
    if image.mode.startswith("I"):
        return image.point(lambda grey: grey * (1 / _DEPTH)).convert("L")
    if image.mode in ("1", "P", "PA"):
        return image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image


def _on_white(image: "Image") -> "Image":
    from PIL import Image

    if not image.has_transparency_data:
        return image.convert("RGB")
    seen = image.convert("RGBA")
    white = Image.new("RGB", seen.size, "white")
    white.paste(seen, mask=seen.getchannel("A"))
    return white


def _encoded(image: "Image") -> Picture:
    # The encoder would write the comment that stands there.
    image.info = {}
    encoded = io.BytesIO()
    image.save(encoded, "JPEG", quality=_QUALITY)
    return Picture(encoded.getvalue(), image.width, image.height)
