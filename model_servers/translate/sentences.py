"""Cut a text into the sentences that a model translates, and put it together again.

Models were trained on sentences: of several at once they leave some out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from model_servers.serving.sentence_ends import CLAUSE_END
from model_servers.serving.sentence_ends import sentences as with_gaps

MOST_CHARS = 400
"""A longer sentence is cut where it hurts least: models forget the end of a long one."""
_LEAST_CHARS = 80


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence and what follows it in the text."""

    text: str
    gap: str
    """Blanks and line ends up to the next one."""


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a text; their texts and gaps together are the text.

    Blanks before the first sentence belong to a sentence without text.
    """
    body = text.lstrip()
    if len(body) < len(text):
        yield Sentence("", text[: len(text) - len(body)])
    for whole in with_gaps(body):
        said = whole.rstrip()
        yield from _short(said, whole[len(said) :])


def joined(parts: Sequence[Sentence], translations: Sequence[str]) -> str:
    """The text again, with each sentence's translation in its place.

    Gaps that a script without spaces does not have stay away, or come as the target needs them:
    where two sentences touched, a translation in Latin letters gets a blank.
    """
    out = []
    for number, (part, translated) in enumerate(zip(parts, translations, strict=True)):
        gap = part.gap
        is_last = number == len(parts) - 1
        if not gap and not is_last and translated[-1:].isascii():
            gap = " "
        out.append(translated + gap)
    return "".join(out)


def _short(sentence: str, gap: str) -> Iterator[Sentence]:
    begin = 0
    while len(sentence) - begin > MOST_CHARS:
        end = begin + MOST_CHARS
        cuts = [
            cut.end()
            for cut in CLAUSE_END.finditer(sentence, begin, end)
            if cut.start() >= begin + _LEAST_CHARS
        ]
        cut = cuts[-1] if cuts else sentence.rfind(" ", begin + _LEAST_CHARS, end) + 1
        head = sentence[begin : cut or end]
        said = head.rstrip()
        yield Sentence(said, head[len(said) :])
        begin += len(head)
    if begin < len(sentence) or gap:
        yield Sentence(sentence[begin:], gap)
