"""What is kept of a captioned or interpreted room, and read again: in numbers for names."""

import asyncio
import gzip
import threading
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from agent.costs.bill import bill_of
from agent.costs.meter import Meter
from agent.costs.prices import Prices
from agent.interpreting.heard_track import HeardTrack
from agent.interpreting.languages import Languages
from agent.interpreting.recorded import Recorded, notice_for
from agent.options.recording import RecordOptions
from agent.recorder.again import decide
from agent.recorder.recorded_room import RecordedRoom, room_of
from agent.recorder.recorded_sound import RecordedSound
from agent.recorder.recording import RecordingError, load, pcm_of
from agent.recorder.writer import FLUSH_S
from agent.wording.lexicon import ENGLISH
from tests.fakes.recorded_meeting import VOICE_HZ, RecordedMeeting
from tests.fakes.recorded_talk import newest, recorder


@pytest.fixture
def meeting(tmp_path: Path) -> RecordedMeeting:
    return RecordedMeeting(tmp_path / "rooms")


def room(meeting: RecordedMeeting) -> RecordedRoom:
    return room_of(meeting.recording())


def test_a_clause_is_told_with_where_it_was_said_shown_and_heard(meeting: RecordedMeeting) -> None:
    ann = meeting.comes("ann")
    voice = meeting.voice()
    meeting.sounds(1.0, quiet=(ann,))
    meeting.sounds(2.0, ann)
    meeting.sounds(0.5, quiet=(ann,))
    number = meeting.says(ann, "We walk home.", lasted_s=2.0, ago_s=0.5)
    meeting.now += 0.1
    meeting.shown(ann, number)
    meeting.translated(ann, (number,), "Vamos a pé.")
    meeting.now += 0.1
    meeting.shown(ann, number, target="pt")
    meeting.now += 0.3
    meeting.spoken(voice, meeting.saying(ann, (number,), "Vamos a pé.", speed=1.2), 1.0)
    [clause] = room(meeting).clauses
    assert (clause.person, clause.track, clause.number, clause.text) == (1, 1, 1, "We walk home.")
    assert (clause.begin, clause.end) == pytest.approx((1.0, 3.0), abs=0.01)
    assert (clause.known, clause.shown) == pytest.approx((3.5, 3.6))
    [translation] = clause.translations
    assert (translation.target, translation.text, translation.works) == ("pt", "Vamos a pé.", True)
    assert translation.shown == pytest.approx(3.7)
    [saying] = clause.sayings
    assert (saying.begin, saying.end) == pytest.approx((4.0, 5.0))
    assert (saying.track, saying.of, saying.numbers, saying.speed) == (2, 1, (1,), 1.2)
    assert not saying.shortened
    assert not saying.corrected


def test_sound_is_where_it_was_on_one_time_axis(meeting: RecordedMeeting) -> None:
    ann, bob = meeting.comes("ann"), meeting.comes("bob")
    voice = meeting.voice()
    meeting.sounds(1.0, quiet=(ann, bob))
    meeting.sounds(1.0, ann, quiet=(bob,))
    meeting.sounds(1.0, bob)
    meeting.spoken(voice, meeting.saying(ann, (1,), "Sim."), 1.5)
    recording = meeting.recording()
    loud = {}
    for track in room_of(recording).tracks:
        sound = RecordedSound(recording, track.number)
        pcm = np.abs(sound.between(0.0, 5.0).astype(int))
        assert len(pcm) == 5 * sound.rate_hz
        places = np.flatnonzero(pcm > 1000) / sound.rate_hz
        loud[track.number] = (places[0], places[-1])
    assert loud[1] == pytest.approx((1.0, 2.0), abs=0.01)
    assert loud[2] == pytest.approx((2.0, 3.0), abs=0.01)
    assert loud[3] == pytest.approx((3.0, 4.5), abs=0.01)
    voiced = RecordedSound(recording, 3)
    assert voiced.rate_hz == VOICE_HZ
    assert np.abs(voiced.between(3.2, 4.2).astype(int)).min() == 5000, "there is no hole in it"


