"""Servers that are slow to start: one per generation and session."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.gradio_process import GradioProcess, gradio_process

_GRADIO45 = Path(__file__).parents[2] / "fakes" / "gradio45"
_HOW = "uv sync --project tests/fakes/gradio45"


@pytest.fixture(scope="session")
def gradio6(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioProcess]:
    with gradio_process([sys.executable], tmp_path_factory.mktemp("gradio6")) as process:
        yield process


@pytest.fixture(scope="session")
def gradio45(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GradioProcess]:
    python = _GRADIO45 / ".venv" / "bin" / "python"
    if not python.exists():
        message = f"the environment with Gradio 4.5 is missing; get it with: {_HOW}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with gradio_process([str(python)], tmp_path_factory.mktemp("gradio45")) as process:
        yield process
