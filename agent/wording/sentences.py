"""Splits a reply, while it is being written, into pieces that are spoken one after another.

The framework's own tokenizer (blingfire) emits a sentence when the next one has begun, joins
sentences until 20 characters are there ("Hello there." waits for the whole next sentence)
and never cuts at a Chinese comma: of a reply of 68 Chinese characters a piece of 35 came at
once, and with its least length set to 1 still did. This one begins with two short clauses and
then emits a sentence as soon as its end is certain; of Chinese it holds back 8 characters at
first, later at most 40.

The pieces joined are the text, white space included: captions and history are made of them.
"""

from livekit.agents import tokenize
from livekit.agents.utils import shortuuid

from agent.wording.annotation import Shorthand
from agent.wording.boundaries import Quotes, sentence_cut
from agent.wording.clauses import CUTS, Cut


class Splitter:
    """Text in, in chunks of any size; pieces out, the same for any chunks."""

    def __init__(self, *cuts: Cut) -> None:
        """`cuts` find where the first, the second, … piece ends, the last one all further ones.

        See `sentence_cut`, which is used when none is given, for what they must do.
        """
        self._cuts = cuts or (sentence_cut,)
        self._pieces = 0
        self._held = ""
        self._quotes = Quotes()
        self._shorthand = Shorthand()

    def push(self, text: str) -> list[str]:
        """Take in text and return the pieces that are now certain."""
        self._held += self._shorthand.shorten(text)
        return self._take(final=False)

    def flush(self) -> list[str]:
        """Return all that was held back."""
        self._held += self._shorthand.rest()
        pieces = self._take(final=True)
        if self._held:
            pieces.append(self._shorthand.restore(self._held))
        self._held = ""
        self._pieces = 0
        self._quotes = Quotes()
        return pieces

    def _take(self, *, final: bool) -> list[str]:
        pieces: list[str] = []
        while end := self._cut()(self._held, final=final, quotes=self._quotes):
            self._pieces += 1
            piece, self._held = self._held[:end], self._held[end:]
            self._quotes.feed(piece)
            pieces.append(self._shorthand.restore(piece))
        return pieces

    def _cut(self) -> Cut:
        return self._cuts[min(self._pieces, len(self._cuts) - 1)]


class SentenceTokenizer(tokenize.SentenceTokenizer):
    """Give it to `tts.StreamAdapter`. All languages are handled alike."""

    def tokenize(self, text: str, *, language: str | None = None) -> list[str]:
        """Split a whole text; the pieces joined are the text."""
        splitter = Splitter(*CUTS)
        return [*splitter.push(text), *splitter.flush()]

    def stream(self, *, language: str | None = None) -> "SentenceStream":
        """Split text as it arrives."""
        return SentenceStream()


class SentenceStream(tokenize.SentenceStream):
    """Pieces come out within the call that made them certain."""

    def __init__(self) -> None:
        super().__init__()
        self._splitter = Splitter(*CUTS)
        self._segment_id = shortuuid()

    def push_text(self, text: str) -> None:
        """Take in text; raises RuntimeError after the end."""
        self._check_not_closed()
        self._emit(self._splitter.push(text))

    def flush(self) -> None:
        """Emit all that was held back and begin a new segment."""
        self._check_not_closed()
        self._emit(self._splitter.flush())
        self._segment_id = shortuuid()

    def end_input(self) -> None:
        """Emit the rest; the stream ends after it."""
        self.flush()
        self._do_close()

    async def aclose(self) -> None:
        """End the stream; what was held back is dropped."""
        self._do_close()

    def _emit(self, pieces: list[str]) -> None:
        for piece in pieces:
            token = tokenize.TokenData(segment_id=self._segment_id, token=piece)
            self._event_ch.send_nowait(token)
