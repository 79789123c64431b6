"""A recording lies where it should, and neither a disk nor a kill holds up the call."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from subprocess import PIPE

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.hearing.ear import HOP, Hop
from agent.recorder.folder import make_folder, new_file
from agent.recorder.recorder import Recorder
from agent.recorder.recording import load
from agent.recorder.room_recorder import RoomRecorder
from agent.recorder.writer import FLUSH_S, MOST_WAITING, RecordingWriter
from rejoinder import cli


def hop() -> Hop:
    return Hop(np.zeros(HOP, np.int16), -60.0, False, -60.0, 0.0, fresh=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "recordings")


def test_a_folder_that_is_a_link_is_not_written_to(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    link = tmp_path / "recordings"
    link.symlink_to(elsewhere)
    with pytest.raises((ConfigError, OSError)):
        new_file(link)
    with pytest.raises(ConfigError):
        make_folder(link)
    assert not list(elsewhere.iterdir())


def test_a_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(ConfigError, match="chmod 700"):
        make_folder(folder)
    with pytest.raises(ConfigError, match="chmod 700"):
        new_file(folder)


def test_a_worker_whose_folder_others_can_read_does_not_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "recordings"
    folder.mkdir()
    folder.chmod(0o755)
    for name, value in (
        ("RECORD", "events"), ("RECORD_FOLDER", str(folder)), ("LIVEKIT_URL", "ws://127.0.0.1:1"),
        ("LIVEKIT_API_KEY", "key"), ("LIVEKIT_API_SECRET", "secret"),
    ):  # fmt: skip
        monkeypatch.setenv(name, value)
    assert cli.main(["start"]) == 2
    assert "chmod 700" in capsys.readouterr().err


def test_a_folder_exchanged_for_a_link_during_a_call_costs_the_recording_alone(
    tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    folder.rmdir()
    folder.symlink_to(elsewhere)
    recorder = Recorder(
        RecordingWriter(folder, most_bytes=10_000), facts={}, agent_hz=24000, sound=False
    )
    recorder.hop(hop(), playing=False, busy=False)
    recorder.end()
    recorder.join()
    assert not list(elsewhere.iterdir())
    assert "the job is not recorded" in caplog.text


# What the disk does to the call.


def test_a_disk_that_stands_still_holds_up_nobody_and_what_it_misses_is_told(
    folder: Path,
) -> None:
    writer = RecordingWriter(folder, most_bytes=1_000_000)
    recorder = Recorder(writer, facts={}, agent_hz=24000, sound=False)
    stuck = threading.Event()
    writer.put("heard", 0.0, lambda: {"text": str(stuck.wait(20))})
    threading.Event().wait(FLUSH_S + 0.2)  # until the writer has it in its hands
    for n in range(2 * MOST_WAITING):
        recorder.tell("heard", text=str(n))
    assert writer.lost == MOST_WAITING, "none was waited for"
    stuck.set()
    while writer.waiting:
        threading.Event().wait(0.01)
    recorder.tell("heard", text="after")
    recorder.end()
    recorder.join()
    [file] = folder.iterdir()
    recording = load(file)
    assert not recording.whole
    assert [event.facts["lines"] for event in recording.of("lost")] == [MOST_WAITING]
    assert next(recording.of("end")).facts["lost"] == MOST_WAITING
    texts = [event.facts["text"] for event in recording.of("heard")]
    assert texts[1:] == [*map(str, range(MOST_WAITING)), "after"]


def test_a_full_disk_ends_the_recording_and_not_the_call(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        "agent.recorder.writer.new_file", lambda at: (os.open("/dev/full", os.O_WRONLY), "full")
    )
    recorder = Recorder(
        RecordingWriter(folder, most_bytes=1_000_000), facts={}, agent_hz=24000, sound=False
    )
    threading.Event().wait(FLUSH_S + 0.3)
    for _ in range(2 * MOST_WAITING):
        recorder.tell("heard", text="words")
    recorder.end()
    recorder.join()
    assert "the job is not recorded any more" in caplog.text


def test_a_full_disk_ends_the_recording_of_a_room_and_not_the_job(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(
        "agent.recorder.writer.new_file", lambda at: (os.open("/dev/full", os.O_WRONLY), "full")
    )
    recorder = RoomRecorder(
        RecordingWriter(folder, most_bytes=1_000_000), facts={}, agent_hz=24000, sound=True
    )
    threading.Event().wait(FLUSH_S + 0.3)
    for _ in range(2 * MOST_WAITING):
        recorder.hear(1, np.zeros(800, np.int16), told=True)
        recorder.speak(2, np.zeros(480, np.int16))
        recorder.tell("notice", text="words", level="info", people=[])
    recorder.end()
    recorder.join()
    assert "is not recorded any more" in caplog.text


def test_what_a_kill_cuts_in_two_is_read_up_to_there(folder: Path) -> None:
    recorder = Recorder(
        RecordingWriter(folder, most_bytes=1_000_000), facts={}, agent_hz=24000, sound=False
    )
    for n in range(3):
        recorder.tell("heard", text=f"words {n}")
        threading.Event().wait(0.7)
    recorder.end()
    recorder.join()
    [file] = folder.iterdir()
    whole = file.read_bytes()
    texts = [event.facts.get("text") for event in load(file).of("heard")]
    assert texts == ["words 0", "words 1", "words 2"]
    counts = set()
    first = whole.index(b"\x1f\x8b", 2)
    for cut in range(first, len(whole)):
        file.write_bytes(whole[:cut])
        left = [event.facts.get("text") for event in load(file).of("heard")]
        assert left == texts[: len(left)]
        counts.add(len(left))
    assert counts >= {1, 2, 3}


KILLED = """
import sys, time
from pathlib import Path
import numpy as np
from agent.hearing.ear import HOP, Hop
from agent.recorder.recorder import Recorder
from agent.recorder.writer import RecordingWriter

recorder = Recorder(RecordingWriter(Path(sys.argv[1]), most_bytes=10**6), facts={}, agent_hz=24000,
                    sound=False)
began = time.monotonic()
for n in range(10**6):
    recorder.hop(Hop(np.zeros(HOP, np.int16), -60.0, False, -60.0, 0.0, fresh=False),
                 playing=False, busy=False)
    print(n + 1, flush=True)
    time.sleep(max(0.0, began + n / 100 - time.monotonic()))
"""


def test_a_kill_leaves_all_but_the_end(folder: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(folder)], stdout=PIPE) as call:
        assert call.stdout is not None
        told = 0
        while told < 250:
            told = int(call.stdout.readline())
        call.kill()
        told = max([told, *map(int, call.stdout.read().split())])
    [file] = folder.iterdir()
    recording = load(file)
    # A second, where the writer's thread gets its turn: a busy machine may take one more.
    assert len(recording.hops) >= told - 200
    assert next(recording.of("end"), None) is None
    assert recording.whole, "what is there is without a gap"
