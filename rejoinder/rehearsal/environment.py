"""The settings of one rehearsal: its own lines before the person's."""

from collections.abc import Mapping

from agent.options.stages import ModelOptions
from agent.settings.load import environment
from rejoinder.rehearsal.script import ReadRehearsal

_MODEL = "LLM_"
_KEPT = frozenset(
    f"{_MODEL}{name.upper()}" for name in ModelOptions.model_fields if name != "engine"
)
"""What is so of replies, whichever model gives them."""


def environment_of(rehearsal: ReadRehearsal, *, model: Mapping[str, str]) -> dict[str, str]:
    """The whole environment of a worker that is rehearsed; reads `.env` in the current folder.

    Args:
        rehearsal: whose folder has the personas, unless its settings name another.
        model: settings of what answers in place of the model that is set; empty: that one does.
    """
    environ = dict(environment())
    if model:
        environ = {n: v for n, v in environ.items() if not n.startswith(_MODEL) or n in _KEPT}
    folder = rehearsal.path.resolve().parent
    if any((folder / f"{rehearsal.persona}{end}").is_file() for end in (".yaml", ".yml")):
        environ["PERSONAS"] = str(folder)
    return {**environ, **rehearsal.file.settings, **model}
