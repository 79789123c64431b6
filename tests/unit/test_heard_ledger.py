"""What was heard, to the word: on speech whose words are known by construction."""

import random

import numpy as np
import pytest

from agent.playout.alignment import align, levels, split_words
from agent.playout.ledger import HeardLedger
from tests.fakes import tones

RATE_HZ = 24000
SENTENCES = [
    "Barge-in means that you can speak over the agent. ",
    "It stops at once and it listens to you. ",
    "Nothing is lost, and the history keeps only what you heard.",
]


def spoken(text: str) -> np.ndarray:
    """One tone a word, each of the same length whatever its letters."""
    pcm = tones.speak(range(len(text.split())), rate_hz=RATE_HZ)
    return np.frombuffer(pcm, "<i2")


def ledger_of(sentences: list[str], *, complete: bool = True) -> tuple[HeardLedger, float]:
    ledger, at = HeardLedger(), 0.0
    for sentence in sentences:
        ledger.add_text(sentence, start_s=at)
        pcm = spoken(sentence)
        for begin in range(0, len(pcm), 481):
            ledger.add_audio(pcm[begin : begin + 481], rate_hz=RATE_HZ)
        at += len(pcm) / RATE_HZ
    if complete:
        ledger.end_audio()
    return ledger, at


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello there. ", ["Hello ", "there. "]),
        ("你好，世界。", ["你", "好，", "世", "界。"]),
        ("用 Python 写", ["用 ", "Python ", "写"]),
        ("  two ", ["  ", "two "]),
        ("", []),
    ],
)
def test_words_joined_again_are_the_text(text: str, words: list[str]) -> None:
    assert split_words(text) == words
    assert "".join(words) == text


def test_every_position_gives_the_words_that_sounded_by_then() -> None:
    ledger, total_s = ledger_of(SENTENCES)
    words = "".join(SENTENCES).split()
    for position_s in np.arange(0, total_s, 0.05):
        heard = ledger.heard(float(position_s)).split()
        begun = int(np.ceil(position_s / tones.WORD_S - 1e-9))
        assert heard == words[: len(heard)]
        assert begun - 1 <= len(heard) <= begun


def test_the_whole_text_was_heard_at_the_end() -> None:
    ledger, total_s = ledger_of(SENTENCES)
    assert ledger.heard(total_s) == "".join(SENTENCES)


def test_captions_release_every_word_once_and_in_order() -> None:
    ledger, total_s = ledger_of(SENTENCES)
    released = [ledger.begun(float(at)) for at in np.arange(0, total_s + 0.1, 0.04)]
    assert "".join(released) == "".join(SENTENCES)
    assert len([r for r in released if r]) == len("".join(SENTENCES).split())


def test_while_audio_still_comes_no_more_is_claimed_than_its_pace_allows() -> None:
    ledger = HeardLedger(letter_s=0.1)
    ledger.add_text("abcde fghij klmno", start_s=0.0)
    assert ledger.heard(0.0) == ""
    assert ledger.heard(0.6) == "abcde "
    assert ledger.heard(1.6) == "abcde fghij klmno"


def test_text_without_times_belongs_to_the_sentence_before() -> None:
    ledger = HeardLedger()
    ledger.add_text("one ")
    ledger.add_text("two ")
    ledger.add_audio(spoken("one two"), rate_hz=RATE_HZ)
    ledger.end_audio()
    assert ledger.heard(0.3) == "one "
    assert ledger.heard(0.6) == "one two "


def test_silence_is_shared_evenly() -> None:
    curve = levels(np.zeros(RATE_HZ, np.int16), rate_hz=RATE_HZ)
    assert [round(w.end_s, 2) for w in align("a b", curve, start_s=1.0)] == [1.5, 2.0]


@pytest.mark.parametrize("seed", range(20))
def test_words_of_any_length_with_pauses_anywhere_stay_in_order_and_complete(seed: int) -> None:
    rng = random.Random(seed)
    words = ["x" * rng.randint(1, 12) for _ in range(rng.randint(1, 15))]
    text = " ".join(words)
    pieces = []
    for _ in range(rng.randint(1, 10)):
        pieces.append(rng.choice([0.0, 0.5]) * np.ones(int(rng.uniform(0.02, 0.5) * RATE_HZ)))
    pcm = (np.concatenate(pieces) * 32767).astype(np.int16)
    placed = align(text, levels(pcm, rate_hz=RATE_HZ), start_s=2.0)
    assert "".join(w.text for w in placed) == text
    times = [t for w in placed for t in (w.start_s, w.end_s)]
    assert times == sorted(times)
    assert times[0] == 2.0
    assert times[-1] == pytest.approx(2.0 + len(pcm) / RATE_HZ, abs=0.011)
