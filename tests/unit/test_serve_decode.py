"""What the Whisper server makes of uploaded files."""

import io
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from model_servers.serving.decode import RATE_HZ, decode, read_wav
from model_servers.serving.errors import BadRequest

TONE_HZ = 440.0
LENGTH_S = 0.5


def tone(rate_hz: int, channels: int = 1) -> np.ndarray:
    """int16, shape (frames, channels), at half scale."""
    t = np.arange(int(rate_hz * LENGTH_S)) / rate_hz
    mono = (0.5 * 32767 * np.sin(2 * np.pi * TONE_HZ * t)).astype("<i2")
    return np.repeat(mono[:, None], channels, axis=1)


def wav(
    pcm: np.ndarray, rate_hz: int, *, data_bytes: int | None = None, before: bytes = b""
) -> bytes:
    """A WAV file; `data_bytes` is what its header claims."""
    data = pcm.tobytes()
    channels = pcm.shape[1]
    layout = struct.pack("<HHIIHH", 1, channels, rate_hz, rate_hz * 2 * channels, 2 * channels, 16)
    size = len(data) if data_bytes is None else data_bytes
    body = b"WAVE" + b"fmt " + struct.pack("<I", 16) + layout + before
    body += b"data" + struct.pack("<I", size) + data
    return b"RIFF" + struct.pack("<I", min(len(body), 0xFFFFFFFF)) + body


def encoded(pcm: np.ndarray, rate_hz: int, container: str, codec: str) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=rate_hz)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "stereo" if pcm.shape[1] == 2 else "mono"
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(pcm.reshape(1, -1)), "s16", stream.layout.name
        )
        frame.sample_rate = rate_hz
        resampler = av.AudioResampler(format=stream.format, layout=stream.layout, rate=rate_hz)
        for ready in resampler.resample(frame):
            out.mux(stream.encode(ready))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def assert_is_the_tone(samples: np.ndarray, *, slack_s: float = 0.005) -> None:
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    assert abs(len(samples) / RATE_HZ - LENGTH_S) <= slack_s
    middle = samples[1000 : 1000 + 4096]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert abs(np.argmax(spectrum) * RATE_HZ / len(middle) - TONE_HZ) < 2 * RATE_HZ / len(middle)
    assert 0.45 < np.abs(middle).max() < 0.55


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_of_any_rate_and_channel_count_is_heard(rate_hz: int, channels: int) -> None:
    assert_is_the_tone(decode(wav(tone(rate_hz, channels), rate_hz), max_audio_s=1))


@pytest.mark.parametrize("claimed", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_length_in_the_header_that_cannot_be_true_means_to_the_end(claimed: int) -> None:
    assert_is_the_tone(decode(wav(tone(16000), 16000, data_bytes=claimed), max_audio_s=1))


def test_other_chunks_before_the_samples_and_odd_bytes_after_them_do_no_harm() -> None:
    upload = wav(tone(16000), 16000, before=b"LIST" + struct.pack("<I", 3) + b"abc\0")
    assert_is_the_tone(decode(upload + b"\0", max_audio_s=1))
    half_a_sample = wav(tone(16000), 16000, data_bytes=0) + b"\x01"
    assert_is_the_tone(decode(half_a_sample, max_audio_s=1))


@pytest.mark.parametrize(
    ("container", "codec", "rate_hz"),
    [
        ("flac", "flac", 48000),
        ("ogg", "libopus", 48000),
        ("mp3", "libmp3lame", 44100),
        ("matroska", "libopus", 48000),
        ("wav", "pcm_s24le", 16000),
        ("wav", "pcm_f32le", 24000),
    ],
)
def test_other_formats_are_decoded(container: str, codec: str, rate_hz: int) -> None:
    upload = encoded(tone(rate_hz, 2), rate_hz, container, codec)
    assert_is_the_tone(decode(upload, max_audio_s=1), slack_s=0.08)


def test_a_file_without_samples_is_silence() -> None:
    assert len(decode(wav(tone(16000)[:0], 16000), max_audio_s=1)) == 0


@pytest.mark.parametrize("upload", [b"", b"hello", b"RIFF\0\0\0\0WAVE", bytes(5000), b"\xff" * 99])
def test_what_is_no_audio_is_refused(upload: bytes) -> None:
    with pytest.raises(BadRequest) as refusal:
        decode(upload, max_audio_s=1)
    assert (refusal.value.code, refusal.value.param) == ("invalid_audio", "file")


@pytest.mark.parametrize(
    "make",
    [
        lambda: wav(tone(16000), 16000),
        lambda: encoded(tone(48000), 48000, "flac", "flac"),
    ],
)
def test_audio_longer_than_the_limit_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(BadRequest) as refusal:
        decode(make(), max_audio_s=LENGTH_S / 2)
    assert refusal.value.code == "audio_too_long"


@pytest.mark.parametrize("cut", range(0, 64, 3))
def test_a_wav_cut_anywhere_in_its_header_is_not_read_as_one(cut: int) -> None:
    found = read_wav(wav(tone(16000), 16000)[:cut])
    assert found is None or len(found.pcm) <= (cut - 44) // 2


@pytest.mark.parametrize(
    "list_of_files",
    [
        "ffconcat version 1.0\nfile {path}\n",
        "#EXTM3U\n#EXTINF:1,\n{path}\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
        '<?xml version="1.0"?><MPD><BaseURL>file://{path}</BaseURL></MPD>',
    ],
)
def test_a_list_that_names_files_is_no_audio(tmp_path: Path, list_of_files: str) -> None:
    path = tmp_path / "private.wav"
    path.write_bytes(wav(tone(16000), 16000))
    with pytest.raises(BadRequest) as refusal:
        decode(list_of_files.format(path=path).encode(), max_audio_s=1)
    assert refusal.value.code == "invalid_audio"


def test_a_decoding_that_nobody_waits_for_ends() -> None:
    stop = threading.Event()
    stop.set()
    upload = encoded(tone(48000), 48000, "flac", "flac")
    with pytest.raises(BadRequest):
        decode(upload, max_audio_s=1, stop=stop)


def test_a_minute_of_another_rate_is_resampled_like_a_second() -> None:
    upload = wav(np.tile(tone(48000), (130, 1)), 48000)
    samples = decode(upload, max_audio_s=100)
    assert abs(len(samples) / RATE_HZ - 65) < 0.01
    assert_is_the_tone(samples[: int(LENGTH_S * RATE_HZ)])


@pytest.mark.parametrize(("container", "codec"), [("mp3", "libmp3lame"), ("adts", "aac")])
def test_what_follows_a_damaged_frame_is_heard_too(container: str, codec: str) -> None:
    upload = bytearray(encoded(np.tile(tone(RATE_HZ), (8, 1)), RATE_HZ, container, codec))
    damaged = slice(len(upload) // 4, len(upload) // 4 + len(upload) // 50)
    upload[damaged] = bytes(damaged.stop - damaged.start)
    samples = decode(bytes(upload), max_audio_s=60)
    assert len(samples) / RATE_HZ > 0.8 * 8 * LENGTH_S
