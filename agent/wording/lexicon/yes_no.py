"""How somebody who was asked says yes, or no, in one language."""

from dataclasses import dataclass


def phrases(text: str) -> tuple[str, ...]:
    """Phrases that stand with commas between them."""
    return tuple(phrase for phrase in (part.strip() for part in text.split(",")) if phrase)


@dataclass(frozen=True, kw_only=True)
class YesNo:
    """Phrases as they are written; capitals, accents and punctuation make no difference."""

    yes: tuple[str, ...]
    """Each alone is a clear yes to "May I?" and to "Shall I?"."""
    no: tuple[str, ...]
    """Each alone is a clear no."""
    beside: tuple[str, ...]
    """What may stand beside either and leaves it as it is: "please"."""
