"""The personas that a caller may choose, as the page shows them."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from agent.options.personas import PersonaOptions
from agent.personas.chosen import shelf_of
from agent.personas.shelf import ShelvedPersona
from agent.personas.texts import said_in
from rejoinder.web.page_files import PageFile, read_file

logger = logging.getLogger(__name__)

_IMAGES = (".png", ".jpg", ".jpeg", ".webp", ".gif")
"""No SVG: it is a document of its own."""
_LARGEST = 2_000_000
"""Bytes of a picture."""


class OfferedPersonas:
    """Read once, with their pictures."""

    def __init__(self, personas: Iterable[ShelvedPersona], *, default: str = "") -> None:
        """Of these, `default` answers who chooses none. Blocks."""
        self._personas = {shelved.name: shelved for shelved in personas}
        self._default = default
        self.pictures = {
            name: picture
            for name, shelved in self._personas.items()
            if (picture := _picture_of(shelved)) is not None
        }
        """By the persona's name."""

    @property
    def names(self) -> frozenset[str]:
        """What a client may ask for."""
        return frozenset(self._personas)

    def listed(self, languages: Sequence[str]) -> dict[str, Any]:
        """For the page: `{"personas": [{name, title, about, picture}], "default": name}`.

        `languages`: tags, the reader's first choice first. `picture`: an address, or an emoji.
        """
        entries = [
            {
                "name": name,
                "title": said_in(shelved.file.title, languages),
                "about": said_in(shelved.file.about, languages) or "",
                "picture": f"/api/personas/{name}/picture"
                if name in self.pictures
                else _emoji_of(shelved),
            }
            for name, shelved in self._personas.items()
        ]
        default = self._default if self._default in self._personas else ""
        return {"personas": entries, "default": default}


def offered_personas(options: PersonaOptions) -> OfferedPersonas:
    """Those of the worker's folder. Blocks.

    Raises:
        ConfigError: the folder cannot be read, or the default is not in it.
    """
    shelf = shelf_of(options)
    offered = [shelved for shelved in shelf.personas.values() if shelved.file.offered]
    return OfferedPersonas(offered, default=options.default)


def _emoji_of(shelved: ShelvedPersona) -> str:
    picture = shelved.file.picture
    return "" if Path(picture).suffix else picture


def _picture_of(shelved: ShelvedPersona) -> PageFile | None:
    path = shelved.path.parent / shelved.file.picture
    if path.suffix.lower() not in _IMAGES:
        return None
    try:
        if path.stat().st_size <= _LARGEST:
            return read_file(path)
        logger.warning("a persona's picture is too large", extra={"persona": shelved.name})
    except OSError:
        logger.warning("a persona's picture cannot be read", extra={"persona": shelved.name})
    return None
