"""What was used of an engine: counts, no money."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass(slots=True)
class Amounts:
    """Of one request, or of many together."""

    requests: int = 0
    seconds: float = 0.0
    """Sound that a recogniser was sent, or that a voice has made."""
    characters: int = 0
    """Text that a voice was given."""
    prompt_tokens: int = 0
    """All tokens of prompts, also those that were cached or written to a cache."""
    cached_tokens: int = 0
    """Those of them that the engine had kept from before."""
    cache_write_tokens: int = 0
    """Those of them that it has kept for the next request."""
    completion_tokens: int = 0

    def add(self, other: "Amounts") -> None:
        """Count `other` too."""
        for field in fields(self):
            mine, more = getattr(self, field.name), getattr(other, field.name)
            setattr(self, field.name, mine + more)

    def as_json(self) -> dict[str, Any]:
        """What is not nothing; seconds rounded to a tenth."""
        found: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if value:
                found[field.name] = round(value, 1) if isinstance(value, float) else value
        return found
