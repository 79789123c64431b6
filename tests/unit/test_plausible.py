from dataclasses import dataclass

import numpy as np
import pytest

from agent.stt.plausible import is_blank, is_plausible


@dataclass
class Segment:
    text: str
    no_speech_prob: float = 0.1
    avg_logprob: float = -0.2
    compression_ratio: float = 0.8


@pytest.mark.parametrize(
    "segment",
    [
        Segment(" What is the weather like today?"),
        Segment(" Thank you."),
        Segment(" 谢谢观看"),
        Segment(" Yes.", no_speech_prob=0.3),
        Segment(" Take the second road.", avg_logprob=-1.1),
        Segment(" Take the second road.", no_speech_prob=0.8, avg_logprob=-0.3),
        Segment(" No, no, no, no, no.", compression_ratio=1.4),
    ],
)
def test_speech_is_kept(segment: Segment) -> None:
    assert is_plausible(segment)


@pytest.mark.parametrize(
    "segment",
    [
        Segment(" you", no_speech_prob=0.946, avg_logprob=-0.99),
        Segment(" Thank you.", no_speech_prob=0.55, avg_logprob=-0.3),
        Segment(" THANK YOU!", avg_logprob=-1.0),
        Segment(" 谢谢观看！", no_speech_prob=0.7),
        Segment(" ご視聴ありがとうございました。", no_speech_prob=0.7),
        Segment(" Sous-titres réalisés par la communauté d'Amara.org", no_speech_prob=0.6),
        Segment(" and then and then and then", compression_ratio=2.5),
        Segment(" blorp", avg_logprob=-1.6),
        Segment(" Take the second road.", no_speech_prob=0.8, avg_logprob=-0.8),
    ],
)
def test_what_was_made_up_is_dropped(segment: Segment) -> None:
    assert not is_plausible(segment)


def test_a_stock_phrase_within_a_sentence_is_no_stock_phrase() -> None:
    assert is_plausible(Segment(" Thank you for the tickets.", no_speech_prob=0.55))


def test_only_what_could_be_speech_is_looked_at() -> None:
    assert is_blank(np.zeros(0, np.float32))
    assert is_blank(np.full(16000, 0.0009, np.float32))
    assert not is_blank(np.array([0.0, -0.002], np.float32))
