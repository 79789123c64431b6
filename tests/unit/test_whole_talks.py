"""Whole talks: what the caller hears and what is kept of it, by the framework's own session."""

import pytest

from agent.llm.sight import MARK
from agent.pictures.album import Album
from agent.pictures.reading import Picture
from rejoinder.stand_ins import tones
from tests.fakes.scripted_engines import Reply, Voice, bare
from tests.fakes.whole_talk import Hums, Knocks, Line, Mumbles, Says, Types, WholeTalk, play

ASKED = "What is the weather like today?"
ANSWER = "It is sunny all day long, and warm. There is no wind at all, nor rain. Take your hat."
INSTEAD = "No, tell me about tomorrow instead."
OTHER = "Tomorrow will be rather cloudy."
WEATHER: dict[str, Reply | str] = {ASKED: ANSWER, INSTEAD: OTHER}
QUESTION = Says(ASKED, 0.5, 2.1)
WHOLE_S = len(ANSWER.split()) * tones.WORD_S
PLAIN = [("user", ASKED), ("assistant", ANSWER)]


def cut_off(talk: WholeTalk) -> str:
    """The history's answer that was interrupted: never more than was heard, one word less."""
    [kept] = [text for role, text in talk.messages if role == "assistant" and text.endswith("…")]
    kept = kept.removesuffix("…")
    assert talk.heard.startswith(kept)
    return kept


def test_the_answer_begun_on_the_guess_is_the_one_that_is_heard() -> None:
    talk = play(QUESTION, replies=WEATHER)
    assert talk.messages == PLAIN
    assert talk.heard == talk.captions.text.strip() == ANSWER
    assert talk.asked == [ASKED]
    [turn] = talk.turns
    stages = {span.stage: span for span in turn.stages}
    assert stages["llm"].from_ms < stages["end_of_turn"].to_ms, "it was a guess"


def test_a_guess_about_a_picture_is_kept_and_the_history_has_a_mark_for_it() -> None:
    album = Album(per_question=1, turns=3)
    sent = album.expect(0.0)
    assert sent is not None
    album.put(sent, Picture(b"", 1, 1))
    shown = f"{MARK}\n{ASKED}"
    again = Says(INSTEAD, 0.5, 2.1, after=1)
    talk = play(QUESTION, again, replies={shown: ANSWER, INSTEAD: OTHER}, album=album)
    assert talk.messages == [
        ("user", shown), ("assistant", ANSWER), ("user", INSTEAD), ("assistant", OTHER)
    ]  # fmt: skip
    assert talk.asked == [shown, INSTEAD], "neither was asked again"
    stages = [{span.stage: span for span in turn.stages} for turn in talk.turns]
    assert all(turn["llm"].from_ms < turn["end_of_turn"].to_ms for turn in stages), "both guesses"


def test_a_wrong_guess_is_answered_anew_and_only_the_second_answer_is_heard() -> None:
    whole = "I would like a table. For two people, please."
    talk = play(
        Says("I would like a table.", 0.5, 2.1),
        Says("For two people, please.", 2.5, 3.7),
        replies={"I would like a table.": "For how many?", whole: "A table for two it is."},
    )
    assert talk.messages == [("user", whole), ("assistant", "A table for two it is.")]
    assert talk.heard == "A table for two it is."
    assert talk.asked == ["I would like a table.", whole]


def test_a_pause_inside_a_sentence_is_one_message() -> None:
    whole = "I would like to book a table for two people tonight."
    talk = play(
        Says("I would like to book a table for", 0.5, 2.1),
        Says("two people tonight.", 2.9, 3.9),
        replies={whole: OTHER},
    )
    assert talk.messages == [("user", whole), ("assistant", OTHER)]
    assert talk.heard == OTHER


def test_of_an_interrupted_answer_the_history_has_what_was_heard() -> None:
    talk = play(QUESTION, Says(INSTEAD, 1.4, 3.0, over=1), replies=WEATHER)
    kept = cut_off(talk)
    assert kept.startswith("It is sunny all")
    assert talk.messages == [PLAIN[0], ("assistant", f"{kept}…"), ("user", INSTEAD),
                             ("assistant", OTHER)]  # fmt: skip
    assert talk.asked == [ASKED, INSTEAD]
    assert talk.heard.endswith(OTHER)


@pytest.mark.parametrize("streams", [False, True])
def test_the_answer_to_one_word_over_an_answer_is_begun_once(streams: bool) -> None:
    """Its guess comes with the end of what was interrupted, and must know that end."""
    talk = play(QUESTION, Says("Why?", 1.4, 1.8, over=1), replies=WEATHER, streams=streams)
    assert [bare(text) for text in talk.asked] == [bare(ASKED), "why"]
    cut_off(talk)


def test_an_interruption_ends_the_work_on_the_answer() -> None:
    slow = Reply(ANSWER, word_s=0.5)
    talk = play(QUESTION, Says(INSTEAD, 1.0, 2.6, over=1), replies={ASKED: slow, INSTEAD: OTHER})
    assert [request.end for request in talk.model.asked] == ["cancelled", "answered"]
    cut_off(talk)


