"""A recorded room: which track said what when, and when its translations were shown and heard.

    room = room_of(load(Path("FILE")))
    for clause in room.clauses:
        print(clause.begin, clause.text, [saying.begin - clause.end for saying in clause.sayings])

All times are seconds since the recording began. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from agent.recorder.recording import Event, Recording, RecordingError


@dataclass(slots=True)
class Track:
    """A lane of a room: somebody's track, or one of the agent's voices."""

    number: int
    person: int
    """Whose it is; 0: the agent's."""
    language: str
    """That it speaks, of a voice; else empty."""
    without: int
    """Who is not spoken for in a voice; 0: everybody is."""
    begin: float
    end: float | None = None
    """When it was over; None: with the recording."""


@dataclass(slots=True)
class Translation:
    """A clause, or several as one text, in one other language."""

    target: str
    numbers: tuple[int, ...]
    """Of the clauses."""
    text: str
    works: bool
    """Whether it is a translation: else the original, as there is none."""
    known: float
    shown: float | None = None
    """When the room had it; None: it was not sent."""
    corrected: float | None = None
    """When it was told with other words; the text is the newest."""


@dataclass(slots=True)
class Saying:
    """What one of the agent's voices said in one go."""

    track: int
    """The voice's."""
    of: int
    """The track whose clauses it says."""
    numbers: tuple[int, ...]
    begin: float
    end: float | None
    """None: its voice was over before it was, or the recording."""
    speed: float
    """As a factor of the usual speed."""
    text: str
    shortened: bool
    """Whether a model has made it of a longer text."""
    corrected: bool
    """Whether its words were corrected before it was said."""


@dataclass(slots=True)
class LeftOut:
    """What a voice did not say."""

    t: float
    track: int
    of: int
    numbers: tuple[int, ...]
    why: str
    """behind: it was too far behind; failed: the voice has; ended: nobody was left to hear it."""


@dataclass(slots=True)
class Clause:
    """A piece of what somebody said."""

    track: int
    number: int
    person: int
    begin: float
    end: float
    """Where its words are on the track, as far as is known."""
    text: str
    language: str
    known: float
    """When it was known; its first version, if it was corrected."""
    shown: float | None = None
    corrected: float | None = None
    translations: list[Translation] = field(default_factory=list)
    sayings: list[Saying] = field(default_factory=list)


@dataclass(slots=True)
class RecordedRoom:
    """What happened in it, each list in its order."""

    length_s: float
    tracks: list[Track] = field(default_factory=list)
    clauses: list[Clause] = field(default_factory=list)
    sayings: list[Saying] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    others: list[Event] = field(default_factory=list)
    """Who came, left and was told, languages, notices, the cost."""

    @property
    def people(self) -> list[Track]:
        """The tracks of people."""
        return [track for track in self.tracks if track.person]

    @property
    def voices(self) -> list[Track]:
        """The agent's tracks."""
        return [track for track in self.tracks if not track.person]

    @property
    def targets(self) -> tuple[str, ...]:
        """The languages that something was translated into."""
        found = (t.target for clause in self.clauses for t in clause.translations)
        return tuple(dict.fromkeys(found))


def room_of(recording: Recording) -> RecordedRoom:
    """What happened in a recorded room.

    Raises:
        RecordingError: it is the recording of a call.
    """
    if not recording.of_room:
        raise RecordingError("it is the recording of a call, and not of a room")
    reader = _Reader(RecordedRoom(recording.length_s))
    for event in recording.events:
        reader.take(event)
    return reader.room


class _Reader:
    def __init__(self, room: RecordedRoom) -> None:
        self.room = room
        self._tracks: dict[int, Track] = {}
        self._clauses: dict[tuple[int, int], Clause] = {}
        """By track and number."""
        self._translations: dict[tuple[int, int, str], Translation] = {}
        """By track, number of its first clause, and language."""
        self._sounding: dict[int, Saying] = {}
        """By the voice's track."""

    def take(self, event: Event) -> None:
        facts = event.facts
        match event.kind:
            case "track":
                self._track(event)
            case "track_over":
                self._over(int(facts["track"]), event.t)
            case "clause":
                self._clause(event)
            case "translation":
                self._translation(event)
            case "shown":
                self._shown(event)
            case "speaking":
                self._speaking(event)
            case "said":
                saying = self._sounding.pop(int(facts.get("track", 0)), None)
                if saying is not None:
                    saying.end = event.t
            case "left_out":
                left = LeftOut(
                    event.t, facts["track"], facts["of"], tuple(facts["numbers"]), facts["why"]
                )
                self.room.left_out.append(left)
            case "joined" | "left" | "announced" | "languages" | "notice" | "cost" | "gone":
                self.room.others.append(event)
            case "lost" | "full":
                self.room.others.append(event)

    def _track(self, event: Event) -> None:
        facts = event.facts
        number = int(facts["track"])
        if number in self._tracks:
            self._tracks[number].end = None
            return
        track = self._tracks[number] = Track(
            number, facts.get("person", 0), facts.get("language", ""), facts.get("without", 0),
            event.t,
        )  # fmt: skip
        self.room.tracks.append(track)

    def _over(self, number: int, t: float) -> None:
        if number in self._tracks:
            self._tracks[number].end = t
        self._sounding.pop(number, None)

    def _clause(self, event: Event) -> None:
        facts = event.facts
        key = (int(facts["track"]), int(facts["number"]))
        clause = self._clauses.get(key)
        if clause is not None:
            clause.text, clause.corrected = str(facts["text"]), event.t
            return
        track = self._tracks.get(key[0])
        person = track.person if track is not None else 0
        clause = self._clauses[key] = Clause(
            *key, person, facts["begin"], facts["end"], facts["text"], facts["language"], event.t
        )
        self.room.clauses.append(clause)

    def _of(self, track: int, numbers: Sequence[int]) -> list[Clause]:
        found = (self._clauses.get((track, number)) for number in numbers)
        return [clause for clause in found if clause is not None]

    def _translation(self, event: Event) -> None:
        facts: dict[str, Any] = event.facts
        numbers = tuple(facts["numbers"])
        key = (int(facts["track"]), numbers[0] if numbers else 0, str(facts["target"]))
        known = self._translations.get(key)
        if known is not None:
            known.text, known.works, known.corrected = facts["text"], facts["works"], event.t
            return
        made = self._translations[key] = Translation(
            key[2], numbers, facts["text"], facts["works"], event.t
        )
        for clause in self._of(key[0], numbers):
            clause.translations.append(made)

    def _shown(self, event: Event) -> None:
        facts = event.facts
        track, number, target = int(facts["track"]), int(facts["number"]), facts["target"]
        shown: Clause | Translation | None = (
            self._translations.get((track, number, target))
            if target
            else self._clauses.get((track, number))
        )
        if shown is not None and shown.shown is None:
            shown.shown = event.t

    def _speaking(self, event: Event) -> None:
        facts = event.facts
        saying = Saying(
            track=facts.get("track", 0),
            of=facts.get("of", 0),
            numbers=tuple(facts.get("numbers", ())),
            begin=event.t,
            end=None,
            speed=facts.get("speed", 1.0),
            text=facts.get("text", ""),
            shortened=facts.get("shortened", False),
            corrected=facts.get("corrected", False),
        )
        self._sounding[saying.track] = saying
        self.room.sayings.append(saying)
        for clause in self._of(saying.of, saying.numbers):
            clause.sayings.append(saying)
