"""The memory that the settings name: opened once per process, when it is first wanted. Blocks."""

import functools
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING

from agent.errors import ConfigError
from agent.memory.person import hashed
from agent.memory.place import salt_of, url_of
from agent.options.memory import MemoryOptions

if TYPE_CHECKING:
    from agent.memory.store import Store


def preload(options: MemoryOptions) -> None:
    """Import what a call would wait for, before processes part; nothing is opened."""
    if options.memory == "on":
        with suppress(ModuleNotFoundError):
            import_module("agent.memory.store")


@dataclass(frozen=True, slots=True)
class Opened:
    """The memory of one worker."""

    store: "Store"
    salt: bytes = field(repr=False)

    def person(self, known_as: str) -> str:
        """The name under which somebody is stored (`agent.memory.person`)."""
        return hashed(known_as, self.salt)


@functools.cache
def opened(options: MemoryOptions) -> Opened:
    """Open it, or give what was opened before.

    Raises:
        ConfigError: a package is missing, an address is wrong, or the database does not serve.
    """
    try:
        from agent.memory.store import Store
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"MEMORY=on needs the package {error.name}: uv sync --inexact --extra memory"
        ) from None
    salt = salt_of(options)
    return Opened(Store(url_of(options), options), salt)
