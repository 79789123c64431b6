"""Conversations whose sides take turns, as the templates of Mistral and Gemma and Bedrock demand.

A call breaks that rule at once: the agent greets first, an answer stays empty, a caller says two
things. What is missing is put in, what is double is joined.
"""

from collections.abc import Callable, Iterable
from typing import Any

Message = dict[str, Any]

OPENING = "(The call begins.)"
"""Stands before the agent's own greeting, because the caller's side must be first."""
SILENCE = "(The caller says nothing.)"
"""Stands at the end when the agent is to speak again: most models would go on in mid-sentence."""

BROKEN_IN = "(The caller breaks in.)"
"""Stands where the agent would have told what a tool gave, for Mistral's templates: after a tool
they take no word of the caller."""


def alternating(
    messages: Iterable[Message],
    *,
    join: Callable[[Message, Message], bool],
    say: Callable[[str], Any],
) -> list[Message]:
    """Make the sides take turns, the caller's first and last. System messages are kept apart.

    Args:
        messages: of the roles `user`, `assistant` and `tool`.
        join: puts the second message of one side into the first; False: it must stand alone.
        say: makes the content of a message from a text.
    """
    turns: list[Message] = []
    for message in messages:
        if turns and turns[-1]["role"] == message["role"] and join(turns[-1], message):
            continue
        if turns and turns[-1]["role"] == "tool" and message["role"] == "user":
            turns.append({"role": "assistant", "content": say(BROKEN_IN)})
        turns.append(message)
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": say(OPENING)})
    if turns[-1]["role"] == "assistant":
        turns.append({"role": "user", "content": say(SILENCE)})
    return turns
