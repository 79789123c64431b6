"""The file of a recorded call: what is in it, how large it gets, what a crash leaves of it."""

import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.hearing.ear import HOP, Hop, level_of
from agent.recorder import recording, writer
from agent.recorder.agent_sound import AgentSound
from agent.recorder.folder import make_folder
from agent.recorder.line import KIND, Line
from agent.recorder.lines import KINDS
from agent.recorder.recorder import Recorder
from agent.recorder.recording import load
from agent.recorder.writer import RESERVE, RecordingWriter

AGENT_HZ = 24000
DOCUMENT = (Path(__file__).parents[2] / "docs" / "recording.md").read_text()
MB = 1_000_000


Begin = Callable[..., Recorder]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def hop(level_db: float = -60.0, *, value: int = 0, loud: bool = False) -> Hop:
    return Hop(np.full(HOP, value, np.int16), level_db, loud, -62.5, 0.25, fresh=False)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "recordings")


@pytest.fixture
def record(folder: Path, clock: Clock) -> Iterator[Callable[..., Recorder]]:
    begun: list[Recorder] = []

    def begin(*, sound: bool = False, most_bytes: int = MB) -> Recorder:
        recorder = Recorder(
            RecordingWriter(folder, most_bytes=most_bytes),
            facts={"stt": "whisper"}, agent_hz=AGENT_HZ, sound=sound, clock=clock,
        )  # fmt: skip
        begun.append(recorder)
        return recorder

    yield begin
    for recorder in begun:
        recorder.end()
        recorder.join()


def only(folder: Path) -> Path:
    [file] = folder.iterdir()
    return file


def test_what_was_told_is_read_again_in_order(record, folder, clock) -> None:
    recorder = record()
    for n in range(70):
        clock.now += 0.01
        recorder.hop(hop(-40 - n / 7, loud=n > 9), playing=n > 20, busy=n > 15)
        if n == 30:
            recorder.tell("ended", text="How do I start?", silence_s=0.43)
    recorder.end()
    recorder.join()
    found = load(only(folder))
    assert [taken.hop.level_db for taken in found.hops] == [-40 - n / 7 for n in range(70)]
    assert [taken.playing for taken in found.hops].index(True) == 21
    assert [taken.busy for taken in found.hops].index(True) == 16
    assert [taken.hop.loud for taken in found.hops].index(True) == 10
    assert {taken.hop.floor_db for taken in found.hops} == {-62.5}
    [ended] = found.of("ended")
    assert (ended.hop, ended.facts["text"]) == (31, "How do I start?")
    assert ended.t == pytest.approx(0.31)
    assert found.time_of(70) == pytest.approx(0.7)
    assert found.whole
    assert not found.has_sound
    assert found.head["stt"] == "whisper"


def test_hops_have_the_time_of_the_last_one_whatever_comes_later(
    record: Begin, folder: Path, clock: Clock
) -> None:
    recorder = record()
    for _ in range(7):
        clock.now += 0.01
        recorder.hop(hop(), playing=False, busy=False)
    clock.now += 30.0
    recorder.tell("left")
    recorder.end()
    recorder.join()
    found = load(only(folder))
    assert found.time_of(7) == pytest.approx(0.07)
    assert next(found.of("left")).t == pytest.approx(30.07)


