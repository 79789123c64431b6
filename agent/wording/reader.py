"""Turns the pieces of a call's replies into what a voice says for them."""

from agent.wording.annotation import Kind, stretches
from agent.wording.parts import Part

_NOTICES = {
    Kind.CODE: "The code is on the page.",
    Kind.TABLE: "The table is on the page.",
    Kind.FORMULA: "The formula is on the page.",
    Kind.MATH: "The formula is on the page.",
}


class Reader:
    """One per call: the voice and the heard ledger read a piece alike."""

    def read(self, piece: str) -> tuple[Part, ...]:
        """Read a piece of a reply, annotated or not; what is written, joined, is what is shown."""
        return tuple(
            Part(text.text, text.text if text.kind is None else _NOTICES.get(text.kind, ""))
            for text in stretches(piece)
        )

    def say(self, piece: str) -> str:
        """The words of a piece."""
        return "".join(part.spoken for part in self.read(piece)).strip()
