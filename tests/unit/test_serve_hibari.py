"""hibari as a voice of the speech server; the model is real."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from model_servers.tts.hibari_voice import HibariSpeaker
from model_servers.tts.pcm import Samples

STAY = threading.Event()
"""Never set."""


@pytest.fixture(scope="module")
def hibari() -> HibariSpeaker:
    return HibariSpeaker()


def said(hibari: HibariSpeaker, text: str, speed: float = 1.0) -> Samples:
    blocks = [np.zeros(0, np.int16), *hibari.speak(text, speed=speed, stop=STAY)]
    return np.concatenate(blocks)


def length_s(hibari: HibariSpeaker, text: str, speed: float = 1.0) -> float:
    return len(said(hibari, text, speed)) / hibari.rate_hz


@pytest.mark.parametrize("text", ["Yes.", "How are you?", "Thanks for the fish.", "I"])
def test_a_sentence_begins_soon_is_loud_enough_and_never_clipped(
    hibari: HibariSpeaker, text: str
) -> None:
    sound = said(hibari, text).astype(float) / 32768
    loud = np.flatnonzero(np.abs(sound) > 0.01) / hibari.rate_hz
    assert 0.0 < loud[0] < 0.15, "most of the third of a second before it is cut"
    assert len(sound) / hibari.rate_hz - loud[-1] < 0.3
    assert 0.1 < np.abs(sound).max() < 0.999


@pytest.mark.parametrize("text", ["...", "…", "!", "—", "(", "😀", "\u200b"])
def test_marks_alone_are_silent(hibari: HibariSpeaker, text: str) -> None:
    assert len(said(hibari, text)) == 0


def test_each_sentence_is_a_block_and_the_next_one_is_not_made_after_a_stop(
    hibari: HibariSpeaker,
) -> None:
    stop = threading.Event()
    blocks = hibari.speak("One moment. Two moments. Three.", speed=1.0, stop=stop)
    next(blocks)
    stop.set()
    assert list(blocks) == []


def test_speed_is_mapped(hibari: HibariSpeaker) -> None:
    text = "Please hold the line while I look for your reservation."
    usual = length_s(hibari, text)
    assert length_s(hibari, text, 0.5) == pytest.approx(2 * usual, rel=0.15)
    assert length_s(hibari, text, 1.5) == pytest.approx(usual / 1.5, rel=0.15)
    assert length_s(hibari, text, 4.0) < usual / 1.7


@pytest.mark.parametrize(
    "text",
    [
        "①",
        "Room İ-İ is free.",
        "The number is 1234567890123456789012345678901234567890.",
        "Zürich, Łódź and São Paulo 😀 for $48.50 at 3:30pm.",
    ],
)
def test_what_its_rules_do_not_know_is_spoken_all_the_same(
    hibari: HibariSpeaker, text: str
) -> None:
    assert length_s(hibari, text) > 0.3


def test_a_text_cannot_choose_its_sounds(hibari: HibariSpeaker) -> None:
    assert not np.array_equal(said(hibari, "[a](/bˈi/)"), said(hibari, "[c](/bˈi/)"))


def test_the_same_text_sounds_the_same_also_in_several_threads_at_once() -> None:
    hibari = HibariSpeaker()
    texts = ["Yes.", "Blorptang at half past three.", "Of course, one moment please."] * 4
    with ThreadPoolExecutor(4) as threads:
        together = [*threads.map(lambda text: said(hibari, text), texts)]
    for text, sound in zip(texts, together, strict=True):
        assert np.array_equal(sound, said(hibari, text))
