"""How other commands find the demo that runs on this machine."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rejoinder.commands.print_playground import playground_lines
from rejoinder.demo.places import RUNS_KEPT, new_run_folder
from rejoinder.demo.running import Running, announce, latest

FIRST = Running("ws://127.0.0.1:1", "k", "first secret", "http://127.0.0.1:7/")

ANNOUNCE = """
import sys, time
from pathlib import Path
from rejoinder.demo.running import Running, announce
with announce(Running("ws://127.0.0.1:2", "k", "s", "http://127.0.0.1:8/"), Path(sys.argv[1])):
    print("announced", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def another(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A demo in another process."""
    process = subprocess.Popen(
        [sys.executable, "-c", ANNOUNCE, str(tmp_path)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"announced\n"
    process.stdout.close()
    yield process
    process.kill()
    process.wait()


def test_nothing_is_found_where_no_demo_ever_ran(tmp_path: Path) -> None:
    assert latest(tmp_path / "state") is None


def test_a_demo_is_found_while_it_runs_and_not_after(
    tmp_path: Path, another: subprocess.Popen[bytes]
) -> None:
    found = latest(tmp_path)
    assert found is not None
    assert (found.livekit_url, found.talk_url) == ("ws://127.0.0.1:2", "http://127.0.0.1:8/")
    another.send_signal(signal.SIGTERM)
    another.wait()
    assert latest(tmp_path) is None


def test_a_demo_that_was_killed_is_forgotten(
    tmp_path: Path, another: subprocess.Popen[bytes]
) -> None:
    another.kill()
    another.wait()
    assert list((tmp_path / "running").iterdir())
    assert latest(tmp_path) is None
    assert not list((tmp_path / "running").iterdir())


def test_of_two_demos_the_one_that_came_last_is_found(
    tmp_path: Path, another: subprocess.Popen[bytes]
) -> None:
    with announce(FIRST, tmp_path):
        (file,) = [p for p in (tmp_path / "running").iterdir() if "first secret" in p.read_text()]
        assert file.stat().st_mode & 0o777 == 0o600
        assert latest(tmp_path) == FIRST
    found = latest(tmp_path)
    assert found is not None
    assert found.livekit_url == "ws://127.0.0.1:2"


def test_logs_of_old_runs_are_removed_and_the_newest_stay(tmp_path: Path) -> None:
    for day in range(1, RUNS_KEPT + 4):
        (tmp_path / "logs" / f"2020-01-{day:02}T00.00.00-1").mkdir(parents=True)
    made = new_run_folder(tmp_path)
    left = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert len(left) == RUNS_KEPT
    assert left[-1] == made.name
    assert left[0] == "2020-01-05T00.00.00-1"


def test_the_playground_lines_can_be_read_by_dotenv(tmp_path: Path) -> None:
    from dotenv import dotenv_values

    file = tmp_path / ".env.local"
    file.write_text(playground_lines("ws://h:1", "key", "secret", agent_name=""))
    values = dotenv_values(file)
    assert values["NEXT_PUBLIC_LIVEKIT_URL"] == "ws://h:1"
    assert (values["LIVEKIT_API_KEY"], values["LIVEKIT_API_SECRET"]) == ("key", "secret")
    config = values["NEXT_PUBLIC_APP_CONFIG"]
    assert config is not None
    assert "inputs: {mic: true, camera: false, screen: false}" in config
    assert '"' not in config
    named = playground_lines("ws://h:1", "key", "secret", agent_name="voice")
    assert "Type 'voice'" in named
