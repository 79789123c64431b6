"""An utterance as far as a stream has told it, and who heard it."""

from dataclasses import dataclass, field

from agent.turns.recogniser import SURE_S
from agent.turns.words import tokens
from agent.wording.scripts import joined

Placed = tuple[tuple[str, float, float], ...]
"""Words, each with its beginning and end, seconds of a stream's audio."""


@dataclass(slots=True)
class StreamedUtterance:
    """From its first audio on; positions are seconds of the caller's audio."""

    begins: float
    """Position of its first audio."""
    shift_s: float
    """Stream seconds minus position."""
    began: float
    """When it began to be listened to: a position."""
    stale: str
    """Words of its first segment that were told before it began."""
    segments: list[str] = field(default_factory=list)
    """Words of those that are over."""
    interim: str = ""
    """Words of the one that is not."""
    stable: bool = False
    """Whether they stay as they are."""
    last_word: float = -1.0
    """Position up to which there are words, with what may follow the end of one."""
    word_end: float = -1.0
    """Where the last of them ends by the engine's clock."""
    final_to: float = -1.0
    """Position up to which words are final."""
    flushed_to: float = -1.0
    """Position up to which the engine was asked for all words, and has told them."""
    flushed: float | None = None
    """When it was asked in this pause."""
    changed: float = -1.0
    """When its words were others for the last time."""
    last: float | None = None
    """Where its voice is."""
    said: tuple[str, bool, bool] = ("", False, False)
    """What was the news: the words, whether they are all, whether they are final."""
    sure: bool = False
    """Whether somebody surely speaks."""
    answered: bool = False
    """Whether the stream has said anything since it hears it."""
    interrupted: bool = False
    """Nobody heard it: there was no stream, or none that is connected, and since there is one it
    has told nothing of what was not final."""
    heard_since: float = -1.0
    """From when on somebody hears it, who was then given what came before."""

    @property
    def settled(self) -> bool:
        """Whether no word that was told will become another."""
        return self.stable or not self.interim

    @property
    def heard_out(self) -> bool:
        """Whether all that was said so far has final words."""
        return self.last is not None and self.final_to >= self.last - SURE_S

    def quiet_s(self, now: float) -> float:
        """How long whoever hears it has heard nothing more."""
        return now - max(now if self.last is None else self.last, self.heard_since)


def newest(text: str, words: Placed, count: int) -> str:
    """The newest words of a result."""
    if count == len(words):
        return text
    spaced = text.split()
    parts = spaced if len(spaced) == len(words) else [word for word, _, _ in words]
    return joined(parts[len(parts) - count :])


def beyond(text: str, stale: str) -> str:
    """The words of a text after those that it had before; some of them may be others now."""
    count = len(tokens(stale))
    if not count:
        return text
    if len(tokens(text)) <= count:
        return ""
    ends = (at for at in range(len(text) + 1) if len(tokens(text[:at])) > count)
    return text[next(ends) - 1 :].strip()
