"""The speech server's samples: one continuous stream at the rate that was asked for."""

import io
import wave

import numpy as np
import pytest

from model_servers.serving.wav import slices, wav_header
from model_servers.tts.pcm import Resampler

TONE_HZ = 1000.0


def sine(rate_hz: int, length_s: float = 1.0) -> np.ndarray:
    t = np.arange(int(rate_hz * length_s)) / rate_hz
    return (0.5 * 32767 * np.sin(2 * np.pi * TONE_HZ * t)).astype(np.int16)


def resampled(blocks: list[np.ndarray], source_hz: int, target_hz: int) -> np.ndarray:
    resampler = Resampler(target_hz)
    out = [resampler.feed(block, source_hz) for block in blocks] + [resampler.finish()]
    return np.frombuffer(b"".join(out), "<i2")


def noise_db(pcm: np.ndarray, rate_hz: int) -> float:
    """Everything that is not the tone, relative to it, without the first and last 20 ms."""
    edge = rate_hz // 50
    x = pcm[edge:-edge].astype(float)
    t = np.arange(len(x)) / rate_hz
    basis = np.stack([np.sin(2 * np.pi * TONE_HZ * t), np.cos(2 * np.pi * TONE_HZ * t)], axis=1)
    fit, *_ = np.linalg.lstsq(basis, x, rcond=None)
    rest = x - basis @ fit
    return float(10 * np.log10((rest**2).mean() / ((basis @ fit) ** 2).mean()))


@pytest.mark.parametrize("target_hz", [8000, 16000, 22050, 24000, 44100, 48000])
@pytest.mark.parametrize("source_hz", [16000, 22050])
def test_a_tone_stays_clean_and_as_long_as_it_was(source_hz: int, target_hz: int) -> None:
    out = resampled([sine(source_hz)], source_hz, target_hz)
    assert abs(len(out) - target_hz) <= target_hz // 1000
    assert noise_db(out, target_hz) < -60


def test_where_blocks_meet_there_is_no_click() -> None:
    whole = sine(22050)
    cuts = [0, 1, 2, 700, 701, 5000, 5000, 12345, len(whole)]
    blocks = [whole[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]
    out = resampled(blocks, 22050, 24000)
    assert noise_db(out, 24000) < -60
    assert np.array_equal(out, resampled([whole], 22050, 24000))


def test_samples_at_the_wanted_rate_pass_unchanged() -> None:
    pcm = sine(24000)
    assert np.array_equal(resampled([pcm[:7], pcm[7:]], 24000, 24000), pcm)


def test_a_change_of_the_source_rate_loses_nothing() -> None:
    resampler = Resampler(24000)
    out = b"".join(
        [
            resampler.feed(sine(22050), 22050),
            resampler.feed(sine(16000), 16000),
            resampler.feed(sine(24000), 24000),
            resampler.finish(),
        ]
    )
    assert abs(len(out) // 2 - 3 * 24000) <= 48


def test_a_wav_header_is_one_that_others_read() -> None:
    pcm = sine(24000).tobytes()
    with wave.open(io.BytesIO(wav_header(24000, len(pcm)) + pcm)) as wav:
        layout = (wav.getnchannels(), wav.getsampwidth(), wav.getframerate(), wav.getnframes())
        assert layout == (1, 2, 24000, 24000)
        assert wav.readframes(24001) == pcm


def test_a_streams_header_says_that_its_length_is_not_known() -> None:
    header = wav_header(16000, None)
    assert len(header) == 44
    assert header[4:8] == header[40:44] == b"\xff\xff\xff\xff"


def test_slices_keep_whole_samples_in_order() -> None:
    pcm = bytes(range(256)) * 40
    cut = list(slices(pcm, 1000, 0.2))
    assert b"".join(cut) == pcm
    assert {len(part) for part in cut[:-1]} == {400}
    assert list(slices(b"", 1000, 0.2)) == []
