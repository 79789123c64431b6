"""Where the SeamlessM4T server can run, with a tiny model of its real class.

PyTorch is not among the packages of `make setup`: on Linux the one of PyPI brings 3 GB of CUDA
libraries. So it may be in an environment of its own, named by REJOINDER_SEAMLESS_PYTHON.
"""

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.protocol.model_servers.processes import ROOT

MODULE = "model_servers.seamless_m4t"
VARIABLE = "REJOINDER_SEAMLESS_PYTHON"
HOW = (
    "PyTorch and transformers are not here: get them with `make seamless` (3 GB on Linux), or name "
    f"an interpreter that has them in {VARIABLE}"
)
_OWN = ROOT / ".tools" / "seamless" / "bin" / "python"
"""What `make seamless` makes."""
_NEEDED = "import fastapi, gradio, torch, transformers, uvicorn, sentencepiece"
_MAKE = ROOT / "tests" / "fakes" / "tiny_seamless.py"


@functools.cache
def python() -> str | None:
    """An interpreter that has what the server needs."""
    named = os.environ.get(VARIABLE)
    candidates = [named] if named else [sys.executable, str(_OWN)]
    for candidate in candidates:
        if not Path(candidate).exists():
            continue
        done = subprocess.run([candidate, "-c", _NEEDED], capture_output=True)
        if done.returncode == 0:
            return candidate
    return None


def require_python() -> str:
    """The interpreter; without one the test is skipped, under CI too."""
    found = python()
    if found is None:
        pytest.skip(HOW)
    return found


def make_tiny_model(folder: Path) -> Path:
    """A folder with a SeamlessM4T-v2 of a few thousand random weights."""
    subprocess.run([require_python(), str(_MAKE), str(folder)], check=True, cwd=ROOT)
    return folder
