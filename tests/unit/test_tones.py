import numpy as np

from tests.fakes import tones


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
