"""How somebody says aloud that the interpreter may speak with their voice, in one language."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Consent:
    """A sentence, and by what it is known when it is heard.

    Words are compared as `agent.turns.words.tokens` cuts them.
    """

    sentence: str
    """What they are asked to say; not a word of it depends on who they are."""
    core: str
    """Words of it that follow each other, without which nothing is agreed to."""
    against: tuple[str, ...]
    """Words, or several in a row, that make something else of it: negations, conditions; in
    languages without spaces pieces of words."""
    spellings: tuple[str, ...] = ()
    """Further ways in which a recogniser may write the sentence, each with the core."""
