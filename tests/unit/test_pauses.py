import numpy as np
import pytest

from agent.audio.pauses import cut_at_pauses

RATE_HZ = 16000


def noise(seconds: float, level: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(1)
    return (level * rng.standard_normal(round(seconds * RATE_HZ))).astype(np.float32)


def cut(samples: np.ndarray) -> list[np.ndarray]:
    return cut_at_pauses(samples, rate_hz=RATE_HZ, longest_s=29.0)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 29.0])
def test_what_is_short_enough_is_one_piece(seconds: float) -> None:
    [piece] = cut(noise(seconds))
    assert len(piece) == round(seconds * RATE_HZ)


def test_the_pieces_joined_are_the_recording() -> None:
    samples = noise(100.0)
    pieces = cut(samples)
    assert np.array_equal(np.concatenate(pieces), samples)
    assert all(19.0 * RATE_HZ <= len(piece) <= 29.0 * RATE_HZ for piece in pieces[:-1])


def test_a_cut_is_in_the_middle_of_a_pause() -> None:
    samples = np.concatenate([noise(24.0), noise(0.3, 0.001), noise(20.0)])
    first, second = cut(samples)
    assert len(first) / RATE_HZ == pytest.approx(24.15, abs=0.06)
    assert len(second) / RATE_HZ == pytest.approx(20.15, abs=0.06)


def test_of_equal_pauses_the_last_is_taken() -> None:
    pause = np.zeros(int(0.3 * RATE_HZ), np.float32)
    samples = np.concatenate([noise(20.0), pause, noise(6.0), pause, noise(10.0)])
    assert len(cut(samples)[0]) / RATE_HZ > 26.0
