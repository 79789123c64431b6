import numpy as np
import pytest

from rejoinder.stand_ins import tones


def test_words_are_read_back_from_the_sound() -> None:
    words = [0, 7, 39, 3, 3, 12]
    pcm = np.frombuffer(tones.speak(words, rate_hz=24000), "<i2") / np.float32(32768)
    assert [w for w, _, _ in tones.heard(pcm, rate_hz=24000)] == words


def test_a_word_cut_short_is_seen_shorter() -> None:
    pcm = np.frombuffer(tones.speak([5, 6], rate_hz=24000), "<i2") / np.float32(32768)
    word, start, length = tones.heard(pcm[: int(0.4 * 24000)], rate_hz=24000)[-1]
    assert word == 6
    assert 0.28 <= start <= 0.32
    assert length <= 0.12


@pytest.mark.parametrize("hole_s", [0.02, 0.06, 0.1])
def test_a_hole_from_a_lost_packet_does_not_make_two_words_of_one(hole_s: float) -> None:
    pcm = np.frombuffer(tones.speak([5, 6], rate_hz=24000), "<i2") / np.float32(32768)
    at = int(0.1 * 24000)
    holed = np.concatenate([pcm[:at], np.zeros(int(hole_s * 24000)), pcm[at:]])
    assert [w for w, _, _ in tones.heard(holed, rate_hz=24000)] == [5, 6]
