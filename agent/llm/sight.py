"""Pictures in what a model is asked, and models that take none.

A picture that the caller has sent stands in their question; what their camera or screen shows
just now is a message of its own before it, a glimpse. No server's list tells which model sees: it
is learned from what is refused. What is asked then is for who asks: `agent.call.reply`.
"""

import re

from livekit.agents import APIError, APIStatusError, llm

from agent.llm.marks import DOCUMENTS

MARK = "[a picture]"
"""Stands in the history for a picture, so that a model that is not shown it knows of it."""
GLIMPSE = "rejoinder.glimpse"
"""Key of `ChatMessage.extra`: the message is what is seen at the question, and asked by nobody."""

_MAY_BE_ITS = (400, 413, 415, 422)
"""Statuses of refusals that are of what was sent, with a picture in it of the picture."""
_TAKES_NONE = re.compile(
    r"image_url is only supported"  # OpenAI, Azure
    r"|unknown variant .{0,3}image_url"  # DeepSeek, and other servers in Rust
    r"|content must be a string"  # Groq
    r"|(not|n't|no \w+ found that) support (for )?(the )?"  # Ollama, OpenRouter, Bedrock
    r"(image|vision|multi-?modal)(?!\w* (type|format|url))"
    r"|\bimages?( inputs?| contents?)? (is|are) not (supported|enabled)"  # llama.cpp, xAI
    r"|not a (multi-?modal|vision)"  # vLLM
    r"|at most 0 image"  # vLLM
    r"|missing data required for image"  # Ollama
    r"|reads texts alone",  # ours
    re.IGNORECASE,
)


class CannotSee(APIStatusError):
    """The model takes no pictures; the same without them may be asked."""

    def __init__(self) -> None:
        """It tells nothing of the next request: 415."""
        super().__init__("the model takes no pictures", status_code=415, retryable=False)


class Sight:
    """What is known of one engine's models."""

    def __init__(self) -> None:
        """Every one of them sees."""
        self._blind: set[str] = set()

    def check(self, model: str, chat_ctx: llm.ChatContext) -> None:
        """Raises CannotSee when there are pictures and `model` is known to take none."""
        if model in self._blind and has_pictures(chat_ctx):
            raise CannotSee

    def explained(
        self, error: APIError, said: str, *, model: str, chat_ctx: llm.ChatContext
    ) -> APIError:
        """The error to raise for a refusal: CannotSee when it is of the pictures.

        Args:
            error: the refusal.
            said: all that the service says.
            model: who was asked.
            chat_ctx: what was asked.
        """
        if not has_pictures(chat_ctx):
            return error
        if _TAKES_NONE.search(said):
            self._blind.add(model)
            return CannotSee()
        misunderstood = isinstance(error, APIStatusError) and error.status_code in _MAY_BE_ITS
        return CannotSee() if misunderstood else error


def has_pictures(chat_ctx: llm.ChatContext) -> bool:
    """Whether a model that is asked this must see."""
    return any(
        isinstance(part, llm.ImageContent)
        for message in chat_ctx.messages()
        for part in message.content
    )


def question_of(chat_ctx: llm.ChatContext) -> llm.ChatMessage | None:
    """What the caller has said last, if nobody has answered it; tools may have been called."""
    for item in reversed(chat_ctx.items):
        if isinstance(item, llm.ChatMessage) and item.role == "assistant":
            return None
        if isinstance(item, llm.ChatMessage) and item.role == "user" and not is_aside(item):
            return item
    return None


def is_aside(message: llm.ChatMessage) -> bool:
    """Whether a message stands beside a question, and is nothing that the caller has said."""
    return is_glimpse(message) or DOCUMENTS in message.extra


def asks_about_pictures(chat_ctx: llm.ChatContext) -> bool:
    """Whether the caller has sent a picture with their question."""
    question = question_of(chat_ctx)
    return question is not None and any(
        isinstance(part, llm.ImageContent) for part in question.content
    )


def without_pictures(chat_ctx: llm.ChatContext) -> llm.ChatContext:
    """The same, in words alone; the history that was given is not changed."""
    return llm.ChatContext([_in_words(item) for item in chat_ctx.items if not is_glimpse(item)])


def is_glimpse(item: llm.ChatItem) -> bool:
    """Whether this is what is seen at a question."""
    return isinstance(item, llm.ChatMessage) and bool(item.extra.get(GLIMPSE))


def _in_words(item: llm.ChatItem) -> llm.ChatItem:
    if not isinstance(item, llm.ChatMessage):
        return item
    words = [part for part in item.content if not isinstance(part, llm.ImageContent)]
    if len(words) == len(item.content):
        return item
    return item.model_copy(update={"content": words or [MARK]})
