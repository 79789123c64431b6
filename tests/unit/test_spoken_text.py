"""Dialects of thought and of tool calls in a model's text: what the caller is to hear of them."""

import json
import random

import pytest

from agent.llm.spoken_text import SpokenText
from agent.llm.written_calls import read_calls

ANSWER = "It is forty two, I think."
HARMONY = (
    "<|channel|>analysis<|message|>We need 6x7.<|end|><|start|>assistant<|channel|>final<|message|>"
)
THOUGHTS = [
    f"<think>They ask for [it] < 7.</think>\n\n{ANSWER}",
    f"<THINKING>They ask.</THINKING>{ANSWER}",
    f"<reasoning>a\nb</reasoning> {ANSWER}",
    f"<thought>a</thought>{ANSWER}",
    f"<seed:think>a</seed:think>{ANSWER}",
    f"[THINK]They ask.[/THINK]{ANSWER}",
    f"◁think▷They ask.◁/think▷{ANSWER}",
    f"<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>{ANSWER}<|END_RESPONSE|>",
    f"<|begin_of_thought|>a<|end_of_thought|>\n<|begin_of_solution|>{ANSWER}<|end_of_solution|>",
    f"<|channel>thought\nThey ask.<channel|>{ANSWER}",
    f"{HARMONY}{ANSWER}<|return|>",
    f"<|channel|>final<|message|>{ANSWER}",
    f"<|start|>assistant<|channel|>analysis<|message|>a<|end|><|start|>assistant<|message|>{ANSWER}",
    f"analysisThe user asks.assistantfinal{ANSWER}",
    f"<think></think><answer>{ANSWER}</answer>",
    f"<think>a</think><think>b</think>{ANSWER}<|im_end|>",
]
PLAIN = [
    ANSWER,
    "a < b, and [this] is no mark; a <thinker> and analysis of <b>it</b>.",
    "analysis of this is hard.",
    "Say `int *p` or ```x``` or {this}.",
    "`code` first.",
    "```python\nprint(1)\n```",
    "[1] is a footnote.",
    "<",
    "as it is",
]


def heard(text: str, *, pieces: list[str] | None = None, **begin: bool) -> str:
    spoken = SpokenText(**begin)
    said = [spoken.feed(piece) for piece in (pieces if pieces is not None else [text])]
    return "".join([*said, spoken.end()])


def cuts(text: str, seed: int) -> list[str]:
    """The text in random pieces, most of them of a few characters."""
    dice = random.Random(seed)
    pieces = []
    while text:
        size = dice.choice((1, 1, 2, 3, 8))
        pieces.append(text[:size])
        text = text[size:]
    return pieces


@pytest.mark.parametrize("text", THOUGHTS)
def test_only_the_answer_is_spoken_wherever_the_pieces_are_cut(text: str) -> None:
    assert heard(text) == ANSWER
    assert heard(text, pieces=list(text)) == ANSWER
    for seed in range(20):
        assert heard(text, pieces=cuts(text, seed)) == ANSWER


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_mark_is_spoken_as_it_is(text: str) -> None:
    for seed in range(20):
        assert heard(text, pieces=cuts(text, seed)) == text


@pytest.mark.parametrize("text", THOUGHTS)
def test_the_first_word_is_not_later_than_one_token_after_the_answers_first(text: str) -> None:
    spoken = SpokenText()
    before, after = text.split(ANSWER)
    for piece in cuts(before, 1):
        assert spoken.feed(piece) == ""
    assert "".join(spoken.feed(token) for token in ("It", " is")).startswith("It")


def test_an_answer_without_thoughts_is_held_back_by_no_token() -> None:
    spoken = SpokenText()
    for token in ("It", " is", " 3", " <", " 4", "."):
        given = spoken.feed(token)
        assert given.strip() or token == " <"


def test_a_thought_that_never_ends_is_not_spoken() -> None:
    assert heard("<think>So they ask for") == ""
    assert heard("<|channel|>analysis<|message|>So they") == ""


