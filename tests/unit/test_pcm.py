import io
import struct
import wave

import numpy as np
import numpy.typing as npt
import pytest
from livekit import rtc

from agent.audio import pcm


def tone(*, rate_hz: int, length_s: float = 1.0, hz: float = 440.0) -> npt.NDArray[np.float32]:
    t = np.arange(int(length_s * rate_hz)) / rate_hz
    return (0.5 * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def test_every_16_bit_value_survives_the_way_there_and_back() -> None:
    data = np.arange(-32768, 32768).astype("<i2").tobytes()
    samples = pcm.from_s16le(data)
    assert samples.dtype == np.float32
    assert (samples.min(), samples[-1]) == (-1.0, 32767 / 32768)
    assert pcm.to_s16le(samples) == data


def test_what_is_too_loud_is_clipped_and_does_not_wrap() -> None:
    loud = np.array([-2.0, -1.0, 1.0, 2.0], np.float32)
    assert np.frombuffer(pcm.to_s16le(loud), "<i2").tolist() == [-32768, -32768, 32767, 32767]


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        pcm.from_s16le(b"\x00\x01\x02")


def test_a_frame_survives_the_way_there_and_back() -> None:
    samples = pcm.from_s16le(pcm.to_s16le(tone(rate_hz=24000)))
    frame = pcm.to_frame(samples, rate_hz=24000)
    assert (frame.sample_rate, frame.num_channels, frame.samples_per_channel) == (24000, 1, 24000)
    assert np.array_equal(pcm.from_frame(frame), samples)


def test_channels_are_averaged() -> None:
    left, right = np.full(100, 0.5), np.full(100, -0.25)
    interleaved = np.stack([left, right], axis=1).reshape(-1).astype(np.float32)
    frame = rtc.AudioFrame(pcm.to_s16le(interleaved), 16000, 2, 100)
    assert np.array_equal(pcm.from_frame(frame), np.full(100, 0.125, np.float32))


@pytest.mark.parametrize("from_hz", [8000, 11025, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("to_hz", [16000, 24000, 48000])
def test_another_rate_has_the_same_sound_length_and_timing(from_hz: int, to_hz: int) -> None:
    resampled = pcm.resample(tone(rate_hz=from_hz), from_hz=from_hz, to_hz=to_hz)
    expected = tone(rate_hz=to_hz)
    assert len(resampled) == pytest.approx(len(expected), abs=1)
    inside = slice(to_hz // 20, -(to_hz // 20))
    difference = resampled[: len(expected)][inside] - expected[: len(resampled)][inside]
    assert np.abs(difference).max() < 1e-3


def test_what_the_lower_rate_cannot_hold_is_filtered_out() -> None:
    high = tone(rate_hz=48000, hz=12000)
    resampled = pcm.resample(high, from_hz=48000, to_hz=16000)
    assert np.abs(resampled[800:-800]).max() < 1e-3


def test_nothing_resampled_is_nothing() -> None:
    assert len(pcm.resample(np.zeros(0, np.float32), from_hz=48000, to_hz=16000)) == 0


def test_an_utterance_in_frames_is_the_same_as_in_one() -> None:
    samples = tone(rate_hz=48000)
    whole = pcm.utterance(pcm.to_frame(samples, rate_hz=48000))
    frames = [pcm.to_frame(samples[at : at + 480], rate_hz=48000) for at in range(0, 48000, 480)]
    pieces = pcm.utterance(frames)
    assert len(whole) == len(pieces) == 16000
    assert np.abs(whole - pieces).max() < 1e-3


def test_an_utterance_without_frames_is_empty() -> None:
    assert len(pcm.utterance([])) == 0


def test_a_wav_file_is_read_by_the_standard_library() -> None:
    samples = tone(rate_hz=16000)
    with wave.open(io.BytesIO(pcm.to_wav(samples, rate_hz=16000))) as wav:
        assert (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) == (16000, 1, 2)
        assert wav.readframes(wav.getnframes()) == pcm.to_s16le(samples)


def test_a_wav_file_survives_the_way_there_and_back() -> None:
    samples = pcm.from_s16le(pcm.to_s16le(tone(rate_hz=22050)))
    read, rate_hz = pcm.from_wav(pcm.to_wav(samples, rate_hz=22050))
    assert rate_hz == 22050
    assert np.array_equal(read, samples)


def test_a_stereo_wav_file_is_mixed() -> None:
    target = io.BytesIO()
    with wave.open(target, "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        wav.writeframes(np.array([[8192, 0]] * 50, "<i2").tobytes())
    read, rate_hz = pcm.from_wav(target.getvalue())
    assert rate_hz == 8000
    assert np.array_equal(read, np.full(50, 0.125, np.float32))


@pytest.mark.parametrize("length", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_streamed_wav_file_ends_where_its_bytes_end(length: int) -> None:
    data = bytearray(pcm.to_wav(tone(rate_hz=16000), rate_hz=16000))
    struct.pack_into("<I", data, 40, length)
    assert len(pcm.from_wav(bytes(data))[0]) == 16000


def test_an_odd_last_byte_of_a_wav_file_is_left_out() -> None:
    data = pcm.to_wav(tone(rate_hz=16000), rate_hz=16000)
    assert len(pcm.from_wav(data[:-1])[0]) == 15999


def test_chunks_that_are_not_sound_are_passed_over() -> None:
    data = pcm.to_wav(tone(rate_hz=16000), rate_hz=16000)
    # An odd length is followed by a byte of padding.
    noted = data[:12] + b"LIST" + struct.pack("<I", 3) + b"abc\0" + data[12:]
    assert len(pcm.from_wav(noted)[0]) == 16000


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "begin with RIFF"),
        (b"ID3\x04 and so on", "begin with RIFF"),
        (b"RIFF\0\0\0\0WAVE", "without audio"),
        (b"RIFF\0\0\0\0WAVEdata\x02\0\0\0\0\0", "without a format"),
        (pcm.to_wav(np.zeros(1, np.float32), rate_hz=8000)[:30], "without audio"),
    ],
)
def test_what_is_no_wav_file_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        pcm.from_wav(data)


def test_a_wav_file_of_another_width_is_refused() -> None:
    target = io.BytesIO()
    with wave.open(target, "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(3)
        wav.setframerate(8000)
        wav.writeframes(bytes(30))
    with pytest.raises(ValueError, match="24 bits"):
        pcm.from_wav(target.getvalue())
