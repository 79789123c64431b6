"""The table of job kinds: what a worker can be dispatched for.

A kind is a line here and a room with a module that has

    async def serve(ctx: JobContext, parts: Parts, settings: Settings, metadata: JobMetadata)

which joins the room of `ctx`, does the job and leaves; every task that it began has ended when it
returns. The job's metadata (`agent.metadata`) name the kind. A worker imports all modules as it
starts; nothing here does, as the token endpoint reads this table too.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

from agent.errors import MetadataError
from agent.metadata import JobMetadata
from agent.metadata import read as read_metadata


@dataclass(frozen=True, slots=True)
class JobKind:
    """One line of the table."""

    module: str
    """Dotted path of the module with `serve`."""
    summary: str
    """What it does, for people."""


KINDS: Mapping[str, JobKind] = {
    "call": JobKind("agent.call.call", "talks with one person at a time"),
    "captions": JobKind(
        "agent.interpreting.job", "writes what everybody says, in all languages that are wanted"
    ),
    "interpret": JobKind(
        "agent.interpreting.job", "does so, and says it to each in the language that they hear"
    ),
}


def load(kind: str) -> ModuleType:
    """Import the module that serves a kind of the table."""
    return importlib.import_module(KINDS[kind].module)


def read(text: str) -> JobMetadata:
    """Read a job's metadata, and see to it that the kind is one of the table.

    Raises:
        MetadataError: they are malformed, or ask for a kind that there is not.
    """
    metadata = read_metadata(text)
    if metadata.kind and metadata.kind not in KINDS:
        raise MetadataError(f"rejoinder.kind: no such kind of job; known: {', '.join(KINDS)}")
    return metadata
