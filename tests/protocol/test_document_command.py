"""`rejoinder documents` in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = Path(__file__).parents[1] / "fakes" / "documents"
pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "hours.md").write_text("# Shop\n\n## Opening hours\n\nWe open at nine.\n")
    (tmp_path / "docs" / "locked.pdf").write_bytes((FILES / "locked.pdf").read_bytes())
    (tmp_path / "docs" / "[red]odd.txt").write_text("[bold]Odd names are no markup.")
    return tmp_path / "docs"


def command(*args: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    variables = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(__file__).parents[2]), **env}
    return subprocess.run(
        [sys.executable, "-m", "rejoinder", "documents", *map(str, args)],
        cwd=cwd, env={"DOCUMENTS_CACHE": str(cwd / "store")} | variables, capture_output=True,
        text=True, timeout=50,
    )  # fmt: skip


def test_it_says_what_was_read_and_what_was_left_out(folder: Path, tmp_path: Path) -> None:
    done = command(folder, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "2 documents (2 new or changed), 2 passages, found by words" in done.stdout
    assert "hours.md" in done.stdout
    assert "[red]odd.txt" in done.stdout
    assert "left out: locked.pdf: it is protected by a password" in done.stdout
    assert "(0 new or changed)" in command(folder, cwd=tmp_path).stdout


def test_a_question_is_looked_up(folder: Path, tmp_path: Path) -> None:
    done = command("--ask", "when do you open", cwd=tmp_path, DOCUMENTS=str(folder))
    assert "Opening hours (hours.md; match" in done.stdout
    assert "We open at nine." in done.stdout


def test_a_folder_with_nothing_to_read_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = command(tmp_path / "empty", cwd=tmp_path)
    assert done.returncode == 1
    assert "nothing to look up in" in done.stdout


def test_without_documents_it_says_what_to_name(tmp_path: Path) -> None:
    done = command(cwd=tmp_path)
    assert done.returncode == 2
    assert "name a folder, or set DOCUMENTS" in done.stderr
