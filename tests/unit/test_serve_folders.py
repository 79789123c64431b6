"""A model server's own temporary folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from model_servers.serving.folders import own_folder


@pytest.fixture(autouse=True)
def own_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_only_the_user_can_read_it_and_it_is_gone_afterwards(tmp_path: Path) -> None:
    with own_folder("a") as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_leaves_one_that_the_next_start_deletes(tmp_path: Path) -> None:
    code = (
        "import os, signal, tempfile; from model_servers.serving.folders import own_folder\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\n"
        "with own_folder('a') as f: (f / 'file').touch(); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert len(list(tmp_path.glob("rejoinder-a-*/file"))) == 1
    with own_folder("a") as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_a_living_neighbours_folder_and_others_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "rejoinder-ab-1").mkdir()
    with own_folder("a") as first, own_folder("a") as second:
        assert first.is_dir()
        assert second.is_dir()
    assert [p.name for p in tmp_path.iterdir()] == ["rejoinder-ab-1"]


def test_what_others_put_under_its_name_is_neither_followed_nor_emptied(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "in-use").write_text("a file of mine")
    (tmp_path / "rejoinder-a-link").symlink_to(kept)
    (tmp_path / "rejoinder-a-file").mkdir()
    (tmp_path / "rejoinder-a-file/in-use").symlink_to(kept / "in-use")
    with own_folder("a"):
        pass
    assert (kept / "in-use").read_text() == "a file of mine"
    assert (tmp_path / "rejoinder-a-file").is_dir()
