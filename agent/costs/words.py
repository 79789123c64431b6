"""What a call has cost, for people: in the terminal and on the page of a recorded call."""

from collections.abc import Mapping
from typing import Any


def in_words(message: Mapping[str, Any]) -> str:
    """One line, of the wire form of a bill (docs/room-protocol.md)."""
    parts = [_amounts(sums) for sums in message["sums"]]
    unknown = [f"{e['engine']} {e['model']}".strip() for e in message["engines"] if e["unpriced"]]
    if unknown:
        parts.append(f"no price is known for {', '.join(unknown)}")
    return "; ".join(parts) or "nothing, its engines are your own"


def _amounts(sums: Mapping[str, Any]) -> str:
    text = f"{sums['currency']} {sums['amount']:.4f}"
    thrown = sums["thrown_away"]
    return f"{text}, {thrown:.4f} of it for guesses thrown away" if thrown else text
