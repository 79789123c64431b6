"""A recorded room as table, picture, transcript and sound file, and what the command refuses."""

import stat
import wave
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from agent.recorder.recorded_room import room_of
from agent.recorder.recording import load
from rejoinder import cli
from rejoinder.replay.room.clock import clock
from rejoinder.replay.room.lanes import ROW_S, lanes_of, rows_of
from rejoinder.replay.room.table import summary, table_of
from rejoinder.replay.room.timeline import timeline
from rejoinder.replay.room.transcript import cues, to_srt, to_text, to_vtt
from tests.fakes.recorded_meeting import RecordedMeeting
from tests.fakes.recorded_talk import newest, recorder

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Two people: the first is translated and said at once, the second waits and is left out."""
    meeting = RecordedMeeting(tmp_path / "rooms")
    ann, bob = meeting.comes("ann"), meeting.comes("bob")
    voice = meeting.voice()
    meeting.sounds(1.0, quiet=(ann, bob))
    meeting.sounds(2.0, ann, quiet=(bob,))
    meeting.sounds(0.4, bob, quiet=(ann,))
    meeting.says(ann, "We <walk> home.", lasted_s=2.0, ago_s=0.4)
    meeting.shown(ann, 1)
    meeting.translated(ann, (1,), "Vamos a --> pé.")
    meeting.shown(ann, 1, target="pt")
    meeting.spoken(voice, meeting.saying(ann, (1,), "Vamos a pé.", speed=1.3), 1.5)
    meeting.says(bob, "Wait.", lasted_s=0.4)
    meeting.translated(bob, (1,), "Wait.", works=False)
    meeting.says(bob, "For me.", lasted_s=0.2)
    meeting.translated(bob, (2,), "Por mim.")
    meeting.kept.left_out(voice.of, [meeting.saying(bob, (2,), "Por mim.")], why="behind")
    return meeting.file()


def lines_of(file: Path) -> list[str]:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(table_of(room_of(load(file))))
    return [" ".join(line.split()) for line in captured.get().splitlines()]


def test_each_clause_has_its_lags_and_each_translation_its_own(file: Path) -> None:
    assert lines_of(file)[1:] == [
        "1.1 0:01.0 0:03.0 1 en We <walk> home. +0.40 s",
        "pt Vamos a --> pé. +0.40 s +0.40 s 1.3×",
        "2.1 0:03.0 0:03.4 2 en Wait. not",
        "pt Wait. not untranslated",
        "2.2 0:03.2 0:03.4 2 en For me. not",
        "pt Por mim. not not said: too",
        "far behind",
    ]


def test_the_lags_are_summed_up(file: Path) -> None:
    assert summary(room_of(load(file))) == (
        "3 clauses of 2 people; 1 translations shown: 0.40 s after the last word in the median, "
        "95 % within 0.40 s; 1 heard: 0.40 s after the last word in the median, 95 % within "
        "0.40 s; 1 left out by a voice"
    )


def test_the_picture_has_a_lane_for_each_track_and_links_what_is_the_same(file: Path) -> None:
    drawn = ElementTree.fromstring(timeline(load(file)))
    texts = [text.text or "" for text in drawn.iter(f"{SVG}text")]
    assert [text for text in texts if text.startswith(("Person", "Voice"))] == [
        "Person 1", "Person 2", "Voice pt",
    ]  # fmt: skip
    looks: dict[str, list[ElementTree.Element]] = {}
    for shape in drawn.iter():
        look = (shape.get("class") or "").split()
        if look:
            looks.setdefault(look[0], []).append(shape)
    assert len(looks["clause"]) == 3
    assert len(looks["saying"]) == len(looks["link"]) == 1
    assert len(looks["dot"]) == 2, "an original and its translation were shown"
    assert len(looks["lost"]) == 1
    # Of one colour, the person's; from where the words end to where they begin to sound.
    [saying], [link] = looks["saying"], looks["link"]
    assert saying.get("class") == "saying p1"
    assert link.get("class") == "link p1"
    clause = looks["clause"][0]
    begin, *_, end = (link.get("d") or "").replace("C", " ").lstrip("M").split()
    assert float(begin) == pytest.approx(
        float(clause.get("x") or 0) + float(clause.get("width") or 0), abs=0.2
    )
    x = (link.get("d") or "").split()[-2]
    assert float(x) == pytest.approx(float(saying.get("x") or 0), abs=0.2)
    assert any(text.startswith("+0.40 s 1.3× · Vamos") for text in texts)


def test_long_silences_take_no_room(tmp_path: Path) -> None:
    meeting = RecordedMeeting(tmp_path / "rooms")
    ann = meeting.comes("ann")
    meeting.sounds(1.0, ann)
    meeting.says(ann, "First.", lasted_s=1.0)
    meeting.now += 3600.0
    meeting.kept.notice("Hello.", "info", [])
    meeting.sounds(1.0, ann)
    meeting.says(ann, "Last.", lasted_s=1.0)
    room = room_of(meeting.recording())
    rows = rows_of(room, lanes_of(room))
    assert [row.begin for row in rows] == [0.0, 3600.0 // ROW_S * ROW_S]
    assert all(row.speaks for row in rows)


def test_a_room_in_which_nothing_was_said_has_a_picture(tmp_path: Path) -> None:
    recording = RecordedMeeting(tmp_path / "rooms").recording()
    ElementTree.fromstring(timeline(recording))
    assert summary(room_of(recording)) == "0 clauses of 0 people"


# The transcript.


def test_a_transcript_has_what_was_said_with_its_translations(file: Path) -> None:
    found = cues(room_of(load(file)))
    assert to_text(found) == (
        "[0:01] Person 1: We <walk> home.\n  pt: Vamos a --> pé.\n"
        "[0:03] Person 2: Wait.\n[0:03] Person 2: For me.\n  pt: Por mim.\n"
    )
    assert to_srt(found).split("\n\n")[0] == (
        "1\n00:00:01,000 --> 00:00:03,000\nPerson 1: We <walk> home.\nVamos a → pé."
    )
    assert to_vtt(found).split("\n\n")[:2] == [
        "WEBVTT",
        "00:00:01.000 --> 00:00:03.000\n<v Person 1>We &lt;walk&gt; home.\nVamos a --&gt; pé.</v>",
    ]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("pt-BR", [[("pt", "Vamos a --> pé.")], [("pt", "Por mim.")]]),
        ("en", [[("en", "We <walk> home.")], [("en", "Wait.")], [("en", "For me.")]]),
        ("zh", []),
    ],
)
def test_a_transcript_in_one_language_has_that_alone(
    file: Path, language: str, texts: list[list[tuple[str, str]]]
) -> None:
    assert [list(cue.texts) for cue in cues(room_of(load(file)), language)] == texts


@pytest.mark.parametrize(("t", "written"), [(59.96, "1:00.0"), (61.25, "1:01.2"), (0, "0:00.0")])
def test_times_are_written_as_minutes_and_seconds(t: float, written: str) -> None:
    assert clock(t) == written


# The command.


def test_the_command_writes_a_picture_a_transcript_and_a_channel_for_each_track(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, sound = tmp_path / "talk.vtt", tmp_path / "talk.wav"
    argv = ["replay", str(file), "--transcript", str(text), "--sound", str(sound)]
    assert cli.main([*argv, "--language", "pt"]) == 0
    told = capsys.readouterr().out
    assert "3 clauses of 2 people" in told
    assert "1 person 1, 2 person 2, 3 voice pt" in " ".join(told.split())
    assert "Por mim." in text.read_text()
    assert "For me." not in text.read_text()
    with wave.open(str(sound)) as wav:
        assert (wav.getnchannels(), wav.getframerate(), wav.getsampwidth()) == (3, 16000, 2)
        pcm = np.frombuffer(wav.readframes(wav.getnframes()), "<i2").reshape(-1, 3)
    loud = [np.flatnonzero(np.abs(pcm[:, n].astype(int)) > 1000) / 16000 for n in range(3)]
    spans = [(places[0], places[-1]) for places in loud]
    assert spans[0] == pytest.approx((1.0, 3.0), abs=0.01)
    assert spans[1] == pytest.approx((3.0, 3.4), abs=0.01)
    assert spans[2] == pytest.approx((3.4, 4.9), abs=0.01)
    picture = file.with_name(file.name.partition(".")[0] + ".svg")
    for written in (picture, text, sound):
        assert stat.S_IMODE(written.stat().st_mode) == 0o600


def refused(argv: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert cli.main(["replay", *argv]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    return told


def test_what_is_for_calls_is_refused_of_a_room(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused([str(file), "--with", "TURN_MIN_SILENCE_S=0.4"], capsys)
    assert "is of a room" in told
    assert not list(file.parent.glob("*.svg")), "nothing was written"


@pytest.mark.parametrize("what", ["--transcript", "--sound"])
def test_what_is_for_rooms_is_refused_of_a_call(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = recorder(tmp_path, clock=lambda: 1.0)
    call.end()
    call.join()
    told = refused([str(newest(tmp_path)), what, str(tmp_path / "out.wav")], capsys)
    assert "is of a call" in told


def test_a_transcript_of_another_form_is_refused(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused([str(file), "--transcript", str(tmp_path / "talk.doc")], capsys)
    assert ".srt" in told


def test_sound_that_was_not_kept_is_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    meeting = RecordedMeeting(tmp_path / "rooms", record="events")
    meeting.sounds(1.0, meeting.comes("ann"))
    told = refused([str(meeting.file()), "--sound", str(tmp_path / "talk.wav")], capsys)
    assert "no sound" in told


def test_a_redacted_room_keeps_its_times(file: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean.jsonl.gz"
    assert cli.main(["replay", str(file), "--redact", str(clean)]) == 0
    recording = load(clean)
    assert (recording.of_room, recording.redacted, recording.has_sound) == (True, True, False)
    before, after = room_of(load(file)), room_of(recording)
    assert [(c.begin, c.end, c.shown) for c in after.clauses] == [
        (c.begin, c.end, c.shown) for c in before.clauses
    ]
    assert {clause.text for clause in after.clauses} == {"…"}
    assert after.targets == ("pt",)
    assert [left.why for left in after.left_out] == ["behind"]
    ElementTree.fromstring(timeline(recording))
