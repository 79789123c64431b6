"""Where the frames of an MP3 stream are.

Source: ISO/IEC 11172-3 and 13818-3, section 2.4.1.3, the header of a frame; ID3v2, section 3.1.
"""

from dataclasses import dataclass

HEADER_BYTES = 4
_BITRATES_KBPS = {
    3: (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    2: (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Layer III of MPEG-1, and of MPEG-2 and 2.5."""
_RATES_HZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_LAYER_III = 1
_ID3_BYTES = 10
_TAG_WITHIN = 44
"""Xing's and LAME's tag begins after the side information, of 32 bytes at most."""
_DECODER_DELAY = 529
"""Samples that every decoder is late by, LAME's tag does not count them."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its bytes, and the samples of each channel in it."""

    length: int
    samples: int
    rate_hz: int


def frame_at(data: bytes | bytearray, at: int) -> Frame | None:
    """The frame that begins at a place; None if none does, or its header is not there yet."""
    if len(data) < at + HEADER_BYTES or data[at] != 0xFF or data[at + 1] & 0xE0 != 0xE0:
        return None
    version, layer = data[at + 1] >> 3 & 3, data[at + 1] >> 1 & 3
    bitrate, rate, padding = data[at + 2] >> 4, data[at + 2] >> 2 & 3, data[at + 2] >> 1 & 1
    if layer != _LAYER_III or version == 1 or rate == 3 or not 0 < bitrate < 15:
        return None
    rate_hz = _RATES_HZ[version][rate]
    samples = 1152 if version == 3 else 576
    kbps = _BITRATES_KBPS[3 if version == 3 else 2][bitrate - 1]
    return Frame(samples // 8 * kbps * 1000 // rate_hz + padding, samples, rate_hz)


class FrameCutter:
    """Bytes in, whole frames of sound out; tags and whatever else is between them is left out.

    So is the frame that tells the length of a file: a stream of several files has several.
    """

    def __init__(self) -> None:
        """Begin before the first byte."""
        self.delay = 0
        """Samples at the beginning that are none of the sound, as its encoder says."""
        self._any = False
        self._held = bytearray()
        self._skip = 0

    def feed(self, data: bytes) -> list[tuple[Frame, bytes]]:
        """Take in bytes and return the frames that are complete."""
        self._held += data
        at, found = 0, []
        while at < len(self._held):
            if self._skip:
                step = min(self._skip, len(self._held) - at)
                self._skip, at = self._skip - step, at + step
                continue
            frame = frame_at(self._held, at)
            if frame is not None and len(self._held) >= at + frame.length:
                whole = bytes(self._held[at : at + frame.length])
                at += frame.length
                delay = _encoder_delay(whole)
                if delay is None:
                    found.append((frame, whole))
                    self._any = True
                elif not self._any:
                    self.delay = delay
            elif frame is not None or len(self._held) - at < _ID3_BYTES:
                break
            elif self._held[at : at + 3] == b"ID3":
                self._skip = _ID3_BYTES + _tag_size(self._held[at + 6 : at + 10])
            else:
                at += 1
        del self._held[:at]
        return found


def _encoder_delay(frame: bytes) -> int | None:
    """What a frame without sound, which describes a file, says of its beginning; else None."""
    at = max(frame.find(b"Xing", 0, _TAG_WITHIN), frame.find(b"Info", 0, _TAG_WITHIN))
    if at < 0:
        return None
    flags = int.from_bytes(frame[at + 4 : at + 8])
    fields = sum(size for bit, size in ((1, 4), (2, 4), (4, 100), (8, 4)) if flags & bit)
    delays = frame[at + 8 + fields + 21 : at + 8 + fields + 24]
    if len(delays) < 3 or not any(delays):
        return 0
    return (int.from_bytes(delays) >> 12) + _DECODER_DELAY


def _tag_size(size: bytes | bytearray) -> int:
    """The length of an ID3v2 tag: four times seven bits."""
    return size[0] << 21 | size[1] << 14 | size[2] << 7 | size[3]
