"""Commands where files, folders and terminals are not as usual: they work, or say one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

LINE = "AGENT_GREETING=Grüß dich\n"


def rejoinder(*argv: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rejoinder", *argv],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", "PYTHONPATH": str(Path(__file__).parents[2]), **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def complained(ended: subprocess.CompletedProcess[str], *words: str) -> None:
    said = ended.stderr + ended.stdout
    assert ended.returncode not in (0, -6, 134), said
    assert "Traceback" not in said
    for word in words:
        assert word in said


@pytest.mark.timeout(60)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_settings_are_read_as_editors_write_them(encoding: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(LINE.encode(encoding))
    ended = rejoinder("check", "--offline", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "Grüß dich" in ended.stdout


@pytest.mark.timeout(60)
@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le"])
def test_settings_in_another_encoding_are_refused_in_a_line(encoding: str, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(("# first\n" + LINE).encode(encoding))
    ended = rejoinder("check", "--offline", folder=tmp_path)
    complained(ended, ".env", "UTF-8")
    assert len(ended.stderr.strip().splitlines()) == 1


@pytest.mark.timeout(60)
def test_a_terminal_without_utf_8_shows_what_it_can(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(LINE, encoding="utf-8")
    plain = {"PYTHONIOENCODING": "ascii", "TERM": "dumb"}
    for command in (["check", "--offline"], ["engines"], ["--help"]):
        ended = rejoinder(*command, folder=tmp_path, **plain)
        assert ended.returncode == 0, ended.stderr
        assert "\x1b[" not in ended.stdout


@pytest.mark.timeout(60)
def test_a_locale_that_cannot_hold_a_setting_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(LINE, encoding="utf-8")
    ended = rejoinder("check", "--offline", folder=tmp_path, PYTHONUTF8="0", LC_ALL="C")
    complained(ended, "AGENT_GREETING", "PYTHONUTF8")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("command", [["demo", "--no-browser"], ["setup"]])
def test_folders_that_cannot_be_written_are_named(command: list[str], tmp_path: Path) -> None:
    nowhere = "/dev/null/home"
    ended = rejoinder(
        *command,
        folder=tmp_path,
        HOME=nowhere,
        XDG_CACHE_HOME=f"{nowhere}/cache",
        XDG_STATE_HOME=f"{nowhere}/state",
        PATH="/nowhere",
        LIVEKIT_SERVER_BIN="",
    )
    complained(ended, nowhere)


@pytest.mark.timeout(60)
def test_a_sound_file_that_cannot_be_played_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("no sound")
    for name in ("missing.wav", "empty.wav", "text.wav"):
        complained(rejoinder("call", name, folder=tmp_path), name)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("room", ["客厅", "a/b", "x" * 5000, "\x00"])
def test_rooms_in_any_script_never_end_in_a_traceback(room: str, tmp_path: Path) -> None:
    key = {"LIVEKIT_API_KEY": "key", "LIVEKIT_API_SECRET": "s" * 32}
    if "\x00" in room:
        room = "\x07"  # an argument cannot hold the other
    ended = rejoinder("token", "--room", room, folder=tmp_path, **key)
    assert "Traceback" not in ended.stderr
    assert ended.returncode in (0, 2)
