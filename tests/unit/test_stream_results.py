"""What an event of a stream tells, and what plug-ins make of one."""

import pytest
from livekit.agents import LanguageCode, stt
from livekit.agents.types import TimedString

from agent.turns.stream_results import told

KINDS = stt.SpeechEventType
OFFSET_S = 3e-7
"""Between two looks at the clock: what livekit-agents adds to a time that there is not."""


def event(kind: stt.SpeechEventType, *words: tuple[str, float, float]) -> stt.SpeechEvent:
    data = stt.SpeechData(
        LanguageCode("en"),
        " ".join(word for word, _, _ in words),
        start_time=1.0,
        end_time=2.0,
        words=[TimedString(word, start_time=start, end_time=end) for word, start, end in words],
    )
    return stt.SpeechEvent(kind, alternatives=[data])


def test_words_have_their_own_places() -> None:
    result = told(
        event(KINDS.INTERIM_TRANSCRIPT, ("tell", 1.0, 1.4), ("me", 1.5, 2.0)), preflight_stays=False
    )
    assert result is not None
    assert result.words == (("tell", 1.0, 1.4), ("me", 1.5, 2.0))
    assert not result.final


@pytest.mark.parametrize("at", [OFFSET_S, 1.5])
def test_words_that_are_all_at_one_place_have_none(at: float) -> None:
    result = told(
        event(KINDS.FINAL_TRANSCRIPT, ("tell", at, at), ("me", at, at)), preflight_stays=False
    )
    assert result is not None
    assert result.words == (("tell me", 1.0, 2.0),), "that of the segment is told"


def test_a_word_at_the_beginning_of_all_sound_was_not_placed() -> None:
    said = event(KINDS.FINAL_TRANSCRIPT, ("tell", OFFSET_S, OFFSET_S))
    said.alternatives[0].start_time = said.alternatives[0].end_time = OFFSET_S
    result = told(said, preflight_stays=False)
    assert result is not None
    assert result.words == ()


@pytest.mark.parametrize("stays", [True, False])
def test_words_of_a_preflight_stay_where_the_stream_says_so(stays: bool) -> None:
    result = told(event(KINDS.PREFLIGHT_TRANSCRIPT, ("tell", 1.0, 1.4)), preflight_stays=stays)
    assert result is not None
    assert (result.stable, result.may_lack) == (stays, not stays)
    interim = told(event(KINDS.INTERIM_TRANSCRIPT, ("tell", 1.0, 1.4)), preflight_stays=stays)
    assert interim is not None
    assert not interim.stable


def test_what_is_no_transcript_tells_no_words() -> None:
    assert told(stt.SpeechEvent(KINDS.START_OF_SPEECH), preflight_stays=False) is None
    assert told(stt.SpeechEvent(KINDS.FINAL_TRANSCRIPT), preflight_stays=False) is None
