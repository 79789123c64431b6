"""Stretches of a reply in which nothing is read: where they end, piece by piece."""

from dataclasses import dataclass

from agent.wording.annotation import Kind, annotate

MOST_HELD = 80
"""Characters that may wait for what follows them; none of them is read out."""
_LONGEST_TAG = 400


@dataclass(slots=True)
class Block:
    """A block in progress. `take` gives its pieces."""

    end: str
    """What closes it; `\\n` is left for what follows."""
    kind: Kind = Kind.UNSPOKEN
    """What its next piece is: the first one says what the block is."""
    shown: bool = True
    """False: a tag or a comment, which nobody sees."""
    one_line: bool = False
    """It is over at the end of its line even if nothing closes it."""
    keeps_end: bool = False
    """Whether what closes it is part of the text."""
    used: int = 0

    def take(self, held: str, *, final: bool) -> tuple[int, str, bool] | None:
        """Find the next piece.

        Returns:
            How many characters of `held` it has, what stands for them, and whether the block has
            ended with them; None when that is not certain yet.
        """
        reach = MOST_HELD + len(self.end) - 1
        window = held[:reach]
        close, line = window.find(self.end), window.find("\n")
        if close >= 0 and (line < 0 or close <= line):
            return self._close(held, close, final=final)
        if line >= 0:
            if self.one_line:
                return line, self._shown(held[:line]), True
            return line + 1, self._shown(held[:line]) + "\n" * self.shown, False
        if len(window) < reach and not final:
            return None
        self.used += MOST_HELD
        lost = not self.shown and self.used > _LONGEST_TAG
        return min(len(held), MOST_HELD), self._shown(held[:MOST_HELD]), lost

    def _close(self, held: str, at: int, *, final: bool) -> tuple[int, str, bool] | None:
        end = at
        if self.end != "\n":
            end += len(self.end)
            while self.end[0] in "`~" and held[end : end + 1] == self.end[0]:
                end += 1
            if self.end[0] in "`~" and end == len(held) and not final:
                return None
        return end, self._shown(held[: end if self.keeps_end else at]), True

    def _shown(self, text: str) -> str:
        if not (self.shown and text):
            return ""
        kind = self.kind
        if text.strip():
            self.kind = Kind.UNSPOKEN
        return annotate(text, kind)
