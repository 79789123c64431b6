"""What callers send as pictures: all kinds, turned, transparent, moving, broken, and bombs."""

import io
import struct
import zlib

import pytest
from livekit import rtc
from PIL import Image

from agent.pictures.reading import MOST_PIXELS, NotTaken, Picture, read_frame, read_picture
from tests.fakes.pictures import BLUE, GREEN, RED, colour_of, picture

LONGEST = 1024


def read(data: bytes, *, longest_px: int = LONGEST) -> Picture:
    return read_picture(data, longest_px=longest_px)


def saved(image: Image.Image, kind: str, **more: object) -> bytes:
    encoded = io.BytesIO()
    image.save(encoded, kind, **more)
    return encoded.getvalue()


def two_halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (80, 40), left)
    image.paste(right, (40, 0, 80, 40))
    return image


def png_header(width: int, height: int) -> bytes:
    """A PNG that says how large it is, with one line of it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    line = zlib.compress(b"\0" * (1 + 3 * min(width, 4)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", line) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_each_kind_becomes_a_jpeg_of_the_same_colour(kind: str) -> None:
    found = read(picture("green", kind=kind))
    assert colour_of(found.jpeg) == "green"
    with Image.open(io.BytesIO(found.jpeg)) as opened:
        assert (opened.format, opened.mode, opened.size) == ("JPEG", "RGB", (64, 48))


def test_a_large_one_is_made_smaller_and_a_small_one_is_left() -> None:
    large = read(picture(size=(3000, 1500), kind="JPEG"))
    assert (large.width, large.height) == (1024, 512)
    small = read(picture(size=(10, 7)))
    assert (small.width, small.height) == (10, 7)
    line = read(picture(size=(5000, 1)))
    assert (line.width, line.height) == (1024, 1)


def test_it_is_turned_as_the_camera_was_held() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    for kind in ("JPEG", "PNG", "WEBP"):
        found = read(saved(two_halves(RED, BLUE), kind, exif=exif.tobytes()))
        assert (found.width, found.height) == (40, 80)
        assert colour_of(found.jpeg, at=(0.5, 0.1)) == "red"
        assert colour_of(found.jpeg, at=(0.5, 0.9)) == "blue"


def test_nothing_is_left_that_a_camera_or_program_wrote_into_it() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker of cameras"
    exif.get_ifd(0x8825)[1] = "N"
    data = saved(
        Image.new("RGB", (8, 8)), "JPEG", exif=exif.tobytes(), comment=b"home address", dpi=(9, 9)
    )
    assert b"Maker of cameras" in data
    assert b"home address" in data
    found = read(data).jpeg
    assert b"Maker" not in found
    assert b"home" not in found
    with Image.open(io.BytesIO(found)) as opened:
        assert not opened.getexif()
        assert "dpi" not in opened.info or opened.info["dpi"] != (9, 9)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str) -> None:
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    clear.paste((*RED, 255), (0, 0, 10, 20))
    data = saved(clear.convert(mode), "PNG")
    assert colour_of(read(data).jpeg, at=(0.9, 0.5)) == "white"


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_a_moving_picture_the_first_is_seen(kind: str) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (GREEN, RED, BLUE)]
    data = saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    assert colour_of(read(data).jpeg) == "green"


def test_pictures_of_printers_scanners_and_measurements_are_seen_too() -> None:
    assert colour_of(read(saved(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG")).jpeg) == "red"
    assert colour_of(read(saved(Image.new("1", (8, 8), 1), "PNG")).jpeg) == "white"
    grey = Image.new("I;16", (8, 8), 40)  # of 65535: nearly black
    assert colour_of(read(saved(grey, "PNG")).jpeg) == "black"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 100,
        b"%PDF-1.7 and so on",
        b"<svg xmlns='http://www.w3.org/2000/svg'><rect width='9' height='9'/></svg>",
        b"\xff\xd8\xff\xe0 looks like a JPEG",
        picture(kind="JPEG")[:300],
        picture(size=(300, 300))[:200],
        png_header(0, 5),
        saved(Image.new("RGB", (4, 4)), "BMP"),
        saved(Image.new("RGB", (4, 4)), "TIFF"),
        saved(Image.new("RGB", (4, 4)), "EPS"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(NotTaken) as caught:
        read(data)
    assert caught.value.why == "unreadable"


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 60_000), (20_000, 9_000), (MOST_PIXELS // 1000 + 1, 1000)]
)
def test_a_bomb_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    with pytest.raises(NotTaken) as caught:
        read(png_header(width, height))
    assert caught.value.why == "too_large"


def test_a_frame_of_video_is_turned_and_made_smaller() -> None:
    halves = two_halves(RED, BLUE)
    pixels = halves.convert("RGBA").tobytes()
    frame = rtc.VideoFrame(80, 40, rtc.VideoBufferType.RGBA, pixels).convert(
        rtc.VideoBufferType.I420  # as a track gives them
    )
    upright = read_frame(frame, clockwise=0, longest_px=20)
    assert (upright.width, upright.height) == (20, 10)
    assert colour_of(upright.jpeg, at=(0.1, 0.5)) == "red"
    turned = read_frame(frame, clockwise=90, longest_px=LONGEST)
    assert (turned.width, turned.height) == (40, 80)
    assert colour_of(turned.jpeg, at=(0.5, 0.1)) == "red"
