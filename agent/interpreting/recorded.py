"""A captioned or interpreted room with a recorder: what is told of it, in numbers for names."""

import asyncio
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
from livekit import rtc

from agent.call.line_ups import label_of
from agent.call.parts import Parts
from agent.costs.bill import Bill
from agent.interpreting.announcement import Announcement
from agent.interpreting.captions import Caption
from agent.interpreting.heard_track import HeardTrack
from agent.interpreting.languages import Languages, LanguageWish
from agent.interpreting.listeners import VoiceOf
from agent.interpreting.speaker import Clause
from agent.interpreting.speech_queue import Saying
from agent.interpreting.translations import Translated
from agent.interpreting.voice_line import VoiceLine
from agent.options.recording import RecordOptions
from agent.recorder.room_recorder import RoomRecorder
from agent.recorder.writer import RecordingWriter
from agent.room_messages import RoomMessages
from agent.room_protocol import RECORDED
from agent.settings.load import Settings
from agent.tasks import CallTasks
from agent.wording.lexicon import ENGLISH, lexicon_of

_REMEMBERED = 1000
"""Segments of captions that may still be shown or said."""


class Recorded:
    """Keeps what happens in one room in a file; without a recorder it does nothing."""

    def __init__(self, recorder: RoomRecorder | None, options: RecordOptions) -> None:
        """Tell `recorder`."""
        self._recorder = recorder
        self._options = options
        self._people: dict[str, int] = {}
        """Numbers of identities, in the order of their coming."""
        self._tracks: dict[str, int] = {}
        """Numbers of people's tracks, by sid."""
        self._voices: dict[VoiceOf, int] = {}
        self._count = 0
        """Of all tracks that were there."""
        self._told: set[str] = set()
        """Identities of those whose sound may be kept."""
        self._wishes: dict[str, LanguageWish] = {}
        self._segments: dict[str, tuple[int, tuple[int, ...]]] = {}
        """Track and numbers of the clauses that a segment of captions is of."""

    @property
    def attributes(self) -> Mapping[str, str]:
        """What the agent's attributes say of it."""
        return {} if self._recorder is None else {RECORDED: self._options.record}

    def announce(
        self, room: rtc.Room, tasks: CallTasks, messages: RoomMessages, languages: Languages
    ) -> None:
        """Tell people, now and when they come, that their sound is kept, if it is."""
        if self._recorder is not None and self._options.record == "audio":
            Announcement(
                room,
                tasks,
                messages,
                words=lambda identity: notice_for(identity, languages, self._options.notice),
                told=self._announced,
            ).watch()

    def _announced(self, identity: str) -> None:
        self._told.add(identity)
        self._tell("announced", person=self._person(identity))

    async def aclose(self) -> None:
        """End the file; takes two seconds at most."""
        if self._recorder is not None:
            self._recorder.end()
            await asyncio.to_thread(self._recorder.join)

    # Who is there.

    def joined(self, identity: str) -> None:
        """Somebody has come."""
        back = identity in self._people
        self._tell("joined", person=self._person(identity), back=back)

    def left(self, identity: str) -> None:
        """Somebody has gone; who comes back is told again."""
        self._told.discard(identity)
        self._wishes.pop(identity, None)
        self._tell("left", person=self._person(identity))

    def languages(self, identity: str, *, speaks: str, hears: str) -> None:
        """Which language somebody speaks and hears, as far as is known."""
        wish = LanguageWish(speaks, hears)
        if self._wishes.get(identity) != wish:
            self._wishes[identity] = wish
            self._tell("languages", person=self._person(identity), speaks=speaks, hears=hears)

    def gone(self) -> None:
        """Nobody is left."""
        self._tell("gone")

    def notice(self, text: str, level: str, to: Sequence[str]) -> None:
        """Something is shown to some identities, or to all."""
        people = [self._person(identity) for identity in to]
        self._tell("notice", text=text, level=level, people=people)

    def cost(self, bill: Bill) -> None:
        """What the room has cost."""
        self._tell("cost", **bill.as_json())

    # What they say.

    def track(self, heard: HeardTrack) -> None:
        """A track is heard from now on, perhaps again."""
        number = self._tracks.get(heard.track.sid)
        if number is None:
            number = self._tracks[heard.track.sid] = self._next_track()
        self._tell("track", track=number, person=self._person(heard.identity))

    def track_over(self, heard: HeardTrack) -> None:
        """It is heard no longer."""
        number = self._tracks[heard.track.sid]
        if self._recorder is not None:
            self._recorder.heard(number)
        self._tell("track_over", track=number)

    def sound(self, heard: HeardTrack, frame: rtc.AudioFrame) -> None:
        """Its next sound."""
        if self._recorder is not None:
            pcm = np.frombuffer(frame.data, np.int16)
            told = heard.identity in self._told
            self._recorder.hear(self._tracks[heard.track.sid], pcm, told=told)

    def clause(self, heard: HeardTrack, segment: str, clause: Clause, *, language: str) -> None:
        """Something was said; `language` is that of its text."""
        if self._recorder is None or not clause.final or not clause.text:
            return
        track = self._tracks[heard.track.sid]
        self._remember(segment, track, (clause.number,))
        ago = (0.0, 0.0)
        if clause.spoken is not None:
            now_s = clause.spoken.now_s
            ago = (now_s - clause.spoken.begin_s, now_s - clause.spoken.end_s)
        begin, end = (self._recorder.time_of(track, ago_s) for ago_s in ago)
        self._tell(
            "clause",
            track=track,
            number=clause.number,
            begin=round(max(0.0, begin), 3),
            end=round(max(0.0, end), 3),
            text=clause.text,
            language=language,
            corrects=clause.corrects,
        )

    def translated(self, heard: HeardTrack, segment: str, translated: Translated) -> None:
        """It was translated, or could not be."""
        track = self._tracks[heard.track.sid]
        self._remember(segment, track, translated.numbers)
        self._tell(
            "translation",
            track=track,
            numbers=list(translated.numbers),
            target=translated.target,
            text=translated.text,
            works=translated.works,
            corrects=translated.corrects,
        )

    def shown(self, caption: Caption) -> None:
        """The room was sent a caption."""
        track, numbers = self._segments.get(caption.segment, (0, ()))
        if caption.final and numbers:
            target = caption.language if caption.of else ""
            self._tell("shown", track=track, number=numbers[0], target=target)

    # What the agent says.

    def voice(self, line: VoiceLine) -> None:
        """The agent has a voice from now on."""
        number = self._voices[line.of] = self._next_track()
        without = self._person(line.of.without) if line.of.without else 0
        self._tell("track", track=number, person=0, language=line.of.language, without=without)
        recorder = self._recorder
        if recorder is not None:
            line.listeners.append(
                lambda frame: recorder.speak(number, np.frombuffer(frame.data, np.int16))
            )

    def voice_over(self, line: VoiceLine) -> None:
        """It has it no longer."""
        self.left_out(line.of, line.unsaid, why="ended")
        number = self._voices.pop(line.of)
        if self._recorder is not None:
            self._recorder.spoken(number)
        self._tell("track_over", track=number)

    def saying(self, of: VoiceOf, saying: Saying, *, playing: bool) -> None:
        """A voice begins to say something, or has said it."""
        track = self._voices.get(of, 0)
        if not playing:
            if self._recorder is not None:
                self._recorder.silent(track)
            said = {"role": "assistant", "text": saying.text, "interrupted": False}
            self._tell("said", track=track, **said)
            return
        heard, numbers = self._clauses(saying)
        self._tell(
            "speaking",
            track=track,
            of=heard,
            numbers=numbers,
            text=saying.text,
            speed=saying.speed,
            shortened=saying.summary,
            corrected=saying.corrected,
        )

    def left_out(self, of: VoiceOf, sayings: Sequence[Saying], *, why: str) -> None:
        """A voice does not say something; docs/recording.md has the reasons."""
        for saying in sayings:
            heard, numbers = self._clauses(saying)
            self._tell(
                "left_out", track=self._voices.get(of, 0), of=heard, numbers=numbers, why=why
            )

    # Numbers for names.

    def _person(self, identity: str) -> int:
        return self._people.setdefault(identity, len(self._people) + 1)

    def _next_track(self) -> int:
        self._count += 1
        return self._count

    def _remember(self, segment: str, track: int, numbers: tuple[int, ...]) -> None:
        self._segments[segment] = (track, numbers)
        if len(self._segments) > _REMEMBERED:
            del self._segments[next(iter(self._segments))]

    def _clauses(self, saying: Saying) -> tuple[int, list[int]]:
        found = [self._segments.get(s, (0, ())) for s in (saying.segment, *saying.more)]
        track = found[0][0]
        return track, [n for of, numbers in found if of == track for n in numbers]

    def _tell(self, kind: str, **facts: Any) -> None:
        if self._recorder is not None:
            self._recorder.tell(kind, **facts)


def recorded(parts: Parts, settings: Settings, mode: str) -> Recorded:
    """What is kept of a room, by the settings; `mode` is the kind of the job."""
    options = settings.record
    if options.record == "off":
        return Recorded(None, options)
    translator = parts.translator
    facts = {
        "rejoinder": version("rejoinder"),
        "job": mode,
        "recogniser": "streaming" if parts.stt.capabilities.streaming else "batch",
        **{name.rpartition(".")[2]: label for name, label in parts.labels().items()},
        "translate": "" if translator is None else label_of(settings.translate[0], translator),
    }
    recorder = RoomRecorder(
        RecordingWriter.for_job(options),
        facts=facts,
        agent_hz=parts.tts.sample_rate,
        sound=options.record == "audio",
    )
    return Recorded(recorder, options)


def notice_for(identity: str, languages: Languages, notice: str) -> str:
    """How somebody is told of it: in the languages that they speak and hear, each once.

    `notice`: RECORD_NOTICE; one of somebody's own is told as it is.
    """
    if notice != ENGLISH.recorded:
        return notice
    tags = [languages.spoken_by(identity), languages.heard_by(identity)]
    said = [lexicon_of(tag).recorded for tag in tags if tag]
    return " ".join(dict.fromkeys(said)) or notice