def test_nobodys_sound_is_kept_before_they_were_told(meeting: RecordedMeeting) -> None:
    ann = meeting.comes("ann", told=False)
    bob = meeting.comes("bob")
    meeting.sounds(1.0, ann, bob)
    meeting.kept._announced("ann")
    meeting.sounds(1.0, ann, bob)
    meeting.kept.left("ann")
    meeting.kept.joined("ann")
    meeting.sounds(1.0, ann, bob)
    recording = meeting.recording()
    kept = {1: [], 2: []}  # type: dict[int, list[tuple[float, float]]]
    levels = {1: 0, 2: 0}
    for event in recording.of("sound"):
        track, pcm = event.facts["track"], pcm_of(event.facts)
        levels[track] += len(event.facts["level_db"])
        if pcm is not None:
            kept[track].append((event.facts["at"], event.facts["at"] + len(pcm) / 16000))
    assert levels == {1: 300, 2: 300}, "levels are kept of all"
    assert (kept[1][0][0], kept[1][-1][1]) == pytest.approx((1.0, 2.0), abs=0.01)
    assert (kept[2][0][0], kept[2][-1][1]) == pytest.approx((0.0, 3.0), abs=0.01)


def test_without_sound_there_are_levels_and_words(tmp_path: Path) -> None:
    meeting = RecordedMeeting(tmp_path / "rooms", record="events")
    ann = meeting.comes("ann")
    line = meeting.voice()
    meeting.sounds(1.0, ann)
    meeting.says(ann, "Yes.", lasted_s=0.5)
    meeting.spoken(line, meeting.saying(ann, (1,), "Sim."), 1.0)
    recording = meeting.recording()
    assert not recording.has_sound
    kinds = {event.kind for event in recording.events if "level_db" in event.facts}
    assert kinds == {"sound", "agent"}
    assert [clause.text for clause in room_of(recording).clauses] == ["Yes."]
    assert meeting.kept.attributes == {"rejoinder.recorded": "events"}


def test_several_clauses_translated_and_said_as_one_are_each_told(meeting: RecordedMeeting) -> None:
    ann = meeting.comes("ann")
    voice = meeting.voice()
    meeting.sounds(3.0, ann)
    for _ in range(3):
        meeting.says(ann, "And then.", lasted_s=1.0)
    meeting.translated(ann, (1, 2), "E depois, e depois.")
    meeting.translated(ann, (3,), "E depois.")
    both = meeting.saying(ann, (1, 3), "E depois, e depois. E depois.", summary=True)
    meeting.spoken(voice, both, 1.0)
    found = room(meeting)
    [saying] = found.sayings
    assert saying.numbers == (1, 2, 3)
    assert saying.shortened
    assert [len(clause.sayings) for clause in found.clauses] == [1, 1, 1]
    assert [clause.translations[0].numbers for clause in found.clauses] == [(1, 2), (1, 2), (3,)]
    assert found.targets == ("pt",)


def test_other_words_take_the_place_of_the_first_and_leave_their_time(
    meeting: RecordedMeeting,
) -> None:
    ann = meeting.comes("ann")
    meeting.sounds(2.0, ann)
    meeting.says(ann, "To the C side.", lasted_s=1.0)
    meeting.translated(ann, (1,), "Ao lado C.")
    meeting.shown(ann, 1)
    meeting.sounds(1.0, quiet=(ann,))
    meeting.says(ann, "To the seaside.", lasted_s=1.0, ago_s=1.0, corrects=1)
    meeting.translated(ann, (1,), "À praia.", corrects=True)
    meeting.shown(ann, 1)
    [clause] = room(meeting).clauses
    assert clause.text == "To the seaside."
    assert (clause.known, clause.shown, clause.corrected) == pytest.approx((2.0, 2.0, 3.0))
    assert (clause.begin, clause.end) == pytest.approx((1.0, 2.0), abs=0.01)
    [translation] = clause.translations
    assert translation.text == "À praia."
    assert translation.corrected == pytest.approx(3.0)


