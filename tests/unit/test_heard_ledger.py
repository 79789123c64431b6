"""What was heard, to the word: on speech whose words are known by construction."""

import random

import numpy as np
import pytest

from agent.playout.alignment import align, levels
from agent.playout.ledger import HeardLedger
from agent.playout.said import SaidWord, said_words
from agent.wording.parts import Part, plain
from agent.wording.spoken_length import split_words
from rejoinder.stand_ins import tones

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
        ("  two three ", ["  two ", "three "]),
        (" 你 好", [" 你 ", "好"]),
        ("  ", ["  "]),
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


@pytest.mark.parametrize("ahead_s", [0.3, 1.2, 99.0])
@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("first", [1, 2, 4])
def test_no_word_is_claimed_that_has_not_begun(first: int, whole: bool, ahead_s: float) -> None:
    """Cut off every 10 ms while the second piece's audio comes or has come."""
    words = "".join(SENTENCES[:2]).split()
    pieces = [" ".join(words[:first]) + " ", " ".join(words[first:])]
    second_s, total_s = first * tones.WORD_S, len(words) * tones.WORD_S
    pcm = spoken(" ".join(words))
    for position_s in np.arange(second_s + 0.01, total_s, 0.01):
        made_s = total_s if whole else min(total_s, float(position_s) + ahead_s)
        ledger = HeardLedger()
        ledger.add_text(pieces[0], start_s=0.0)
        ledger.add_text(pieces[1], start_s=second_s)
        ledger.add_audio(pcm[: round(made_s * RATE_HZ)], rate_hz=RATE_HZ)
        if whole:
            ledger.whole_to(total_s)
        heard = ledger.heard(float(position_s)).split()
        begun = int(np.ceil(position_s / tones.WORD_S - 1e-9))
        assert heard == words[: len(heard)]
        assert len(heard) <= begun
        if whole:
            assert len(heard) >= begun - 1


def test_while_audio_still_comes_a_word_counts_once_it_is_over_at_the_pace_of_the_voice() -> None:
    ledger = HeardLedger(letter_s=0.1)
    ledger.add_text("abcde fghij klmno", start_s=0.0)
    ledger.add_audio(np.full(2 * RATE_HZ, 9000, np.int16), rate_hz=RATE_HZ)
    assert ledger.heard(0.3) == ""
    assert ledger.heard(0.56) == "abcde "
    assert ledger.heard(1.7) == "abcde fghij klmno"
    assert ledger.begun(0.45) == "abcde "
    assert ledger.begun(0.55) == "fghij "


def test_a_pause_is_no_part_of_a_word() -> None:
    ledger = HeardLedger(letter_s=0.1)
    ledger.add_text("abcde fghij", start_s=0.0)
    pause, sound = np.zeros(RATE_HZ, np.int16), np.full(RATE_HZ, 9000, np.int16)
    ledger.add_audio(np.concatenate([pause, sound, sound]), rate_hz=RATE_HZ)
    assert ledger.heard(1.3) == ""
    assert ledger.heard(1.56) == "abcde "
    assert ledger.begun(0.9) == ""
    ledger.end_audio()
    assert ledger.heard(1.3) == ""
    assert ledger.begun(0.9) == ""


def test_the_pace_is_that_of_the_last_whole_piece() -> None:
    ledger = HeardLedger()
    ledger.add_text("abcde fghij ", start_s=0.0)
    ledger.add_audio(np.full(3 * RATE_HZ, 9000, np.int16), rate_hz=RATE_HZ)
    ledger.whole_to(3.0)
    ledger.heard(1.0)
    assert ledger.letter_s == pytest.approx(0.3)


def test_a_piece_is_placed_once_its_audio_has_arrived() -> None:
    ledger = HeardLedger()
    ledger.add_text("one two three", start_s=0.0)
    ledger.whole_to(3 * tones.WORD_S)
    pcm = spoken("one two three")
    ledger.add_audio(pcm[: len(pcm) // 3], rate_hz=RATE_HZ)
    assert ledger.heard(tones.WORD_S) == "one "
    ledger.add_audio(pcm[len(pcm) // 3 :], rate_hz=RATE_HZ)
    assert ledger.heard(2 * tones.WORD_S) == "one two "


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
    assert [round(w.end_s, 2) for w in align(plain("a b"), curve, start_s=1.0)] == [1.5, 2.0]


@pytest.mark.parametrize("seed", range(20))
def test_words_of_any_length_with_pauses_anywhere_stay_in_order_and_complete(seed: int) -> None:
    rng = random.Random(seed)
    words = ["x" * rng.randint(1, 12) for _ in range(rng.randint(1, 15))]
    text = " ".join(words)
    pieces = []
    for _ in range(rng.randint(1, 10)):
        pieces.append(rng.choice([0.0, 0.5]) * np.ones(int(rng.uniform(0.02, 0.5) * RATE_HZ)))
    pcm = (np.concatenate(pieces) * 32767).astype(np.int16)
    placed = align(plain(text), levels(pcm, rate_hz=RATE_HZ), start_s=2.0)
    assert "".join(w.text for w in placed) == text
    times = [t for w in placed for t in (w.start_s, w.end_s)]
    assert times == sorted(times)
    assert times[0] >= 2.0
    assert times[-1] == pytest.approx(2.0 + len(pcm) / RATE_HZ, abs=0.011)


FIGURES = (
    Part("That is ", "That is "),
    Part("$49.95", "forty nine dollars and ninety five cents"),
    Part(" for ", " for "),
    Part("5 km", "five kilometres"),
    Part(" 😀", ""),
    Part(" today.", " today."),
)


def test_what_is_said_in_many_words_is_one_word_and_what_is_not_said_is_none() -> None:
    assert [(word.text, word.letters) for word in said_words(FIGURES)] == [
        ("That ", 4),
        ("is ", 2),
        ("$49.95 ", 34),
        ("for ", 3),
        ("5 km 😀 ", 14),
        ("today.", 5),
    ]
    silent = (Part("| a | b |", ""), Part("\n", "\n"), Part("c d", ""))
    assert [(word.text, word.letters) for word in said_words(silent)] == [("| a | b |\nc d", 0)]
    assert said_words((Part("😀", ""), Part(" Hi", " Hi"))) == [SaidWord("😀 Hi", 2, many=False)]


@pytest.mark.parametrize("arriving", [False, True])
def test_a_figure_is_heard_once_its_words_are(arriving: bool) -> None:
    """Each spoken word is a tone of the same length: 2, 7, 1, 2 and 1 of them."""
    text = "".join(part.spoken for part in FIGURES)
    ledger = HeardLedger(letter_s=tones.WORD_S / 4.5)
    ledger.add(FIGURES, start_s=0.0)
    ledger.add_audio(spoken(text), rate_hz=RATE_HZ)
    if not arriving:
        ledger.end_audio()
    whole = "That is $49.95 for 5 km 😀 today."
    assert ledger.said() == whole
    ends = {"That is ": 2, "That is $49.95 ": 9, "That is $49.95 for 5 km 😀 ": 12, whole: 13}
    for count in range(14):
        heard = ledger.heard(count * tones.WORD_S + 0.01)
        assert whole.startswith(heard)
        assert ends.get(heard, count) <= count + 2, (count, heard)
    assert "$49.95" not in ledger.heard(6 * tones.WORD_S)
    if not arriving:
        assert ledger.heard(11 * tones.WORD_S).startswith("That is $49.95 ")
