"""The documents of `benchmarks.retrieval`, written out as folders of Markdown."""

import importlib
import inspect
import pkgutil
import re
import shutil
import sys
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from pydoc_data.topics import topics
from types import ModuleType

from agent.llm.handbook.engine import SHIPPED

_ROOT = Path(__file__).parent.parent
_NOT_IMPORTED = {"antigravity", "this", "idlelib", "turtledemo", "lib2to3", "tkinter", "turtle"}
"""They open windows or browsers, or are no library."""
_MORE = ("numpy", "aiohttp", "pydantic", "httpx", "livekit.agents", "boto3", "rich")
"""Further packages, to have ten thousand passages."""


def project(folder: Path) -> None:
    """README, docs and handbook of this project."""
    shutil.copy(_ROOT / "README.md", folder)
    for name, pages in (("docs", _ROOT / "docs"), ("pages", SHIPPED)):
        (folder / name).mkdir()
        for page in pages.glob("*.md"):
            shutil.copy(page, folder / name)


def python(folder: Path) -> None:
    """The topics of Python's language reference, and the docstrings of its standard library."""
    (folder / "topics").mkdir()
    for name, text in topics.items():
        (folder / "topics" / f"{name}.md").write_text(f"# {name}\n\n{_prose(text)}\n", "utf-8")
    names = sorted(name for name in sys.stdlib_module_names if not name.startswith("_"))
    seen: set[int] = set()
    for module in _imported(name for name in names if name not in _NOT_IMPORTED):
        _write(folder, module, seen)
        if hasattr(module, "__path__"):
            inner = [
                f"{module.__name__}.{found.name}" for found in pkgutil.iter_modules(module.__path__)
            ]
            for part in _imported(n for n in inner if not n.rpartition(".")[2].startswith("_")):
                _write(folder, part, seen)


def more(folder: Path) -> None:
    """Docstrings of further packages, of no matter which: for times."""
    seen: set[int] = set()
    for module in _imported(_MORE):
        _write(folder, module, seen)
        for name, inner in sorted(vars(module).items()):
            if isinstance(inner, ModuleType) and not name.startswith("_"):
                _write(folder, inner, seen)


def _imported(names: Iterable[str]) -> Iterator[ModuleType]:
    for name in names:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield importlib.import_module(name)
        except (ImportError, OSError, AttributeError):
            continue  # not of this platform


def _write(folder: Path, module: ModuleType, seen: set[int]) -> None:
    """Write a module's docstrings, of what is in several modules once."""
    parts = [f"# {module.__name__}\n\n{_prose(module.__doc__ or '')}"]
    parts += [f"## {name}\n\n{_prose(text)}" for name, text in _docstrings(module, seen)]
    path = folder / f"{module.__name__}.md"
    path.write_text("\n\n".join(parts) + "\n", "utf-8", errors="replace")


def _docstrings(module: ModuleType, seen: set[int]) -> Iterator[tuple[str, str]]:
    public = getattr(module, "__all__", None)
    own = (module.__name__, f"_{module.__name__}")  # the half in C
    for name, value in sorted(vars(module).items()):
        if name.startswith("_") or (public is not None and name not in public):
            continue
        if public is None and getattr(value, "__module__", None) not in own:
            continue
        if id(value) not in seen:
            seen.add(id(value))
            yield from _of(f"{module.__name__}.{name}", value)


def _of(name: str, value: object) -> Iterator[tuple[str, str]]:
    if not (inspect.isclass(value) or inspect.isroutine(value)):
        return
    if text := inspect.getdoc(value):
        yield name, text
    if inspect.isclass(value):
        for inner, method in sorted(vars(value).items()):
            told = inspect.isroutine(method) and inspect.getdoc(method)
            if told and not inner.startswith("_"):
                yield f"{name}.{inner}", told


def _prose(text: str) -> str:
    """A docstring without its indentation, which Markdown takes for code, and without examples."""
    lines = [line.strip() for line in text.splitlines()]
    kept = [line for line in lines if not line.startswith((">>>", "#")) and not _ruled(line)]
    return "\n".join(kept)


def _ruled(line: str) -> bool:
    return bool(re.fullmatch(r"[*~^\"'+.]{3,}", line))
