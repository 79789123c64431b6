"""Pictures of one colour, and which one a picture is of."""

import base64
import io
from typing import Any

from PIL import Image

RED, GREEN, BLUE, WHITE = (220, 30, 30), (30, 180, 60), (40, 60, 210), (255, 255, 255)
_NAMES = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE, "black": (0, 0, 0)}


def picture(
    colour: str = "red", *, size: tuple[int, int] = (64, 48), kind: str = "PNG", **more: Any
) -> bytes:
    """A file with a picture of this colour; `more` is for Pillow's encoder."""
    encoded = io.BytesIO()
    Image.new("RGB", size, _NAMES[colour]).save(encoded, kind, **more)
    return encoded.getvalue()


def colour_of(data: bytes, *, at: tuple[float, float] = (0.5, 0.5)) -> str:
    """The name of the nearest colour at a place, as parts of width and height."""
    with Image.open(io.BytesIO(data)) as opened:
        seen = opened.convert("RGB")
    place = (int(at[0] * (seen.width - 1)), int(at[1] * (seen.height - 1)))
    pixel = seen.getpixel(place)
    assert isinstance(pixel, tuple)
    return min(_NAMES, key=lambda name: _distance(_NAMES[name], pixel))


def shown_to(message: dict[str, Any]) -> list[str]:
    """The colours of the pictures in a message of OpenAI's form."""
    content = message["content"]
    parts = content if isinstance(content, list) else []
    urls = [part["image_url"]["url"] for part in parts if part["type"] == "image_url"]
    assert all(url.startswith("data:image/jpeg;base64,") for url in urls)
    return [colour_of(base64.b64decode(url.partition(",")[2])) for url in urls]


def words_of(message: dict[str, Any]) -> str:
    """The text of such a message."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return "".join(part["text"] for part in content if part["type"] == "text")


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=False))
