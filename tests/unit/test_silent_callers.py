"""Who says nothing is asked once, and then the call ends; who asks for a moment has it."""

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import pytest

from agent.wording.lexicon import ENGLISH, LEXICONS
from agent.wording.waiting import asks_to_wait
from tests.fakes.phone_talk import Does, Line, Mumble, PhoneTalk, hold
from tests.fakes.scripted_engines import Reply

FEATURES = ("agent.features.silence", "agent.features.end_call")
STILL_THERE = ENGLISH.line.still_there
QUESTION = Line("What is the time?", 1.0, 2.5)
NOON = "It is noon."


def call(*script: Line | Mumble | Does, lasts_s: float = 90.0, **more: object) -> PhoneTalk:
    held: PhoneTalk = hold(
        *script,
        features=FEATURES,
        replies={QUESTION.what: NOON},
        lasts_s=lasts_s,
        **more,  # type: ignore[arg-type]
    )
    assert held.failures == 0
    return held


def test_a_silent_caller_is_asked_once_and_then_the_call_ends() -> None:
    held = call(QUESTION)
    assert held.texts == [NOON, STILL_THERE, ENGLISH.farewell]
    answered, asked, parted = (at for at, _ in held.said)
    _, asks, parts = held.began
    assert asks == pytest.approx(answered + 20, abs=1.0)
    assert parts == pytest.approx(asked + 20, abs=1.0)
    assert held.ended == pytest.approx(parted, abs=0.1)


def test_a_caller_who_answers_is_there_and_is_asked_again_much_later() -> None:
    held = call(QUESTION, Line("Yes, I am here.", 27.0, 28.5), lasts_s=80.0)
    assert held.texts[:4] == [NOON, STILL_THERE, "I see.", STILL_THERE]
    assert held.began[3] > 28.5 + 20


def test_a_sound_without_words_is_no_answer_and_puts_only_the_end_off() -> None:
    held = call(QUESTION, Mumble(35.0, 36.0), lasts_s=70.0)
    assert held.texts == [NOON, STILL_THERE, ENGLISH.farewell]
    assert held.began[2] > 56.0


def test_who_presses_a_key_is_there() -> None:
    def press(held: PhoneTalk) -> None:
        caller = held.room.remote_participants["sip_caller"]
        held.room.emit("sip_dtmf_received", SimpleNamespace(participant=caller, digit="5"))

    held = call(QUESTION, *(Does(press, at_s) for at_s in (15.0, 30.0, 45.0)), lasts_s=60.0)
    assert held.texts == [NOON]


def test_nobody_is_asked_before_the_call_is_taken() -> None:
    held = call(
        Does(lambda held: held.label(sip_callStatus="active"), 50.0),
        attributes={"sip.callStatus": "dialing"},
        lasts_s=80.0,
    )
    assert held.texts == [STILL_THERE]
    assert held.began[0] == pytest.approx(70.0, abs=1.0)


def test_a_persona_asks_in_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "clerk.yaml").write_text(
        "title: Clerk\ninstructions: You are a clerk.\ngreeting: ''\n"
        "still_there: {en: 'Anybody home?', de: 'Jemand da?'}\nlanguages: en\nfarewell: So long.\n"
    )
    settings = {"PERSONAS": str(tmp_path), "PERSONAS_DEFAULT": "clerk"}
    assert call(QUESTION, settings=settings).texts == [NOON, "Anybody home?", "So long."]


@pytest.mark.parametrize(
    ("settings", "telephone", "asks"),
    [
        ({}, False, False),
        ({"AGENT_SILENCE_S": "20"}, False, True),
        ({"PHONE_SILENCE_S": "0"}, True, False),
        ({"PHONE_SILENCE_S": "60"}, True, False),
    ],
)
def test_who_is_asked_is_a_setting(
    settings: Mapping[str, str], telephone: bool, asks: bool
) -> None:
    held = call(QUESTION, settings=settings, telephone=telephone, lasts_s=40.0)
    assert (STILL_THERE in held.texts) is asks


def test_a_slow_model_is_no_silence_of_the_callers() -> None:
    held = hold(
        QUESTION,
        features=FEATURES,
        replies={QUESTION.what: Reply(NOON, first_s=28.0)},
        settings={"LLM_TIMEOUT_S": "60", "LLM_FILLER": ""},
        lasts_s=45.0,
    )
    assert held.texts[-1] == NOON
    assert STILL_THERE not in held.texts


@pytest.mark.parametrize("words", ["One moment, please.", "Hold on.", "Okay, just a second."])
def test_who_asks_for_a_moment_is_not_answered_and_waited_for(words: str) -> None:
    held = call(
        QUESTION,
        Line(words, 6.0, 7.0),
        Line("So, tell me more.", 90.0, 91.5),
        lasts_s=100.0,
    )
    assert held.texts == [NOON, "I see."]
    assert held.began[1] > 91.5