@pytest.mark.parametrize(
    "sign",
    [
        Says("Mm-hmm.", 1.0, 1.35, over=1),
        Says("Okay.", 1.0, 1.35, over=1),
        Says("Yeah, go ahead.", 1.0, 1.8, over=1),
        Hums("mm-hmm", 1.0, 2.0, over=1),
    ],
    ids=lambda line: f"{line.what}, {line.ends_s - line.begins_s:.1f} s",
)
def test_after_a_sign_of_listening_the_answer_goes_on(sign: Line) -> None:
    talk = play(QUESTION, sign, replies=WEATHER)
    assert talk.messages == PLAIN
    assert talk.asked == [ASKED]
    assert talk.heard == ANSWER
    assert talk.heard_s > WHOLE_S, "the word that was cut is said again"


def test_after_a_noise_the_answer_goes_on_from_the_very_sample() -> None:
    talk = play(QUESTION, Knocks("", 1.0, 1.3, over=1), replies=WEATHER)
    assert talk.messages == PLAIN
    assert talk.heard == ANSWER
    assert talk.heard_s == pytest.approx(WHOLE_S, abs=0.03)


def test_after_a_voice_without_words_the_answer_goes_on() -> None:
    talk = play(QUESTION, Mumbles("", 1.0, 1.5, over=1), replies=WEATHER)
    assert len(talk.spoken) == 2
    assert talk.messages == PLAIN
    assert talk.asked == [ASKED]
    assert talk.heard == ANSWER
    assert len(talk.spans) == 2, "it was held meanwhile"


def test_words_before_the_answer_sounds_are_answered_together_with_the_question() -> None:
    talk = play(
        QUESTION,
        Says("And what about tomorrow?", 2.7, 4.0),
        replies={ASKED: Reply(ANSWER, first_s=1.5), "And what about tomorrow?": OTHER},
    )
    assert talk.messages == [
        ("user", ASKED), ("user", "And what about tomorrow?"), ("assistant", OTHER)
    ]  # fmt: skip
    assert talk.heard == OTHER
    assert talk.model.asked[0].end == "cancelled"


def test_a_typed_message_over_the_answer_is_answered_at_once() -> None:
    talk = play(QUESTION, Types(INSTEAD, 1.4, over=1), replies=WEATHER)
    assert talk.messages == [
        PLAIN[0], ("assistant", f"{cut_off(talk)}…"), ("user", INSTEAD), ("assistant", OTHER)
    ]  # fmt: skip
    assert talk.asked == [ASKED, INSTEAD]


def test_what_is_typed_while_the_caller_speaks_is_kept_for_the_answer_to_both() -> None:
    talk = play(
        Says("And I want to know what to wear.", 0.5, 2.5),
        Types(ASKED, 1.2),
        replies={"And I want to know what to wear.": OTHER},
    )
    assert [text for role, text in talk.messages if role == "user"] == [
        ASKED, "And I want to know what to wear."
    ]  # fmt: skip
    assert talk.messages[-1] == ("assistant", OTHER)


def test_a_slow_answer_is_led_by_the_filler() -> None:
    talk = play(QUESTION, replies={ASKED: Reply(ANSWER, first_s=4.5)})
    assert talk.heard == f"One moment. {ANSWER}"
    assert talk.asked == [ASKED]


def test_a_long_filler_is_followed_by_the_whole_answer() -> None:
    filler = "Let me have a good long look at that for you now."
    talk = play(
        QUESTION,
        replies={ASKED: Reply(ANSWER, first_s=8.0)},
        settings={"LLM_FILLER": filler, "LLM_FILLER_AFTER_S": "0.5"},
    )
    assert talk.heard == f"{filler} {ANSWER}"
    assert talk.captions.text.split() == f"{filler} {ANSWER}".split()


def test_figures_are_said_in_words_and_shown_and_remembered_as_they_are_written() -> None:
    """A lone mark holds nothing back: the voice is asked while the model still writes."""
    written = (
        "It costs $49.95 at 10:30 pm. Use `int *p` or int *q and a [ sign. "
        "Then **see** https://www.example.com/a for the rest of it all, please, and so on."
    )
    shown = written.replace("`", "").replace("*q", "q").replace("**", "")
    talk = play(QUESTION, replies={ASKED: Reply(written, word_s=0.3)})
    assert " ".join(talk.voice.said) == (
        "It costs forty-nine dollars and ninety-five cents at ten thirty PM. Use int p or int q "
        "and a sign. Then see example dot com for the rest of it all, please, and so on."
    )
    assert talk.captions.text.strip() == shown
    assert talk.messages == [("user", ASKED), ("assistant", shown)]
    written_s = 0.3 * len(written.split())
    assert talk.replies[0][0] < talk.spoken[0][1] + written_s / 2