def test_what_a_voice_does_not_say_is_told_with_the_reason(meeting: RecordedMeeting) -> None:
    ann = meeting.comes("ann")
    line = meeting.voice()
    meeting.sounds(3.0, ann)
    for _ in range(3):
        meeting.translated(ann, (meeting.says(ann, "And.", lasted_s=0.5),), "E.")
    sayings = [meeting.saying(ann, (number,), "E.") for number in (1, 2, 3)]
    meeting.kept.left_out(line.of, sayings[:1], why="behind")
    meeting.kept.left_out(line.of, sayings[1:2], why="failed")
    line.unsaid = (sayings[2],)
    meeting.voice_over(line)
    found = [(left.of, left.numbers, left.why) for left in room(meeting).left_out]
    assert found == [(1, (1,), "behind"), (1, (2,), "failed"), (1, (3,), "ended")]


def test_a_saying_that_a_voice_did_not_end_has_no_end(meeting: RecordedMeeting) -> None:
    ann = meeting.comes("ann")
    line = meeting.voice(without="ann")
    meeting.sounds(1.0, ann)
    meeting.kept.saying(line.of, meeting.saying(ann, (1,), "E."), playing=True)
    meeting.voice_over(line)
    again = meeting.voice()
    meeting.spoken(again, meeting.saying(ann, (1,), "E."), 0.5)
    found = room(meeting)
    assert [saying.end is None for saying in found.sayings] == [True, False]
    assert [(voice.language, voice.without) for voice in found.voices] == [("pt", 1), ("pt", 0)]


def test_people_are_numbers_and_who_comes_back_is_the_same(meeting: RecordedMeeting) -> None:
    meeting.comes("+49 30 4929", told=False)
    meeting.comes("bob")
    meeting.kept.left("+49 30 4929")
    meeting.kept.joined("+49 30 4929")
    meeting.kept.notice("Hello.", "info", ["bob", "+49 30 4929"])
    meeting.kept.notice("All.", "error", [])
    meeting.kept.cost(bill_of(Meter(), Prices(), final=True))
    file = meeting.file()
    text = gzip.decompress(file.read_bytes()).decode()
    assert "4929" not in text
    assert "bob" not in text
    events = load(file)
    assert [(e.facts["person"], e.facts["back"]) for e in events.of("joined")] == [
        (1, False), (2, False), (1, True),
    ]  # fmt: skip
    assert [event.facts["people"] for event in events.of("notice")] == [[2, 1], []]
    kinds = [event.kind for event in events.events][-3:]
    assert kinds == ["cost", "gone", "end"]


def test_wishes_are_told_when_they_change(meeting: RecordedMeeting) -> None:
    meeting.comes("ann")
    for hears in ("pt", "pt", "es", "pt"):
        meeting.kept.languages("ann", speaks="en", hears=hears)
    found = [event.facts["hears"] for event in meeting.recording().of("languages")]
    assert found == ["pt", "es", "pt"]


def test_a_track_that_is_heard_anew_stays_the_same(meeting: RecordedMeeting) -> None:
    ann = meeting.comes("ann")
    meeting.sounds(1.0, ann)
    meeting.kept.track_over(cast(HeardTrack, ann))
    meeting.kept.track(cast(HeardTrack, ann))
    ann.heard_s = 0.0
    meeting.sounds(1.0, ann)
    meeting.says(ann, "Now in Spanish.", lasted_s=0.5)
    found = room(meeting)
    assert [track.number for track in found.tracks] == [1]
    assert (found.clauses[0].begin, found.clauses[0].end) == pytest.approx((1.5, 2.0), abs=0.01)


