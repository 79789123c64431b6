"""All personas of a folder, by the names of their files.

`NAME.yaml` (or .yml) is one persona. A `.json` file may hold a list of
`{"role": …, "instruct": …}`:
each is a persona with these instructions and everything else as it is set.
A file that is wrong is complained about, by its line; the others are there all the same.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent.errors import ConfigError
from agent.personas import yaml_lines
from agent.personas.persona_file import PersonaFile
from agent.personas.texts import ANY

REHEARSAL = ".rehearsal"
"""Before the ending of files that are none, but scripted talks with one."""
HANDBOOK = "handbook"
"""In place of a path: the pages about this project that come with it."""
_PAGES = Path(__file__).parents[1] / "llm" / "handbook" / "pages"
_WORDS = re.compile(r"[^\W_]+")
_NAME_CHARS = 64


@dataclass(frozen=True, slots=True)
class ShelvedPersona:
    """One persona, and where it was read."""

    name: str
    path: Path
    file: PersonaFile

    @property
    def documents(self) -> tuple[str, ...] | None:
        """What it answers from: paths and addresses; None: what the settings say."""
        if self.file.documents is None:
            return None
        return tuple(map(self._place_of, self.file.documents))

    def _place_of(self, source: str) -> str:
        if source == HANDBOOK:
            return str(_PAGES)
        return source if "://" in source else str(self.path.parent / source)


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was read of a folder."""

    personas: Mapping[str, ShelvedPersona] = field(default_factory=dict)
    mistakes: tuple[str, ...] = ()
    """Of files that are not among them."""

    def get(self, name: str) -> ShelvedPersona:
        """The persona of a name.

        Raises:
            ConfigError: there is none; the message has those that there are.
        """
        if name not in self.personas:
            known = ", ".join(self.personas) or "none"
            wrong = f"; wrong files: {len(self.mistakes)}" if self.mistakes else ""
            raise ConfigError(f"there is no persona of this name; known: {known}{wrong}")
        return self.personas[name]


def read_shelf(folder: Path) -> Shelf:
    """Read a folder; blocks.

    Raises:
        ConfigError: there is no such folder, or it cannot be read.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise ConfigError(f"{folder} cannot be read: {error.strerror}") from error
    personas: dict[str, ShelvedPersona] = {}
    mistakes: list[str] = []
    for path in paths:
        if path.suffix not in (".yaml", ".yml", ".json") or path.stem.endswith(REHEARSAL):
            continue
        try:
            for shelved in _personas_of(path):
                if shelved.name in personas:
                    other = personas[shelved.name].path.name
                    raise ConfigError(f"{path}: {other} is the persona {shelved.name} already")
                personas[shelved.name] = shelved
        except ConfigError as error:
            mistakes.append(str(error))
    return Shelf(MappingProxyType(personas), tuple(mistakes))


def name_of(title: str) -> str:
    """The name that a persona is chosen by, made of a title: lower case, with hyphens."""
    return "-".join(_WORDS.findall(title.lower()))[:_NAME_CHARS].strip("-")


def _personas_of(path: Path) -> Iterator[ShelvedPersona]:
    text = yaml_lines.text_of(path)
    if path.suffix == ".json":
        yield from _roles_of(path, text)
        return
    name = name_of(path.stem)
    if name != path.stem:
        raise ConfigError(f"{path}: a persona is chosen by its file's name: call it {name}.yaml")
    # What is for any language has no key in the file.
    file = yaml_lines.filled(PersonaFile, path, text, begins="title: Receptionist", but=ANY)
    yield ShelvedPersona(name, path, file)


def _roles_of(path: Path, text: str) -> Iterator[ShelvedPersona]:
    try:
        roles: Any = json.loads(text)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        raise ConfigError(f"{path}:{line}: it is no JSON") from error
    wanted = 'it should be a list of {"role": "…", "instruct": "…"}'
    if not isinstance(roles, list):
        raise ConfigError(f"{path}: {wanted}")
    for number, role in enumerate(roles, 1):
        told = role if isinstance(role, dict) else {}
        title, instructions = told.get("role"), told.get("instruct")
        if not (isinstance(title, str) and isinstance(instructions, str) and name_of(title)):
            raise ConfigError(f"{path}: entry {number}: {wanted}")
        file = PersonaFile.model_validate({"title": title, "instructions": instructions})
        yield ShelvedPersona(name_of(title), path, file)
