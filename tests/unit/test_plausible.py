from dataclasses import dataclass

import numpy as np
import pytest

from agent.stt.whisper.plausible import is_blank, is_plausible


@dataclass
class Piece:
    text: str
    no_speech_prob: float = 0.1
    avg_logprob: float = -0.2
    compression_ratio: float = 0.8


@pytest.mark.parametrize(
    "piece",
    [
        Piece(" What is the weather like today?"),
        Piece(" Thank you."),
        Piece(" 谢谢观看"),
        Piece(" Yes.", no_speech_prob=0.3),
        Piece(" Take the second road.", avg_logprob=-1.1),
        Piece(" Take the second road.", no_speech_prob=0.8, avg_logprob=-0.3),
        Piece(" No, no, no, no, no.", compression_ratio=1.4),
    ],
)
def test_speech_is_kept(piece: Piece) -> None:
    assert is_plausible(piece)


@pytest.mark.parametrize(
    "piece",
    [
        Piece(" you", no_speech_prob=0.946, avg_logprob=-0.99),
        Piece(" Thank you.", no_speech_prob=0.55, avg_logprob=-0.3),
        Piece(" THANK YOU!", avg_logprob=-1.0),
        Piece(" 谢谢观看！", no_speech_prob=0.7),
        Piece(" ご視聴ありがとうございました。", no_speech_prob=0.7),
        Piece(" Sous-titres réalisés par la communauté d'Amara.org", no_speech_prob=0.6),
        Piece(" and then and then and then", compression_ratio=2.5),
        Piece(" blorp", avg_logprob=-1.6),
        Piece(" Take the second road.", no_speech_prob=0.8, avg_logprob=-0.8),
    ],
)
def test_what_was_made_up_is_dropped(piece: Piece) -> None:
    assert not is_plausible(piece)


def test_a_stock_phrase_within_a_sentence_is_no_stock_phrase() -> None:
    assert is_plausible(Piece(" Thank you for the tickets.", no_speech_prob=0.55))


def test_only_what_could_be_speech_is_looked_at() -> None:
    assert is_blank(np.zeros(0, np.float32))
    assert is_blank(np.full(16000, 0.0009, np.float32))
    assert not is_blank(np.array([0.0, -0.002], np.float32))
