"""The embedded recogniser and our Whisper server share no code: the same numbers, all the same."""

import pytest

from agent.stt import plausible
from agent.stt.whisper import model as embedded
from model_servers.whisper import model as served
from model_servers.whisper.settings import WhisperSettings


@pytest.mark.parametrize("duration_s", [0.1, 1.0, 2.5, 5.9, 6.0, 6.1, 12.0, 29.9])
def test_a_text_may_be_as_long_from_either(duration_s: float) -> None:
    assert embedded.token_limit(duration_s) == served.token_limit(duration_s)


def test_time_stamps_and_gates_are_the_same() -> None:
    settings = WhisperSettings()
    assert embedded.ONE_SENTENCE_S == served.ONE_SENTENCE_S
    assert settings.compression_ratio_threshold == plausible.LOOP_RATIO
    assert settings.no_speech_threshold == plausible.NO_SPEECH
