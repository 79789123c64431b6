"""Where a reply may be cut for the voice, per language: the fields."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class PieceWords:
    """What is known of how a language is written. What is empty is not written yet.

    Words are in lower case. Abbreviations are without their last full stop; single letters
    (`J. R. R.`, `z. B.`) and dotted letters (`U.S.`, `e.g.`, `EE.UU.`) need no entry.
    """

    abbreviations: frozenset[str] = frozenset()
    """Never the end of a sentence: a name or the rest of the sentence follows."""
    before_number: frozenset[str] = frozenset()
    """Abbreviations when a number follows, words otherwise ("No. 5", but "No. I am not.")."""
    open_ended: frozenset[str] = frozenset()
    """Abbreviations that may also end a sentence: they did when a capital letter follows."""
    ordinal_leads: frozenset[str] = frozenset()
    """Words after which "3." is an ordinal ("am 3. Oktober")."""
    binds_next: frozenset[str] = frozenset()
    """Words, or characters, that are not said with a pause after them."""
    numbers: frozenset[str] = frozenset()
    """Number words, or figures: another one, or what is counted, follows."""
    breaks_after: frozenset[str] = frozenset()
    """Characters of a script without spaces after which a clause may well end."""
    breaks_before: frozenset[str] = frozenset()
    """The same before them."""
    conjunctions: frozenset[str] = frozenset()
    """Words before which an overlong sentence is best cut."""
    segmenter: str = ""
    """Model of BudouX that knows where the words of a language without spaces end."""
