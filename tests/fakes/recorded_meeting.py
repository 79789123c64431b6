"""A room whose recorder is told what a test says, on a clock of its own."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
from livekit import rtc

from agent.hearing.ear import RATE_HZ
from agent.interpreting.captions import Caption
from agent.interpreting.heard_track import HeardTrack
from agent.interpreting.listeners import VoiceOf
from agent.interpreting.recorded import Recorded
from agent.interpreting.speaker import Clause
from agent.interpreting.speech_queue import Saying
from agent.interpreting.translations import Translated
from agent.interpreting.voice_line import VoiceLine
from agent.interpreting.word_places import Spoken
from agent.options.recording import RecordOptions
from agent.recorder.folder import make_folder
from agent.recorder.recording import Recording, load
from agent.recorder.room_recorder import RoomRecorder
from agent.recorder.writer import RecordingWriter
from tests.fakes.recorded_talk import newest

VOICE_HZ = 24000
FRAME_S = 0.05


@dataclass
class Track:
    """As far as a recorder looks at `rtc.Track`."""

    sid: str


@dataclass
class Heard:
    """As far as a recorder looks at `HeardTrack`."""

    identity: str
    track: Track
    heard_s: float = 0.0
    clauses: int = 0


@dataclass
class Line:
    """As far as a recorder looks at `VoiceLine`."""

    of: VoiceOf
    listeners: list[Any] = field(default_factory=list)
    unsaid: tuple[Saying, ...] = ()


class RecordedMeeting:
    """Its file comes to lie in `folder`."""

    def __init__(
        self, folder: Path, *, record: str = "audio", mode: str = "interpret",
        most_bytes: int = 50_000_000,
    ) -> None:  # fmt: skip
        self.now = 100.0
        self.folder = make_folder(folder)
        options = RecordOptions(record=record, folder=folder)
        self.recorder = RoomRecorder(
            RecordingWriter(self.folder, most_bytes=most_bytes),
            facts={"job": mode, "stt": "whisper"},
            agent_hz=VOICE_HZ,
            sound=record == "audio",
            clock=lambda: self.now,
        )
        self.kept = Recorded(self.recorder, options)

    def comes(self, identity: str, *, told: bool = True, speaks: str = "en") -> Heard:
        """Somebody joins with a microphone."""
        self.kept.joined(identity)
        self.kept.languages(identity, speaks=speaks, hears="pt")
        if told:
            self.kept._announced(identity)
        heard = Heard(identity, Track(f"TR_{identity}"))
        self.kept.track(cast(HeardTrack, heard))
        return heard

    def sounds(self, seconds: float, *speakers: Heard, quiet: tuple[Heard, ...] = ()) -> None:
        """Time goes on: some speak, others send a quiet room."""
        for _ in range(round(seconds / FRAME_S)):
            self.now += FRAME_S
            for heard in (*speakers, *quiet):
                level = 4000 if heard in speakers else 8
                pcm = (np.arange(round(FRAME_S * RATE_HZ)) % 2 * 2 - 1) * level
                heard.heard_s += FRAME_S
                frame = rtc.AudioFrame(pcm.astype("<i2").tobytes(), RATE_HZ, 1, len(pcm))
                self.kept.sound(cast(HeardTrack, heard), frame)

    def says(
        self, heard: Heard, text: str, *, lasted_s: float, ago_s: float = 0.0, corrects: int = 0
    ) -> int:
        """A clause is known; returns its number. `ago_s`: since its last word."""
        if not corrects:
            heard.clauses += 1
        number = corrects or heard.clauses
        end = heard.heard_s - ago_s
        spoken = Spoken(end - lasted_s, end, heard.heard_s)
        clause = Clause(number, text, "en", final=True, corrects=bool(corrects), spoken=spoken)
        segment = f"{heard.track.sid}-{number}"
        self.kept.clause(cast(HeardTrack, heard), segment, clause, language="en")
        return number

    def shown(self, heard: Heard, number: int, *, target: str = "") -> None:
        """The room was sent a clause, or its translation."""
        of = f"{heard.track.sid}-{number}"
        segment = f"{of}-{target}" if target else of
        kind: Any = "translation" if target else "original"
        self.kept.shown(
            Caption(
                segment, "…", heard.identity, heard.track.sid, target or "en", kind, final=True,
                of=of if target else "",
            )
        )  # fmt: skip

    def translated(
        self, heard: Heard, numbers: tuple[int, ...], text: str, *, works: bool = True,
        corrects: bool = False,
    ) -> None:  # fmt: skip
        """Clauses were translated into Portuguese."""
        segment = f"{heard.track.sid}-{numbers[0]}-pt"
        translated = Translated(numbers, text, "…", "pt", works, corrects)
        self.kept.translated(cast(HeardTrack, heard), segment, translated)

    def voice(self, *, without: str = "") -> Line:
        """The agent has a voice of Portuguese."""
        line = Line(VoiceOf("pt", without))
        self.kept.voice(cast(VoiceLine, line))
        return line

    def saying(self, heard: Heard, numbers: tuple[int, ...], text: str, **how: Any) -> Saying:
        """What is to be said of clauses that were translated one by one."""
        segments = [f"{heard.track.sid}-{number}-pt" for number in numbers]
        return Saying(heard.identity, segments[0], text, 0.0, more=tuple(segments[1:]), **how)

    def spoken(self, line: Line, saying: Saying, seconds: float, *, pcm: int = 5000) -> None:
        """A voice says something; time goes on."""
        self.kept.saying(line.of, saying, playing=True)
        size = round(FRAME_S * VOICE_HZ)
        sound = ((np.arange(size) % 2 * 2 - 1) * pcm).astype("<i2").tobytes()
        for _ in range(round(seconds / FRAME_S)):
            for listener in line.listeners:
                listener(rtc.AudioFrame(sound, VOICE_HZ, 1, size))
            self.now += FRAME_S
        self.kept.saying(line.of, saying, playing=False)

    def voice_over(self, line: Line) -> None:
        """Nobody wants to hear it any more."""
        self.kept.voice_over(cast(VoiceLine, line))

    def file(self) -> Path:
        """All have gone: the recording is complete."""
        self.kept.gone()
        self.recorder.end()
        self.recorder.join()
        return newest(self.folder)

    def recording(self) -> Recording:
        """All have gone: read it."""
        return load(self.file())
