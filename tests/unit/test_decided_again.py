"""A recorded call decided again: the same with the same settings, otherwise with others."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from agent.options.turns import TurnOptions
from agent.recorder.again import Decided, decide, reproduces
from agent.recorder.comparison import compare, overlaps, turns
from agent.recorder.folder import make_folder
from agent.recorder.recording import Recording, RecordingError, load, redact
from agent.turns.actions import Action, AskEnd, Attend
from agent.turns.asking import Recognise, Request
from agent.turns.schedule import Eagerness, Schedule
from agent.turns.tempo import TEMPO, Tempo
from tests.fakes.recorded_talk import RecordedTalk, recorder
from tests.fakes.whole_talk import Line, WholeTalk
from tests.unit import test_full_duplex as talks


def flat(action: Action | Request) -> object:
    """What two decisions are compared by: all but the sound that goes with them."""
    match action:
        case Recognise(number, pcm, rolling):
            return ("recognise", number, len(pcm), rolling)
        case AskEnd(pause):
            return ("ask end", pause)
        case Attend(onset):
            return ("attend", len(onset.before), onset.floor_db, onset.over_agent)
    return action


def logged(talk: RecordedTalk) -> list[tuple[int, object]]:
    return [(round(at * 100), flat(action)) for at, action in talk.log]


def decided(found: Decided) -> list[tuple[int, object]]:
    return [(decision.hop, flat(decision.action)) for decision in found.decisions]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "recordings")


@pytest.mark.parametrize("language", talks.LANGUAGES)
@pytest.mark.parametrize("eagerness", ["eager", "pauses", "patient"])
def test_every_dialogue_of_the_scorecard_is_decided_in_the_same_way_again(
    eagerness: Eagerness, language: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = talks.whole_talk

    def recorded_talk(*acts: Line, **named: Any) -> WholeTalk:
        kept = recorder(folder, clock=loop_time, eagerness=eagerness)
        talk = held(*acts, **named, recorder=kept)
        kept.end()
        kept.join()
        return talk

    monkeypatch.setattr(talks, "whole_talk", recorded_talk)
    plays = talks.dialogues(language)
    # One of each behaviour, in the order of the card.
    for play in plays[:: max(1, len(plays) // 6)]:
        play(eagerness)
    recordings = [load(file) for file in folder.iterdir()]
    assert len(recordings) >= 6
    for recording in recordings:
        assert any(True for _ in recording.of("ended"))
        assert reproduces(recording, decide(recording))


def loop_time() -> float:
    """Of the talk's virtual clock; 0 before it begins and after it has ended."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return 0.0


def rambling(talk: RecordedTalk, seed: int) -> None:
    """Whatever may happen in a call, at random."""
    chance = random.Random(seed)
    said = [
        "What is the weather like today?", "I would like to book a table for", "yes",
        "Tell me something about the languages that you speak", "okay", "my number is five five",
        "Wait, I have another question.", "这 个 系 统 怎 么 启 动 呢？", "mm-hm", "because",
    ]  # fmt: skip
    for _ in range(14):
        if chance.random() < 0.4:
            talk.speaks_over()
        match chance.randrange(6):
            case 0 | 1:
                text = chance.choice(said)
                talk.says(text, max(0.3, 0.28 * len(text.split()) * chance.uniform(0.7, 1.3)))
            case 2:
                talk.is_silent(chance.uniform(0.05, 0.9))
            case 3:
                talk.is_silent(chance.uniform(0.8, 4.0))
            case 4:
                talk.coughs()
            case 5:
                talk.mumbles(chance.uniform(0.1, 1.5), probability=chance.uniform(0.3, 1.0))
    talk.is_silent(3.0)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("eagerness", ["eager", "pauses", "patient"])
def test_any_talk_is_decided_in_the_same_way_again(seed: int, eagerness: str, folder: Path) -> None:
    talk = RecordedTalk(
        folder=folder,
        eagerness=eagerness,
        delay_s=(0.05, 0.25, 0.7)[seed % 3],
        failing=seed % 8 == 7,
        end_probability=(None, 0.2, 0.9)[seed % 3],
    )
    rambling(talk, seed)
    recording = talk.recording()
    assert decided(decide(recording)) == logged(talk)
    assert reproduces(recording, decide(recording))
    same = compare(decide(recording), decide(recording))
    assert (same.cut_offs, same.joined, same.changed_overlaps) == (0, 0, 0)


def two_turns(folder: Path, *, streams: bool = False, **settings: float) -> Recording:
    """A sentence with a pause of 0.5 s in it, and a question."""
    talk = RecordedTalk(folder=folder, streams=streams, options=TurnOptions(**settings))
    talk.is_silent(0.7)
    talk.says("I talked to my brother", 1.6)
    talk.is_silent(0.5)
    talk.says("yesterday evening", 1.0)
    talk.is_silent(6.0)
    talk.says("Where are my settings?", 2.4)
    talk.is_silent(3.0)
    assert len(talk.ended) == 2
    return talk.recording()


