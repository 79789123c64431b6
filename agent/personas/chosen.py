"""Who the agent is in one job: the persona that its metadata name, or that of the settings."""

from functools import lru_cache
from pathlib import Path

from agent.errors import ConfigError, MetadataError
from agent.metadata import JobMetadata
from agent.options.personas import PersonaOptions
from agent.personas.shelf import Shelf, read_shelf

SHIPPED = next(
    folder
    for folder in (Path(__file__).parent / "shipped", Path(__file__).parents[2] / "personas")
    if folder.is_dir()
)
"""In a wheel, and in a checkout."""


def shelf_of(options: PersonaOptions) -> Shelf:
    """The personas that can be chosen; each folder is read once in a process. Blocks.

    Raises:
        ConfigError: the folder cannot be read, or the default is not in it.
    """
    shelf = _read(options.personas or SHIPPED)
    if options.default:
        try:
            shelf.get(options.default)
        except ConfigError as error:
            raise ConfigError(f"PERSONAS_DEFAULT={options.default}: {error}") from error
    return shelf


def check_chosen(metadata: JobMetadata, options: PersonaOptions) -> None:
    """See that the persona is there that the metadata name.

    Raises:
        MetadataError: there is none of this name.
    """
    if metadata.persona.name:
        try:
            shelf_of(options).get(metadata.persona.name)
        except ConfigError as error:
            # A name is somebody else's text.
            raise MetadataError(f"rejoinder.persona.name: {error}") from error


_read = lru_cache(maxsize=8)(read_shelf)
