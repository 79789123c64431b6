"""Format, lint, types, layers, lock file and generated files: what a reviewer would run."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "command",
    [
        "-m ruff format --check .",
        "-m ruff check .",
        "-m mypy",
        "-m tools.generate --check",
    ],
)
def test_the_checkout_passes(command: str) -> None:
    result = subprocess.run(
        [sys.executable, *command.split()], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]


def test_the_layers_are_kept() -> None:
    lint = Path(sys.executable).parent / "lint-imports"
    result = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-4000:]


def test_the_worker_imports_no_voice_under_gpl_and_no_torch() -> None:
    code = (
        "import agent.job.worker, agent.call.session, sys; "
        "from agent.settings.engines import TABLES, load_engine; "
        "[load_engine(s, n) for s in TABLES for n in TABLES[s]]; "
        "loaded = {m.split('.')[0] for m in sys.modules}; "
        "print(sorted(loaded & {'piper', 'espeakng_loader', 'torch'}))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.stdout.strip() == "[]", result.stderr[-2000:]
