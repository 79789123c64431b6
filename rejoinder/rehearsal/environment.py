"""The settings of one rehearsal: its own lines before the person's."""

from collections.abc import Mapping
from pathlib import Path

from agent.options.stages import ModelOptions
from agent.settings.load import environment
from rejoinder.rehearsal.script import ReadRehearsal

_MODEL = "LLM_"
_KEPT = frozenset(
    f"{_MODEL}{name.upper()}" for name in ModelOptions.model_fields if name != "engine"
)
"""What is so of replies, whichever model gives them."""


def environment_of(
    rehearsal: ReadRehearsal, *, model: Mapping[str, str], folder: Path
) -> dict[str, str]:
    """The whole environment of a worker that is rehearsed; reads `.env` in the current folder.

    Args:
        rehearsal: whose folder has the personas, unless its settings name another.
        model: settings of what answers in place of the model that is set; empty: that one does.
        folder: an empty one: what callers let be remembered in a rehearsal is in nobody's memory.
    """
    memory = {"MEMORY_URL": f"sqlite:///{folder / 'memory.sqlite3'}"}
    environ = {n: v for n, v in environment().items() if n != "MEMORY_SALT"} | memory
    if model:
        environ = {n: v for n, v in environ.items() if not n.startswith(_MODEL) or n in _KEPT}
    personas = rehearsal.path.resolve().parent
    if any((personas / f"{rehearsal.persona}{end}").is_file() for end in (".yaml", ".yml")):
        environ["PERSONAS"] = str(personas)
    return {**environ, **rehearsal.file.settings, **model}
