"""Turns the pieces of a call's replies into what a voice says for them."""

import re
from collections import OrderedDict

from agent.wording import segmenter
from agent.wording.annotation import Kind, Stretch, stretches
from agent.wording.figures import figures_of, read_unknown
from agent.wording.lexicon import LEXICONS, code_of
from agent.wording.numerals import engine
from agent.wording.parts import Part
from agent.wording.tongues import language_of

_KEPT = 64
"""Pieces whose reading is kept: the voice asks first, the captions a little later."""
_SPACES = re.compile(r"\s+")
_BEFORE_MARK = re.compile(r"\s+(?=[.,;:!?…。，、；：！？)\]])")
_FALLBACK = "en"


def preload_words() -> None:
    """Read the rules of all languages: some tenths of a second that no call should wait for."""
    segmenter.preload()
    for code in LEXICONS:
        engine(code)
        figures_of(code).read("1")


class Reader:
    """One per call: the voice and the heard ledger read a piece alike.

    Each piece is read in its own language; a piece that does not tell (`$49.95.`) in that of the
    piece before, the first one in the language that was expected.
    """

    def __init__(self, language: str = "") -> None:
        """`language`: a tag such as `de-DE`, expected until a reply tells; empty: English."""
        self._language = _FALLBACK
        self._read: OrderedDict[str, tuple[Part, ...]] = OrderedDict()
        self.expect(language)

    def expect(self, language: str) -> None:
        """The caller speaks this language, by its tag; one that is not known changes nothing."""
        code = code_of(language)
        if code in LEXICONS and code != self._language:
            self._language = code
            self._read.clear()

    def read(self, piece: str) -> tuple[Part, ...]:
        """Read a piece of a reply, annotated or not; what is written, joined, is what is shown."""
        core = piece.strip()
        parts = self._read.get(core)
        if parts is None:
            parts = self._read[core] = tuple(self._parts(core))
            if len(self._read) > _KEPT:
                self._read.popitem(last=False)
        lead = piece[: len(piece) - len(piece.lstrip())]
        rest = piece[len(lead) + len(core) :]
        return (*_space(lead), *parts, *_space(rest))

    def say(self, piece: str) -> str:
        """The words of a piece; empty if it has none."""
        said = "".join(part.spoken for part in self.read(piece))
        return _BEFORE_MARK.sub("", _SPACES.sub(" ", said)).strip()

    def _parts(self, piece: str) -> list[Part]:
        pieces = list(stretches(piece))
        running = "".join(stretch.text for stretch in pieces if stretch.kind is None)
        code = language_of(running, self._language)
        if code not in LEXICONS:
            return [part for stretch in pieces for part in _unknown(stretch)]
        self._language = code
        figures = figures_of(code)
        parts: list[Part] = []
        for stretch in pieces:
            if stretch.kind is None:
                parts += figures.read(stretch.text)
            elif stretch.kind is Kind.MATH:
                parts.append(Part(stretch.text, f" {figures.formula(stretch.text)} "))
            else:
                parts.append(Part(stretch.text, figures.notice(stretch.kind)))
        return parts


def _space(text: str) -> tuple[Part, ...]:
    return (Part(text, text),) if text else ()


def _unknown(stretch: Stretch) -> list[Part]:
    return read_unknown(stretch.text) if stretch.kind is None else [Part(stretch.text, "")]
