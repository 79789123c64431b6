"""Where a plug-in's class is: `deepgram.STT` is `livekit.plugins.deepgram.STT`.

What follows the module may be a class, or a function that makes one (`openai.LLM.with_azure`).
"""

import difflib
import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from types import ModuleType
from typing import Any

from livekit.agents import llm, stt, tts

from agent.errors import ConfigError, EngineUnavailable

_HOME = "livekit.plugins"
_TASKS = "/proc/self/task"


@dataclass(frozen=True, slots=True)
class Kind:
    """What a stage wants."""

    stage: str
    """What its settings begin with: `STT`."""
    base: type[Any]
    """The class of livekit-agents that a plug-in's is made from."""
    noun: str


RECOGNISER = Kind("STT", stt.STT, "recogniser")
MODEL = Kind("LLM", llm.LLM, "language model")
VOICE = Kind("TTS", tts.TTS, "voice")
_KINDS = (RECOGNISER, MODEL, VOICE)

_opened_threads: set[str] = set()
"""Modules that have opened threads when they were imported here."""


def opens_threads(path: str) -> bool:
    """Whether the module of a class has opened threads when this process imported it."""
    return any(
        full.startswith(f"{module}.") for full in _full_paths(path) for module in _opened_threads
    )


def find(kind: Kind, path: str) -> Callable[..., Any]:
    """Import the module of a class, or of a function that makes one, and return it.

    On the main thread: plug-ins of livekit-agents refuse to be imported elsewhere. Blocks, for
    seconds when it is the first one.

    Args:
        kind: what it is to be.
        path: its name, below `livekit.plugins` or from its root.

    Raises:
        EngineUnavailable: the package is missing, or cannot be imported.
        ConfigError: there is no such class, or it is something else.
    """
    where = f"{kind.stage}_PLUGIN={path}"
    for full in _full_paths(path):
        found = _import(where, full)
        # `openai` alone is the client library of the same name.
        if found is not None and (full.startswith(_HOME) or _is_plugin(found[0])):
            return _attribute(kind, where, *found)
    raise EngineUnavailable(f"{where}: {_missing(path)}")


def _full_paths(path: str) -> list[str]:
    return [path] if path.startswith("livekit.") else [f"{_HOME}.{path}", path]


def _import(where: str, full: str) -> tuple[ModuleType, list[str]] | None:
    """The longest part of a path that is a module, and the rest; None: there is none."""
    parts = full.split(".")
    # `livekit.plugins` itself is there whatever is installed.
    least = 3 if full.startswith(f"{_HOME}.") else 1
    for count in range(len(parts) - 1, least - 1, -1):
        name = ".".join(parts[:count])
        try:
            return _imported(name), parts[count:]
        except ModuleNotFoundError as error:
            if error.name is not None and f"{name}.".startswith(f"{error.name}."):
                continue
            raise EngineUnavailable(
                f"{where} cannot be imported: it needs {error.name}, which is not installed here"
            ) from error
        except Exception as error:  # noqa: BLE001 - somebody else's code raises what it likes
            raise EngineUnavailable(
                f"{where} cannot be imported: {type(error).__name__}: {error}"
            ) from error
    return None


def _is_plugin(module: ModuleType) -> bool:
    return any(True for kind in _KINDS for _ in classes_of(kind, module))


def _imported(name: str) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None:
        return known
    before = _threads()
    module = importlib.import_module(name)
    # Elsewhere others open and end threads at the same time.
    if threading.current_thread() is threading.main_thread() and _threads() > before:
        _opened_threads.add(name)
    return module


def _threads() -> int:
    """Threads of this process, those of native libraries too where the system tells."""
    try:
        return len(os.listdir(_TASKS))
    except OSError:
        return threading.active_count()


def _missing(path: str) -> str:
    """Which package is not there, and how it is had."""
    parts = path.removeprefix(f"{_HOME}.").split(".")
    if path.startswith("livekit.") and not path.startswith(f"{_HOME}."):
        return f"{path.rpartition('.')[0]} is no module of livekit"
    package = f"livekit-plugins-{parts[0].replace('_', '-')}"
    # A newer plug-in would bring a newer livekit-agents along.
    command = f"`uv pip install {package}=={version('livekit-agents')}`"
    if len(parts) == 2 or path.startswith(_HOME):
        return f"the package {package} is not installed here; get it with {command}"
    return (
        f"neither {_HOME}.{parts[0]} nor {parts[0]} can be imported here; for the former: {command}"
    )


def _attribute(kind: Kind, where: str, module: ModuleType, names: list[str]) -> Callable[..., Any]:
    found: Any = module
    for name in names:
        if not hasattr(found, name):
            raise ConfigError(f"{where}: {_lacks(kind, module, name)}")
        found = getattr(found, name)
    if isinstance(found, type) and not issubclass(found, kind.base):
        other = next((other for other in _KINDS if issubclass(found, other.base)), None)
        stage = f", set {other.stage}_PLUGIN" if other is not None else ""
        what = f"a {other.noun}" if other is not None else "something else"
        raise ConfigError(f"{where} is no {kind.noun} but {what}{stage}; {_offer(kind, module)}")
    if not callable(found):
        raise ConfigError(f"{where} is no class; {_offer(kind, module)}")
    made: Callable[..., Any] = found
    return made


def _lacks(kind: Kind, module: ModuleType, name: str) -> str:
    near = difflib.get_close_matches(name, list(classes_of(kind, module)), n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{module.__name__} has no {name}{hint}; {_offer(kind, module)}"


def _offer(kind: Kind, module: ModuleType) -> str:
    offered = ", ".join(classes_of(kind, module))
    return f"its {kind.noun}s: {offered}" if offered else f"it has no {kind.noun} at all"


def classes_of(kind: Kind, module: ModuleType) -> Iterator[str]:
    """Names of the classes of a kind that a module offers."""
    for name in sorted(vars(module)):
        found = getattr(module, name)
        if not name.startswith("_") and isinstance(found, type) and issubclass(found, kind.base):
            yield name
