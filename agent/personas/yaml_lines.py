"""YAML with the line of each of its places, for complaints."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from agent.errors import ConfigError

_LONGEST = 1_000_000
"""Bytes of a file."""

_File = TypeVar("_File", bound=BaseModel)


class Malformed(ValueError):
    """It is no YAML; `line` says where, from 1 on."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.line = line


class _Loader(yaml.SafeLoader):
    """As YAML 1.2 has it: `no` is Norwegian, and `2003-10` a text."""


_PLAIN = ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, known) for tag, known in resolvers if tag not in _PLAIN]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"true|True|TRUE|false|False|FALSE"), list("tTfF")
)


@dataclass(frozen=True, slots=True)
class Document:
    """What was read, and where each part of it stands."""

    data: Any
    _node: yaml.Node | None

    def line(self, place: Sequence[str | int]) -> int:
        """The line, from 1 on, of what lies under these keys, or of the deepest that there is."""
        node, line = self._node, 1
        for key in place:
            found = _child(node, key)
            if found is None and key == 0:
                continue  # a list of one may be written without its dash
            if found is None:
                break
            line, node = found
        return line


def read(text: str) -> Document:
    """Read one document.

    Raises:
        Malformed: it is none, or has a key twice.
    """
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return Document(None, None)
        for twice in _twice(node):
            raise Malformed(f"{twice.value} is there twice", twice.start_mark.line + 1)
        return Document(loader.construct_document(node), node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed(str(error.problem), mark.line + 1 if mark is not None else 1) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed("it is no YAML", 1) from error
    finally:
        loader.dispose()


def text_of(path: Path) -> str:
    """The text of a person's file; blocks.

    Raises:
        ConfigError: it cannot be read, is too long or not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    if len(raw) > _LONGEST:
        raise ConfigError(f"{path} has more than {_LONGEST:,} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8") from error


def filled(
    model: type[_File],
    path: Path,
    text: str,
    *,
    begins: str,
    but: str = "",
    context: Mapping[str, Any] | None = None,
) -> _File:
    """A model from the text of a file.

    Args:
        model: what the file may say.
        path: the file, for complaints.
        text: what is in it.
        begins: the first line of such a file, for who wrote something else.
        but: a key that only the model has, not the file.
        context: what the model's validators look at.

    Raises:
        ConfigError: each mistake, by file and line.
    """
    try:
        document = read(text)
    except Malformed as error:
        raise ConfigError(f"{path}:{error.line}: {error}") from error
    if not isinstance(document.data, dict):
        raise ConfigError(f"{path}:1: it should begin with lines such as `{begins}`")
    try:
        return model.model_validate(document.data, context=context)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        complaints = dict.fromkeys(_complaint(path, document, fault, but) for fault in faults)
        raise ConfigError("\n".join(complaints)) from error


def _complaint(path: Path, document: Document, fault: Any, but: str) -> str:
    place: Sequence[str | int] = [part for part in fault["loc"] if part not in (but, "[key]")]
    key = ".".join(str(part) for part in place)
    where = f"{path}:{document.line(place)}"
    match fault["type"]:
        case "extra_forbidden":
            return f"{where}: {key} is not known"
        case "missing":
            above = ".".join(str(part) for part in place[:-1])
            return f"{where}: {above} lacks {place[-1]}" if above else f"{path}: it lacks {key}"
        case "string_type":
            return f"{where}: {key} should be a text; a number is one in quotes"
        case _:
            return f"{where}: {key}: {fault['msg']}" if key else f"{where}: {fault['msg']}"


def _child(node: yaml.Node | None, key: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if str(name.value).lower() == str(key).lower():
                return name.start_mark.line + 1, value
    if isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
        return node.value[key].start_mark.line + 1, node.value[key]
    return None


def _twice(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode):
                if name.value in seen:
                    yield name
                seen.add(name.value)
            yield from _twice(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _twice(value)