def test_a_stranger_reads_it_with_the_lines_of_the_handbook(
    record: Begin, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recorder = record(sound=True)
    recorder.announced()
    recorder.hop(hop(value=7), playing=False, busy=False)
    recorder.tell("ended", text="你好", silence_s=0.4)
    recorder.end()
    recorder.join()
    code = (
        DOCUMENT.partition("```python\n")[2].partition("```")[0].replace("FILE", str(only(folder)))
    )
    assert len([line for line in code.splitlines() if line]) <= 12
    found: dict[str, Any] = {}
    exec(code, found)
    assert "你好  after 0.40 s of silence" in capsys.readouterr().out
    assert found["head"]["kind"] == KIND
    assert np.unique(found["sound"][0]).tolist() == [7]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_line_is_described_with_its_fields(kind: str) -> None:
    table = [line for line in DOCUMENT.splitlines() if line.startswith("| `")]
    [row] = [line for line in table if f"`{kind}`" in line.split("|")[1]]
    for field in set(KINDS[kind].model_fields) - set(Line.model_fields):
        assert f"`{field}`" in row or field == "text" or kind == "turn", field


def test_only_this_user_can_read_it_and_its_name_tells_when_alone(record, folder) -> None:
    recorder = record()
    recorder.end()
    recorder.join()
    file = only(folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(file.name) == len("20261126T053012Z-0123456789ab.jsonl.gz")


def test_sound_is_kept_from_the_moment_in_which_the_caller_is_told(record, folder) -> None:
    recorder = record(sound=True)
    for value in range(1, 61):
        if value == 51:
            recorder.announced()
        recorder.hop(hop(value=value), playing=False, busy=False)
    recorder.end()
    recorder.join()
    found = load(only(folder))
    assert [bool(taken.hop.pcm.any()) for taken in found.hops].count(True) == 60
    kept = [recording.pcm_of(event.facts) for event in found.of("hops")]
    assert kept[0] is None
    assert kept[1] is not None
    assert np.unique(kept[1]).tolist() == list(range(51, 61))


def test_without_sound_a_hop_is_one_of_the_same_level(record, folder) -> None:
    levels = [-90.0, -74.3, -60.1, -33.7, -20.0, -3.01, -0.1]
    recorder = record()
    for level_db in levels:
        recorder.hop(hop(level_db), playing=False, busy=False)
    recorder.end()
    recorder.join()
    found = [level_of(taken.hop.pcm) for taken in load(only(folder)).hops]
    assert found == pytest.approx(levels, abs=1e-3)
    assert found == pytest.approx(levels, abs=1e-3)


def test_what_the_agent_played_is_kept_without_what_was_taken_back(record, folder, clock) -> None:
    recorder = record(sound=True)
    for value in range(1, 11):
        recorder.frame(np.full(480, value, np.int16))
    clock.now += 0.1
    recorder.taken_back(2400)
    clock.now += 1.0
    recorder.frame(np.full(480, 99, np.int16))
    recorder.end()
    recorder.join()
    first, second = load(only(folder)).of("agent")
    assert first.facts["at"] == 0.0
    heard = recording.pcm_of(first.facts)
    assert heard is not None
    assert len(heard) == 2400
    assert np.unique(heard).tolist() == [1, 2, 3, 4, 5]
    assert second.facts["at"] == pytest.approx(1.1)


def test_play_out_goes_on_where_what_was_taken_back_began() -> None:
    sound = AgentSound(1000)
    sound.queue(np.full(100, 1, np.int16), 0.0)
    sound.queue(np.full(100, 2, np.int16), 0.0)
    sound.take_back(150)
    sound.queue(np.full(100, 3, np.int16), 0.02)
    [(at, frames)] = sound.played(10.0)
    assert at == 0.0
    assert np.concatenate(frames).tolist() == [1] * 50 + [3] * 100


def test_a_full_file_says_so_and_stays_within_its_bound(folder: Path, clock: Clock) -> None:
    most = 20_000
    kept = RecordingWriter(folder, most_bytes=most)
    recorder = Recorder(kept, facts={}, agent_hz=AGENT_HZ, sound=True, clock=clock)
    recorder.announced()
    noise = np.random.default_rng(7)
    for _ in range(300):
        pcm = noise.integers(-9000, 9000, HOP).astype(np.int16)
        recorder.hop(
            Hop(pcm, level_of(pcm), True, -60.0, 0.9, fresh=False), playing=False, busy=False
        )
        if _ % 50 == 49:
            while kept.waiting:
                threading.Event().wait(0.01)
            threading.Event().wait(writer.FLUSH_S)
    recorder.end()
    recorder.join()
    file = only(folder)
    assert file.stat().st_size <= most
    kinds = [event.kind for event in load(file).events]
    assert "hops" in kinds
    assert kinds[-2:] == ["full", "end"]
    assert load(file).events[-1].facts["left_out"] > 0
    assert not load(file).whole
    assert most > RESERVE
