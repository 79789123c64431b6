"""Which test of a contract shows which case, and why an engine may have none."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Case:
    """A column of the tables."""

    title: str
    names: str
    """Pattern of the names of its tests, without `test_`."""

    def has(self, test: str) -> bool:
        """Whether a test is of this case."""
        return re.search(self.names, test.removeprefix("test_")) is not None


NOT_SHOWN = "others"
"""Demands that make no column."""
CASES = (
    Case("counted", r"counted$|is_counted|each_text_is|are_counted|what_it_costs"),
    Case(
        "very long",
        r"minute_of_speech|long_utterance_is|very_long|longer_than_a_window|above_the_limit"
        r"|_thirty_seconds|cut_at_pauses",
    ),
    Case("ten at once", r"(^|_)ten_(utterances|streams|at_once)"),
    Case(
        "other language",
        r"of_any_language|any_text_can|another_language|in_chinese|many_languages"
        r"|language_and_hotwords|names_of_both_languages|voice_of_the_language"
        r"|language_is_sent|spoken_language|language_of_the|told_(a_)?language|language_goes"
        r"|language_given|several_languages|own_language|other_scripts",
    ),
    Case(
        "401, 429, 500",
        r"refusal|fault_that_(passes|stays|may_pass)|fault_of_ours|is_full|full_queue|refused_key"
        r"|wrong_key|throttles|model_that_fails|part_that_cannot_be_had|broken_model",
    ),
    Case(
        "cancel",
        r"cancel|closing_in_the_midst|closing_before_the_first|closing_the_stream"
        r"|closing_ends_the_work|closing_while|closed_before_its_first|time_out_ends_the_work",
    ),
    Case(
        "slow first byte",
        r"slow_answer|after_a_time_out|slow_words|slow_first|without_a_first_token"
        r"|time_out_is_not|never_begins|taken_and_not_answered",
    ),
    Case("stall", r"a_stall_|stop_coming|frozen_process|server_that_(stalls|never_stops)"),
    Case(
        "malformed",
        r"no_transcript|no_result|not_the_protocol|else_than_speech|no_speech_is|checksum"
        r"|another_kind_of_server|leaves_its_protocol|of_another_server",
    ),
    Case(
        "cut",
        r"dies|comes_back|_cut_(midway|before|answer|within)|is_cut_(off|is)|death|breaks_off"
        r"|not_there_is|server_that_is_not_there|is_closed_at_once|process_that_died"
        r"|no(body|_server|_service)_is_there|error_in_the_stream|error_in_place",
    ),
    Case(
        "close twice",
        r"closing_(the_engine_)?twice|closed_twice|closed_(recogniser|engine|model)|unused_engine",
    ),
    Case("empty", r"no_words_are|has_no_words|without_audio|without_words|silence_is"),
    Case(
        "happy path",
        r"is_translated$|arrive|sample_rate_is_understood|ten_milliseconds|while_they_are_spoken|flush"
        r"|before_the_last|usage_is_reported|tool_(call|result)|becomes_audio|every_word"
        r"|chunks_may_end|may_speak_faster|upload_is|thoughts|double_messages",
    ),
    Case(
        NOT_SHOWN,
        r"names_are|claims|warmed|says_what_it_is|at_the_same_time|do_not_mix|told_to_listeners",
    ),
)
"""In the order in which a name is looked for."""
SHOWN = (
    "happy path",
    "empty",
    "very long",
    "cancel",
    "slow first byte",
    "stall",
    "cut",
    "401, 429, 500",
    "malformed",
    "close twice",
    "ten at once",
    "other language",
    "counted",
)
"""Titles of the columns, from left to right."""

_WHOLE = "its answer comes at once or not at all: what stands still is slow"
_INSIDE = "runs in the worker's process: there is no server"
NOT_APPLICABLE: Mapping[tuple[str, str], str] = {
    ("RemoteContract", "stall"): _WHOLE,
    ("WholeSpeechContract", "stall"): _WHOLE,
    ("WholeServedContract", "stall"): _WHOLE,
    ("TranslationContract", "stall"): _WHOLE,
    ("TranslationContract", "empty"): "what has no words is not sent to it",
    ("SpeechToTextContract", "stall"): _INSIDE,
    ("SpeechToTextContract", "cut"): _INSIDE,
    ("SpeechToTextContract", "malformed"): _INSIDE,
    ("SpeechToTextContract", "ten at once"): "three at once are asked of it",
    ("SpeechContract", "malformed"): "it gives samples, and not what they were made of",
    ("SparedContract", "401, 429, 500"): "a program of this machine: it asks nobody who they are",
    ("WireContract", ""): "a second way of asking: what differs is asked here, the rest above",
}
"""By contract and case, or all cases: why there is nothing to show."""


def case_of(test: str) -> str:
    """The title of a test's case; empty: it is of none."""
    return next((case.title for case in CASES if case.has(test)), "")
