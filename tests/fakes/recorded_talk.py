"""Scripted talks that are recorded, on the clock of the caller's audio."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.options.turns import TurnOptions
from agent.recorder.recorder import Recorder
from agent.recorder.recording import Recording, load
from agent.recorder.tap import RecordedAsking, RecordedTaker
from agent.recorder.writer import RecordingWriter
from agent.turns.schedule import Schedule
from tests.fakes.talk import Talk

AGENT_HZ = 24000


def recorder(
    folder: Path,
    *,
    clock: Callable[[], float],
    options: TurnOptions | None = None,
    eagerness: str = "eager",
    end_model: bool = False,
    streams: bool = False,
    sound: bool = False,
) -> Recorder:
    """A recorder whose file comes to lie in `folder`."""
    facts: dict[str, Any] = {
        "turn": (options or TurnOptions()).model_dump(),
        "eagerness": eagerness,
        "end_model": end_model,
        "recogniser": "streaming" if streams else "batch",
    }
    writer = RecordingWriter(folder, most_bytes=50_000_000)
    return Recorder(writer, facts=facts, agent_hz=AGENT_HZ, sound=sound, clock=clock)


def newest(folder: Path) -> Path:
    """The file that was written last."""
    return max(folder.glob("*.gz"), key=lambda file: file.stat().st_mtime_ns)


@dataclass
class RecordedTalk(Talk):
    """A talk whose file comes to lie in `folder`."""

    folder: Path = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        end_model = self.end_probability is not None
        self.recorder = recorder(
            self.folder, clock=lambda: self.hops * 0.01, options=self.options,
            eagerness=self.eagerness, end_model=end_model, streams=self.streams,
        )  # fmt: skip
        self.taker = RecordedTaker(
            self.recorder,
            self.options,
            speculate=self.eagerness != "patient",
            end_model=end_model,
        )
        self.asking = RecordedAsking(self.recorder, self.schedule or Schedule(self.eagerness))

    def speaks_over(self) -> None:
        """The agent begins to be heard."""
        self.playing = self.busy = True

    def file(self) -> Path:
        """Hang up: the recording is complete."""
        self.recorder.end()
        self.recorder.join()
        return newest(self.folder)

    def recording(self) -> Recording:
        """Hang up, and read it."""
        return load(self.file())
