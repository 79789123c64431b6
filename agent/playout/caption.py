"""A piece of a reply on its way to the captions and the history."""

from livekit.agents.types import NOT_GIVEN, NotGivenOr, TimedString

from agent.wording.parts import Part


class Caption(TimedString):
    """Text as it is shown, with what the voice says for it.

    As a string it is what is shown. livekit-agents passes the object on as it is.
    """

    parts: tuple[Part, ...]

    def __new__(cls, parts: tuple[Part, ...], start_s: NotGivenOr[float] = NOT_GIVEN) -> "Caption":
        """`start_s`: where its audio begins in the reply, seconds."""
        caption = super().__new__(cls, "".join(part.written for part in parts), start_s)
        assert isinstance(caption, Caption)
        caption.parts = parts
        return caption