def test_chinese_is_spoken_sentence_by_sentence() -> None:
    written = "你好，我是语音助手。你可以打断我！请问有什么问题？"
    talk = play(QUESTION, replies={ASKED: written})
    assert talk.voice.said == ["你好，", "我是语音助手。", "你可以打断我！", "请问有什么问题？"]
    assert talk.captions.text.strip() == written


def test_a_piece_that_the_voice_breaks_off_is_said_by_the_spare_one() -> None:
    voice, spare = Voice(dies_at="wind"), Voice()
    talk = play(QUESTION, replies=WEATHER, voice=voice, spare=spare)
    assert spare.said == ["There is no wind at all, nor rain."]
    assert talk.messages == PLAIN
    assert talk.captions.text.strip() == ANSWER
    assert talk.failures == []


def test_what_neither_voice_says_is_not_in_the_history() -> None:
    talk = play(QUESTION, replies=WEATHER, voice=Voice(dies_at="wind"), spare=Voice(dies_at="wind"))
    [_, (_, kept)] = talk.messages
    assert "rain" not in kept
    assert kept.startswith("It is sunny all day long, and warm.")
    assert "nor rain.]" in talk.captions.text
    assert talk.failures == ["tts"]


def test_what_was_said_of_an_answer_that_fails_stays_said() -> None:
    talk = play(QUESTION, replies={ASKED: Reply(ANSWER, fails_after=8)})
    assert talk.messages == [PLAIN[0], ("assistant", "It is sunny all day long, and warm.")]
    assert talk.failures == ["llm"]


def test_without_a_recogniser_the_caller_is_told_once_in_a_turn() -> None:
    talk = play(QUESTION, deaf=True)
    assert (talk.messages, talk.failures) == ([], ["stt"])


@pytest.mark.parametrize(
    "line",
    [Says(ASKED, 0.05, 1.65, after=1), Says(ASKED, 0.3, 1.9, over=1)],
    ids=["at once after it", "over it"],
)
def test_a_caller_may_speak_at_the_greeting(line: Line) -> None:
    talk = play(line, greeting="Hello! Ask me anything about the weather.", replies=WEATHER)
    assert talk.messages[1:] == PLAIN
    kept = talk.messages[0][1].removesuffix("…")
    assert talk.heard.startswith(kept)
    assert talk.heard.endswith(ANSWER)


def test_a_conversation_of_many_turns_has_each_answered_once() -> None:
    lines = [
        QUESTION,
        Says("Thank you.", 0.6, 1.1, after=1),
        Says("Mm-hmm.", 0.8, 1.1, over=2),
        Says(INSTEAD, 0.4, 2.0, after=2),
        Says("Wait, I meant the day after.", 0.9, 2.3, over=3),
    ]
    replies = WEATHER | {"Thank you.": "You are welcome. What else would you like to hear about?"}
    talk = play(*lines, replies=replies, otherwise="Then it is dry.")
    assert [text for role, text in talk.messages if role == "user"] == talk.asked == [
        ASKED, "Thank you.", INSTEAD, "Wait, I meant the day after."
    ]  # fmt: skip
    assert len(talk.turns) == 4
    assert [turn.interrupted for turn in talk.turns] == [False, False, True, False]


@pytest.mark.parametrize(
    "lines",
    [
        [QUESTION],
        [Says("I would like to book a table for", 0.5, 2.1), Says("two people.", 2.9, 3.7)],
        [QUESTION, Says(INSTEAD, 1.4, 3.0, over=1)],
        [QUESTION, Says("Mm-hmm.", 1.0, 1.35, over=1)],
        [QUESTION, Knocks("", 1.0, 1.3, over=1)],
    ],
    ids=["a question", "a pause", "an interruption", "a sign of listening", "a noise"],
)
def test_with_a_recogniser_that_streams_the_talk_is_the_same(lines: list[Line]) -> None:
    asked, streamed = (play(*lines, replies=WEATHER, streams=streams) for streams in (False, True))
    assert [(role, bare(text)) for role, text in streamed.messages] == [
        (role, bare(text)) for role, text in asked.messages
    ]
    assert streamed.heard == asked.heard


def test_a_turn_that_is_taken_is_answered_by_no_model_though_it_was_asked_on_a_guess() -> None:
    human = "Let me talk to a human, please."
    talk = play(
        Says(human, 0.5, 2.4),
        Says("What is the weather like today?", 1.0, 2.6, after=1),
        replies={"What is the weather like today?": "It is sunny."},
        otherwise="I am as good as a human.",
        taken={human: "I cannot reach anybody for you."},
    )
    assert talk.heard == "I cannot reach anybody for you. It is sunny."
    assert human in talk.asked, "the answer was begun on a guess"
    assert talk.failures == []


def test_what_is_taken_is_not_taken_on_a_guess_of_more() -> None:
    talk = play(
        Says("A human", 0.5, 1.3),
        Says("is what I want to become.", 1.75, 3.1),
        otherwise="I see.",
        taken={"A human": "Nobody is here."},
    )
    assert talk.heard == "I see."
    assert talk.asked[0] == "A human", "it was a guess"
