"""Figures that are read one by one, such as the number of an order, in groups."""

LONGEST = 5
"""Figures that are followed without a pause."""


def in_groups(figures: str) -> list[str]:
    """Fours where they come out even, else threes and then fours; what is short stays whole."""
    if len(figures) <= LONGEST:
        return [figures]
    fours, rest = divmod(len(figures), 4)
    sizes = [4] * fours
    if rest:
        threes, more = divmod(len(figures), 3)
        sizes = [3] * (threes - more) + [4] * more
    places = [sum(sizes[:at]) for at in range(len(sizes))]
    return [figures[at : at + size] for at, size in zip(places, sizes, strict=True)]
