"""What a stand-in writes down of what it was asked: for tests all of it, for people the newest."""

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

T = TypeVar("T")


class Kept(list[T]):
    """Records, oldest first; with `most` the newest alone."""

    most: int | None = None

    def append(self, record: T, /) -> None:
        """Add one; the oldest goes where there are too many."""
        super().append(record)
        if self.most is not None:
            del self[: -self.most or len(self)]


def keep(server: Any, most: int) -> None:
    """Let a stand-in, and those that it is made of, keep no more than so many records each."""
    for field in fields(server):
        value = getattr(server, field.name)
        if isinstance(value, Kept):
            value.most = most
        elif is_dataclass(value):
            keep(value, most)
