"""What is known of models that take no pictures, and what is asked without them."""

import pytest
from livekit.agents import APIConnectionError, APIError, APIStatusError, llm

from agent.llm.sight import (
    GLIMPSE,
    MARK,
    CannotSee,
    Sight,
    asks_about_pictures,
    has_pictures,
    question_of,
    without_pictures,
)

IMAGE = llm.ImageContent(image="data:image/jpeg;base64,AA==")


def message(role: llm.ChatRole, *content: llm.ChatContent, **more: object) -> llm.ChatMessage:
    return llm.ChatMessage(role=role, content=list(content), **more)


ASKED = llm.ChatContext([message("user", IMAGE, MARK, "What is this?")])
GLIMPSED = llm.ChatContext(
    [message("user", IMAGE, "(seen)", extra={GLIMPSE: True}), message("user", "How late is it?")]
)


def explained(said: str, status: int, asked: llm.ChatContext = ASKED) -> tuple[APIError, bool]:
    """The error that is raised, and whether the model is not asked with pictures again."""
    sight = Sight()
    error = APIStatusError("refused", status_code=status)
    found = sight.explained(error, said, model="m", chat_ctx=asked)
    try:
        sight.check("m", asked)
        sight.check("another", ASKED)
    except CannotSee:
        return found, True
    return found, False


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "Invalid content type. image_url is only supported by certain models."),
        (400, "messages[1]: unknown variant `image_url`, expected `text` at line 1 column 9"),
        (400, "'messages.1' : for 'role:user' the following must be satisfied[('messages.1.content'"
         " : value must be a string)] or messages[1].content must be a string"),
        (400, "this model does not support image input (ref: 0)"),
        (404, "No endpoints found that support image input"),
        (400, "ValidationException: This model doesn't support the image field. Remove image"),
        (400, "This model doesn't support the image field for user messages."),
        (500, "image input is not supported - hint: you may need to provide the mmproj"),
        (400, "stand-in is not a multimodal model"),
        (400, "At most 0 image(s) may be provided in one prompt."),
        (500, "this model is missing data required for image input"),
        (400, "messages[1]: this model reads texts alone"),
        (400, "Model does not support images. Please use a model that does."),
    ],
)  # fmt: skip
def test_a_model_that_says_that_it_takes_no_pictures_is_not_asked_again(
    status: int, said: str
) -> None:
    error, learned = explained(said, status)
    assert isinstance(error, CannotSee)
    assert not error.retryable
    assert learned


@pytest.mark.parametrize(
    ("status", "said", "of_it"),
    [
        (400, "bad request", True),
        (422, "the body does not conform", True),
        (413, "Request Entity Too Large", True),
        (400, "this server does not support image type webp", True),
        (401, "wrong key", False),
        (429, "slow down", False),
        (500, "out of memory", False),
    ],
)
def test_another_refusal_may_be_of_this_picture_alone(status: int, said: str, of_it: bool) -> None:
    error, learned = explained(said, status)
    assert isinstance(error, CannotSee) == of_it
    assert not learned


def test_without_pictures_no_refusal_is_of_them() -> None:
    words = without_pictures(ASKED)
    error, learned = explained("this model does not support image input", 400, words)
    assert not isinstance(error, CannotSee)
    assert not learned
    broken = APIConnectionError("broken")
    assert Sight().explained(broken, "reset", model="m", chat_ctx=ASKED) is broken


def test_in_words_alone_a_mark_stands_for_what_was_sent_and_a_glimpse_is_gone() -> None:
    assert [m.content for m in without_pictures(ASKED).messages()] == [[MARK, "What is this?"]]
    assert [m.content for m in without_pictures(GLIMPSED).messages()] == [["How late is it?"]]
    bare = llm.ChatContext([message("user", IMAGE)])
    assert [m.content for m in without_pictures(bare).messages()] == [[MARK]]
    assert has_pictures(ASKED), "what was given is as it was"


def test_only_what_was_sent_with_the_open_question_is_asked_about() -> None:
    answered = llm.ChatContext([*ASKED.items, message("assistant", "A cat.")])
    later = llm.ChatContext([*answered.items, message("user", "Thanks.")])
    call = llm.FunctionCall(call_id="1", name="n", arguments="{}")
    assert asks_about_pictures(ASKED)
    assert asks_about_pictures(llm.ChatContext([*ASKED.items, call]))
    assert not asks_about_pictures(later)
    assert not asks_about_pictures(GLIMPSED)
    assert question_of(answered) is None
    assert question_of(later) is later.items[-1]