def test_a_full_file_says_so_and_stays_within_its_bound(tmp_path: Path) -> None:
    most = 60_000
    meeting = RecordedMeeting(tmp_path / "rooms", most_bytes=most)
    ann = meeting.comes("ann")
    noise = np.random.default_rng(3)
    for _ in range(3):
        for _ in range(20):
            meeting.now += 0.05
            pcm = noise.integers(-9000, 9000, 800).astype(np.int16)
            meeting.recorder.hear(1, pcm, told=True)
        threading.Event().wait(2 * FLUSH_S)
    meeting.says(ann, "Too late.", lasted_s=0.5)
    file = meeting.file()
    assert file.stat().st_size <= most
    recording = load(file)
    assert not recording.whole
    assert recording.has_sound
    assert [event.kind for event in recording.events][-2:] == ["full", "end"]


def test_a_room_that_is_not_recorded_is_as_ever(tmp_path: Path) -> None:
    kept = Recorded(None, RecordOptions())
    meeting = RecordedMeeting(tmp_path / "rooms")
    meeting.kept = kept
    ann = meeting.comes("ann")
    line = meeting.voice()
    meeting.sounds(1.0, ann)
    meeting.says(ann, "Yes.", lasted_s=0.5)
    meeting.spoken(line, meeting.saying(ann, (1,), "Sim."), 0.5)
    meeting.voice_over(line)
    meeting.kept.track_over(cast(HeardTrack, ann))
    meeting.kept.left("ann")
    assert kept.attributes == {}
    assert line.listeners == []


def test_a_recorder_is_closed_once_or_twice(meeting: RecordedMeeting) -> None:
    meeting.comes("ann")
    for _ in range(2):
        asyncio.run(meeting.kept.aclose())
    assert [event.kind for event in load(newest(meeting.folder)).events][-1] == "end"


# Calls and rooms.


def test_a_room_has_no_turns_and_a_call_no_tracks(meeting: RecordedMeeting, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no turns"):
        decide(meeting.recording())
    calls = meeting.folder.parent / "calls"
    calls.mkdir(mode=0o700)
    call = recorder(calls, clock=lambda: 1.0)
    call.end()
    call.join()
    with pytest.raises(RecordingError, match="of a call"):
        room_of(load(newest(calls)))


# What people are told.


@pytest.mark.parametrize(
    ("speaks", "hears", "told"),
    [
        ("", "", "This call is recorded."),
        ("en", "", "This call is recorded."),
        ("en", "pt", "This call is recorded. Esta chamada é gravada."),
        ("pt-BR", "pt", "Esta chamada é gravada."),
        ("xx", "de", "This call is recorded. Dieses Gespräch wird aufgezeichnet."),
    ],
)
def test_each_is_told_in_the_languages_that_they_speak_and_hear(
    speaks: str, hears: str, told: str
) -> None:
    languages = Languages(spoken="", wanted=())
    attributes: dict[str, Any] = {"rejoinder.speaks": speaks, "rejoinder.hears": hears}
    languages.attributes("ann", attributes)
    assert notice_for("ann", languages, ENGLISH.recorded) == told
    assert notice_for("ann", languages, "We keep this.") == "We keep this."


def test_a_stranger_reads_a_room_with_the_lines_of_the_handbook(
    meeting: RecordedMeeting, capsys: pytest.CaptureFixture[str]
) -> None:
    ann = meeting.comes("ann")
    voice = meeting.voice()
    meeting.sounds(2.0, ann)
    meeting.translated(ann, (meeting.says(ann, "你好", lasted_s=1.0),), "Olá.")
    meeting.now += 0.5
    meeting.spoken(voice, meeting.saying(ann, (1,), "Olá."), 1.0)
    document = (Path(__file__).parents[2] / "docs" / "recording.md").read_text()
    room_section = document.partition("## A captioned or interpreted room")[2]
    code = room_section.partition("```python\n")[2].partition("```")[0]
    found: dict[str, Any] = {}
    exec(code.replace("FILE", str(meeting.file())), found)
    assert capsys.readouterr().out.strip() == "1.00 s  person 1: 你好 [0.5]"
    assert np.abs(found["pcm"].astype(int)).min() > 1000