@pytest.mark.parametrize("streams", [False, True])
def test_a_shorter_wait_is_sooner_and_cuts_off(streams: bool, folder: Path) -> None:
    recording = two_turns(folder, streams=streams)
    recorded = decide(recording)
    hasty = decide(recording, TurnOptions(min_silence_s=0.3, min_delay_s=0.2))
    found = compare(recorded, hasty)
    assert [compared.cut_off for compared in found.turns] == [1, 0]
    assert found.cut_offs == 1
    sooner_s = found.turns[1].sooner_s
    assert sooner_s is not None
    assert sooner_s > 0.0
    assert [turn.text.rstrip("?") for turn in turns(hasty)] == [
        "I talked to my brother",
        "yesterday evening",
        "Where are my settings",
    ], "what was recognised after a cut lacks what was known before it"


def test_a_longer_wait_is_later(folder: Path) -> None:
    recording = two_turns(folder)
    patient = TurnOptions(min_silence_s=1.5, min_delay_s=1.0, max_delay_s=2.0)
    found = compare(decide(recording), decide(recording, patient))
    assert found.cut_offs == 0
    assert found.sooner_s is not None
    assert found.sooner_s < -0.3


def test_what_would_have_been_agrees_with_what_is(folder: Path) -> None:
    """The talk is held under both settings: one decided again as the other is the other."""
    slow = two_turns(folder)
    quick_options = TurnOptions(min_silence_s=0.55, min_delay_s=0.2)
    quick = two_turns(folder, min_silence_s=0.55, min_delay_s=0.2)
    would_be = [(turn.ended, turn.text) for turn in turns(decide(slow, quick_options))]
    assert would_be == [(turn.ended, turn.text) for turn in turns(decide(quick))]


def test_fewer_requests_are_counted(folder: Path) -> None:
    recording = two_turns(folder)
    found = compare(decide(recording), decide(recording, eagerness="patient"))
    recorded, patient = found.requests
    assert patient < recorded
    assert found.sooner_s is not None
    assert found.sooner_s <= 0


def test_another_pace_asks_at_other_moments(folder: Path) -> None:
    recording = two_turns(folder)
    later = compare(decide(recording), decide(recording, tempo=Tempo(dip_s=0.3, first_s=9.0)))
    assert later.requests[1] < later.requests[0]
    assert reproduces(recording, decide(recording, tempo=TEMPO))


def test_an_engine_that_cannot_cancel_is_asked_as_it_was(folder: Path) -> None:
    talk = RecordedTalk(folder=folder, schedule=Schedule("eager", cancels=False))
    talk.says("Tell me something about the languages that you speak", 2.6)
    talk.is_silent(3.0)
    recording = talk.recording()
    assert reproduces(recording, decide(recording))


def test_a_louder_bar_for_barge_in_makes_a_noise_of_words(folder: Path) -> None:
    talk = RecordedTalk(folder=folder)
    talk.says("How do I start the demo?", 1.2)
    talk.is_silent(1.0)
    talk.speaks_over()
    talk.is_silent(1.0)
    talk.says("Wait, stop it.", 0.9)
    talk.is_silent(3.0)
    recording = talk.recording()
    assert [overlap.outcome for overlap in overlaps(decide(recording))] == ["barge-in"]
    deaf = decide(recording, TurnOptions(barge_in_min_s=2.0))
    assert compare(decide(recording), deaf).changed_overlaps == 1


def test_requests_before_the_first_recorded_words_are_left_open(folder: Path) -> None:
    talk = RecordedTalk(folder=folder, eagerness="patient")
    talk.says("Tell me something about the languages that you speak", 2.6)
    talk.is_silent(3.0)
    recording = talk.recording()
    eager = decide(recording, eagerness="eager")
    assert eager.unanswered > 0
    assert [turn.text for turn in turns(eager)] == [turn.text for turn in turns(decide(recording))]


def test_a_redacted_recording_keeps_its_times_and_cannot_be_decided(
    folder: Path, tmp_path: Path
) -> None:
    talk = RecordedTalk(folder=folder)
    talk.says("My secret is a blue whale.", 1.6)
    talk.is_silent(2.0)
    out = tmp_path / "clean.jsonl.gz"
    file = talk.file()
    redact(file, out)
    before, after = load(file), load(out)
    assert [(event.kind, event.t) for event in after.events] == [
        (event.kind, event.t) for event in before.events
    ]
    assert [taken.hop.level_db for taken in after.hops] == [
        taken.hop.level_db for taken in before.hops
    ]
    assert "whale" not in str(after)
    with pytest.raises(RecordingError, match="redacted"):
        decide(after)