def test_who_stays_away_for_long_is_asked_too() -> None:
    held = call(QUESTION, Line("One moment, please.", 6.0, 7.0), lasts_s=200.0)
    assert held.texts == [NOON, STILL_THERE, ENGLISH.farewell]
    assert held.began[1] == pytest.approx(7.0 + 120, abs=2.5)
    assert held.began[2] < held.began[1] + 25


def test_by_page_a_moment_is_answered_as_ever() -> None:
    held = call(QUESTION, Line("One moment, please.", 6.0, 7.0), telephone=False, lasts_s=15.0)
    assert held.texts == [NOON, "I see."]


def test_a_moment_asked_for_over_the_agent_stops_it() -> None:
    long = "It is noon, and there is a lot more to be said about the time of the day. " * 2
    held = hold(
        QUESTION,
        Line("Hold on a second.", 5.0, 6.2),
        features=FEATURES,
        replies={QUESTION.what: long},
        lasts_s=30.0,
    )
    [said] = held.texts
    assert long.startswith(said[:10])
    assert len(said) < len(long) / 2


def test_nothing_is_said_into_a_line_that_is_held() -> None:
    held = call(
        QUESTION,
        Does(lambda held: held.mute(True), 10.0),
        Does(lambda held: held.mute(False), 70.0),
        lasts_s=100.0,
    )
    assert held.texts == [NOON, STILL_THERE]
    assert held.began[1] == pytest.approx(90.0, abs=1.0)


def test_a_reply_is_stopped_when_the_line_is_held() -> None:
    held = hold(
        QUESTION,
        Does(lambda held: held.mute(True), 5.0),
        features=FEATURES,
        replies={QUESTION.what: "It is noon, and there is a lot more to be said about it. " * 3},
        lasts_s=60.0,
    )
    [(at, _)] = held.said
    assert at < 5.5


def test_a_page_that_mutes_its_microphone_goes_on_hearing() -> None:
    held = hold(
        QUESTION,
        Does(lambda held: held.mute(True), 5.0),
        features=FEATURES,
        replies={QUESTION.what: "It is noon, and there is more to be said about it. " * 2},
        telephone=False,
        lasts_s=40.0,
    )
    [(at, _)] = held.said
    assert at > 8.0


def test_goodbye_on_a_telephone_ends_the_call_after_the_farewell() -> None:
    """The agent is as the settings have it: no file, no tool in the settings."""
    held = hold(
        Line("That is all. Goodbye.", 1.0, 2.5),
        features=FEATURES,
        replies={"That is all. Goodbye.": Reply("Goodbye then.", calls=[("end_call", {})])},
    )
    assert held.heard == "Goodbye then."
    assert held.ended is not None
    assert held.ended >= held.said[0][0]


def test_by_page_such_an_agent_cannot_hang_up() -> None:
    held = hold(
        Line("Goodbye.", 1.0, 2.0),
        features=FEATURES,
        replies={"Goodbye.": Reply("Goodbye then.", calls=[("end_call", {})])},
        telephone=False,
        lasts_s=15.0,
    )
    assert held.ended is None


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "One moment, please."),
        ("en", "Oh, sorry, hold on a second!"),
        ("de", "Einen Moment bitte."),
        ("de-AT", "Ja, warten Sie kurz."),
        ("es", "Un momento, por favor."),
        ("fr", "Ne quittez pas, s'il vous plaît."),
        ("it", "Un attimo, per favore."),
        ("pt-BR", "Só um minutinho."),
        ("ru", "Одну минутку, пожалуйста."),
        ("zh", "请稍等一下。"),
        ("ja", "すみません、ちょっと待ってください。"),
        ("ko", "네, 잠시만요."),
        ("", "Un instant."),
    ],
)
def test_asking_for_a_moment_is_known_in_each_language(language: str, text: str) -> None:
    assert asks_to_wait(text, language)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes, please.",
        "Wait, that is wrong.",
        "Hold on, I have a question about the second one.",
        "How long must I wait?",
        "Please stop.",
        "Goodbye.",
    ],
)
def test_what_is_to_be_answered_asks_for_no_moment(text: str) -> None:
    assert not any(asks_to_wait(text, language) for language in ("en", "", "de"))


def test_no_yes_and_no_no_asks_for_a_moment() -> None:
    for code, lexicon in LEXICONS.items():
        for phrase in (*lexicon.yes_no.yes, *lexicon.yes_no.no, *lexicon.turns.listening):
            assert not asks_to_wait(phrase, code), (code, phrase)
