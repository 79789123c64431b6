"""The kinds of lines of a recording, and what is wrong with one: docs/recording.md in types.

Unknown kinds pass.
"""

from typing import Any

from pydantic import ValidationError

from agent.recorder.call_lines import CALL
from agent.recorder.line import SHARED, Line
from agent.recorder.room_lines import ROOM

KINDS: dict[str, type[Line]] = SHARED | CALL | ROOM
"""The kinds of this version."""


def fault_of(line: dict[str, Any]) -> str | None:
    """What is wrong with a line, without what it says; None: nothing is."""
    kind = line.get("kind")
    model = KINDS.get(kind, Line) if isinstance(kind, str) else Line
    try:
        model.model_validate(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"a line of {model.__name__.lower()} has a wrong {where}"
    return None
