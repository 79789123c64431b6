"""Sound files of `rejoinder call`, as editors write them."""

import struct
from pathlib import Path

import numpy as np
import pytest

from agent.errors import ConfigError
from rejoinder.scripted_caller.microphone import RATE_HZ
from rejoinder.scripted_caller.script import read_sound

_FILE_HZ = 16000
_TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(_FILE_HZ) / _FILE_HZ)
_GUID = bytes.fromhex("000000001000800000aa00389b71")


def wav(tag: int, bits: int, data: bytes, *, channels: int = 1, extensible: bool = False) -> bytes:
    frame = channels * bits // 8
    form = struct.pack(
        "<HHIIHH", 0xFFFE if extensible else tag, channels, _FILE_HZ, _FILE_HZ * frame, frame, bits
    )
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 0, tag) + _GUID
    extra = b"LIST" + struct.pack("<I", 4) + b"INFO"
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + extra
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _packed_24(samples: np.ndarray) -> bytes:
    wide = (samples * (2**23 - 1)).astype("<i4")
    return wide.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


FILES = {
    "16-bit": wav(1, 16, (_TONE * 32767).astype("<i2").tobytes()),
    "8-bit": wav(1, 8, (_TONE * 127 + 128).astype(np.uint8).tobytes()),
    "24-bit": wav(1, 24, _packed_24(_TONE)),
    "32-bit": wav(1, 32, (_TONE * (2**31 - 1)).astype("<i4").tobytes()),
    "float": wav(3, 32, _TONE.astype("<f4").tobytes()),
    "extensible": wav(1, 24, _packed_24(_TONE), extensible=True),
    "extensible float": wav(3, 32, _TONE.astype("<f4").tobytes(), extensible=True),
    "stereo": wav(1, 16, np.repeat((_TONE * 32767).astype("<i2"), 2).tobytes(), channels=2),
}


@pytest.mark.parametrize("kind", FILES)
def test_what_editors_write_is_played(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "客厅.wav"
    file.write_bytes(FILES[kind])
    pcm = read_sound(file)
    assert pcm.dtype == np.float32
    assert len(pcm) == pytest.approx(RATE_HZ, abs=RATE_HZ * 0.01)
    assert np.sqrt(np.mean(pcm**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)


@pytest.mark.parametrize(
    "content", [b"", b"no sound", FILES["16-bit"][:20], wav(1, 16, b""), wav(0x55, 16, b"x" * 100)]
)
def test_what_cannot_be_played_is_named(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "odd.wav"
    file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"odd\.wav"):
        read_sound(file)
