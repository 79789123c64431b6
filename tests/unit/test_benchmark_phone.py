"""What is read from a telephone's two recordings."""

import numpy as np
import pytest

from benchmarks.phone import measured

RATE_HZ = 8000


def recording(lasts_s: float, *sounds: tuple[float, float]) -> np.ndarray:
    samples = np.zeros(round(lasts_s * RATE_HZ), np.float32)
    for begin_s, end_s in sounds:
        samples[round(begin_s * RATE_HZ) : round(end_s * RATE_HZ)] = 0.1
    return samples


def test_an_answer_counts_from_the_last_word() -> None:
    said = recording(6.0, (2.0, 3.0))
    heard = recording(6.0, (0.0, 1.0), (3.8, 5.5))
    assert measured(said, heard, RATE_HZ, rate_hz=RATE_HZ) == (None, pytest.approx(800))


def test_a_recording_that_began_later_is_moved() -> None:
    said, heard = recording(6.0, (2.0, 3.0)), recording(5.5, (3.3, 5.0))
    assert measured(said, heard, RATE_HZ, rate_hz=RATE_HZ) == (None, pytest.approx(800))


def test_speech_over_the_agent_silences_it_and_is_answered_later() -> None:
    said = recording(8.0, (2.0, 3.5))
    heard = recording(8.0, (0.5, 2.3), (4.5, 6.0))
    stop_ms, answer_ms = measured(said, heard, RATE_HZ, rate_hz=RATE_HZ)
    assert (stop_ms, answer_ms) == (pytest.approx(300), pytest.approx(1000))


def test_what_was_said_before_counts_not_and_no_answer_is_none() -> None:
    said, heard = recording(6.0, (0.5, 1.0), (4.0, 5.0)), recording(6.0, (1.5, 2.5))
    assert measured(said, heard, 3 * RATE_HZ, rate_hz=RATE_HZ) == (None, None)
    assert measured(said, heard, round(5.5 * RATE_HZ), rate_hz=RATE_HZ) == (None, None)