class TestEndWithoutBeginning:
    TEXT = f"I should keep it short.\n</think>\n\n{ANSWER}"

    def test_in_one_piece_it_is_known_in_time(self) -> None:
        assert heard(self.TEXT) == ANSWER

    def test_the_next_answer_of_that_model_is_withheld_until_then(self) -> None:
        first = SpokenText()
        for piece in cuts(self.TEXT, 3):
            first.feed(piece)
        assert first.began_in_thought
        assert heard("", pieces=cuts(self.TEXT, 4), begins_in_thought=True) == ANSWER

    def test_an_answer_that_has_no_thought_after_all_is_late_and_not_lost(self) -> None:
        spoken = SpokenText(begins_in_thought=True)
        assert spoken.feed(ANSWER) == ""
        assert spoken.end() == ANSWER
        assert spoken.began_in_thought is False

    def test_a_thought_that_the_token_limit_cut_is_not_spoken(self) -> None:
        spoken = SpokenText(begins_in_thought=True)
        assert spoken.feed("I should keep it") == ""
        assert spoken.end(cut=True) == ""

    def test_a_thought_with_a_beginning_is_none_of_these(self) -> None:
        spoken = SpokenText(begins_in_thought=True)
        said = spoken.feed(f"<think>a</think>{ANSWER}")
        assert said == ANSWER
        assert spoken.began_in_thought is False

    def test_thoughts_in_a_field_of_their_own_let_the_text_pass(self) -> None:
        spoken = SpokenText(begins_in_thought=True)
        spoken.thought_apart()
        assert spoken.feed("It is") == "It is"


CALL = {"name": "get_weather", "arguments": {"city": "Ghent"}}
TEXT = json.dumps(CALL)
WRITTEN = [
    f"<tool_call>\n{TEXT}\n</tool_call>",
    "<tool_call>\n<function=get_weather>\n<parameter=city>\nGhent\n</parameter>\n</function>\n</tool_call>",
    '<function=get_weather>{"city": "Ghent"}</function>',
    f"[TOOL_CALLS][{TEXT}]",
    '[TOOL_CALLS]get_weather{"city": "Ghent"}',
    f"<|python_tag|>{TEXT.replace('arguments', 'parameters')}",
    f"```json\n{TEXT}\n```",
    TEXT,
    f"  [{TEXT}]",
    json.dumps({"type": "function", "function": CALL}),
    "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_weather:0<|tool_call_argument_begin|>"
    '{"city": "Ghent"}<|tool_call_end|><|tool_calls_section_end|>',
    "<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>"
    '{"city": "Ghent"}<|call|>',
    f"<think>I need a tool.</think>{TEXT}",
]


@pytest.mark.parametrize("text", WRITTEN)
def test_a_tool_call_written_as_text_is_read_and_never_spoken(text: str) -> None:
    for seed in range(10):
        spoken = SpokenText()
        said = [spoken.feed(piece) for piece in cuts(text, seed)]
        assert "".join([*said, spoken.end()]) == ""
        [call] = [c for part in spoken.calls for c in read_calls(part, ["get_weather"])]
        assert call.name == "get_weather"
        assert json.loads(call.arguments) == {"city": "Ghent"}
        assert [c for part in spoken.calls for c in read_calls(part, [])] == []


def test_a_model_that_opens_brackets_for_ever_calls_no_tool() -> None:
    for text in ("[" * 20_000, '{"a":' * 20_000):
        assert read_calls(text, ["get_weather"]) == []


@pytest.mark.parametrize(
    "text",
    [
        "<|channel|>commentary to=<|message|>x<|end|>",
        '{"a":' * 5000 + "1" + "}" * 5000,
        '{"a": 1}' * 3000,
    ],
)
def test_a_call_of_any_size_and_to_nobody_ends_no_reply(text: str) -> None:
    read = SpokenText()
    assert (read.feed(text) + read.end()).strip() == ""


def test_words_around_a_tool_call_are_spoken() -> None:
    assert heard(f"Let me look. <tool_call>{TEXT}</tool_call> Soon.") == "Let me look.  Soon."
    assert heard(f"{TEXT}\nHere it is.") == "Here it is."


def test_a_broken_object_is_not_read_aloud() -> None:
    assert heard('{"name": "get_wea') == ""
