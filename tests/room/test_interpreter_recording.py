"""An interpreted room, recorded with sound: what was shown and said is in its file, and where."""

import asyncio
import gzip
import secrets
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.typing import NDArray

from agent.recorder.recorded_room import Clause, RecordedRoom, room_of
from agent.recorder.recorded_sound import RecordedSound
from agent.recorder.recording import Recording, load
from agent.room_protocol import RECORDED
from agent.turns.words import tokens
from rejoinder import cli
from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.caption_reader import CaptionReader
from testbed.livekit_process import LiveKitProcess
from testbed.speech import say
from tests.fakes.known_speech import KnownSpeech
from tests.room.conftest import Worker
from tests.room.meeting_room import meeting

pytestmark = [pytest.mark.timeout(180), pytest.mark.heard]

AGENT = "recorded-room"
TRAIN = "The first train leaves at seven, and the last one leaves at midnight."
FLOWERS = "I like the yellow flowers best."
PHONE = "Good morning to all."
NOTICE, IN_PORTUGUESE = "This call is recorded.", "Esta chamada é gravada."
READER, BOB, ANN, AMY, CALLER = (
    f"{name}-{secrets.token_hex(4)}" for name in ("reader", "bob", "ann", "amy", "phone")
)
"""Identities that no other text has in it."""
HEARD_HZ = 16000
"""Of people's tracks in a recording."""
MICROPHONE_FRAME_S = 0.2
"""Long frames: a busy machine does not make a microphone stand still within a word."""
LOUD = 0.01
"""RMS of 10 ms in which there is a voice; full scale is 1."""


@dataclass
class Place:
    """A worker whose rooms are recorded, and where to."""

    worker: Worker
    folder: Path


@pytest.fixture(scope="module")
def said() -> dict[str, Pcm]:
    """Each sentence as a voice says it."""
    return {text: say(text, rate_hz=RATE_HZ) for text in (TRAIN, FLOWERS, PHONE)}


@pytest.fixture
def place(
    start_worker: Callable[..., ExitStack],
    translation: LibreTranslateStandIn,
    engines: OpenAIStandIn,
    said: dict[str, Pcm],
    tmp_path: Path,
) -> Iterator[Place]:
    """A recogniser that knows the sentences, a translator that marks its text, a voice of tones."""
    folder = tmp_path / "rooms"
    engines.transcribe = KnownSpeech(said)
    with start_worker(
        AGENT_NAME=AGENT,
        AGENT_MODE="interpret",
        STT_ENGINE="openai",
        STT_URL=engines.url,
        STT_LANGUAGE="en",
        TRANSLATE_URL=translation.url,
        TTS_ENGINE="openai",
        TTS_URL=engines.url,
        INTERPRET_VOICES="*=onyx,*=nova",
        AGENT_ISOLATION="thread",
        RECORD="audio",
        RECORD_FOLDER=str(folder),
    ) as stack:
        yield Place(stack.worker, folder)  # type: ignore[attr-defined]


async def recorded(folder: Path) -> tuple[Path, Recording]:
    """The only room, once its file is complete."""
    async with asyncio.timeout(30):
        while True:
            found = await asyncio.to_thread(lambda: list(folder.glob("*.jsonl.gz")))
            if found:
                recording = await asyncio.to_thread(load, found[0])
                if next(recording.of("end"), None) is not None:
                    return found[0], recording
            await asyncio.sleep(0.2)


def loud(pcm: NDArray[np.int16], rate_hz: int) -> NDArray[np.bool_]:
    """In which 10 ms there is sound."""
    size = rate_hz // 100
    frames = pcm[: len(pcm) // size * size].reshape(-1, size).astype(np.float64) / 32768
    return np.asarray(np.sqrt((frames**2).mean(axis=1)) > LOUD)


async def test_a_room_is_kept_as_it_was(
    livekit: LiveKitProcess, place: Place, engines: OpenAIStandIn, said: dict[str, Pcm],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    async with meeting(livekit, AGENT) as talk:
        reader = await talk.reads(READER)
        bob = await talk.listens(BOB, "pt", hears="pt")
        await bob.hears_a("pt")
        ann, amy, phone = [
            await talk.speaks(who, frame_s=MICROPHONE_FRAME_S, phone=who == CALLER)
            for who in (ANN, AMY, CALLER)
        ]
        assert bob.agent is not None
        assert bob.agent.attributes[RECORDED] == "audio"
        await reader.until(lambda: NOTICE in reader.notices)
        await ann.wait_until(lambda: bool(ann.log.notices))
        await amy.wait_until(lambda: bool(amy.log.notices))
        spoken = {ANN: ann.microphone.say(said[TRAIN])}
        await asyncio.sleep(1.0)
        spoken[AMY] = amy.microphone.say(said[FLOWERS])
        phone.microphone.say(said[PHONE])

        def state() -> tuple[int, int]:
            return len(final(reader, "translation")), len(bob.told)

        def all_is_said() -> bool:
            people = {who for who, _ in final(reader, "translation")}
            told = [message["playing"] for _, message in bob.told]
            return len(people) == 3 and 0 < told.count(True) == told.count(False)

        before = (-1, -1)
        while state() != before:
            before = state()
            await asyncio.sleep(3.0)
            await bob.until(all_is_said, within_s=40)
        number = {identity: n for n, identity in enumerate(talk.people, 1)}
        shown: dict[int, list[str]] = {}
        for speaker, text in final(reader, "original"):
            shown.setdefault(number[speaker], []).append(text)
        translations = sorted(text for _, text in final(reader, "translation"))
        told_voices = [message["playing"] for _, message in bob.told].count(True)
    file, recording = await recorded(place.folder)
    room = room_of(recording)

    text = await asyncio.to_thread(lambda: gzip.decompress(file.read_bytes()).decode())
    assert [name for name in (talk.name, *talk.people) if name in text] == []
    assert recording.whole

    # What was shown is in it, each on its track, and nothing else.
    found: dict[int, list[str]] = {}
    for clause in room.clauses:
        found.setdefault(clause.person, []).append(clause.text)
        assert clause.shown is not None
        assert len(clause.translations) == 1
    assert found == shown
    made = {id(t): t for clause in room.clauses for t in clause.translations}.values()
    assert sorted(one.text for one in made) == translations
    assert all(one.shown is not None and one.works for one in made)

    # Where its words are said to be, its track has that voice.
    sounds = {track.number: RecordedSound(recording, track.number) for track in room.tracks}
    for identity, sentence in ((ANN, TRAIN), (AMY, FLOWERS)):
        clauses = of(room, number[identity])
        sound = sounds[clauses[0].track]
        whole = sound.between(0.0, room.length_s)
        voiced = np.flatnonzero(loud(whole, HEARD_HZ)) / 100
        assert clauses[0].begin == pytest.approx(voiced[0], abs=0.3)
        # The recogniser here knows nothing of what a busy machine stretches: what stalls at the
        # microphone, and what comes late and is drawn out by who receives it.
        stalled_s = sum(long for _, long in spoken[identity].stalls)
        assert voiced[-1] - stalled_s - 1.2 < clauses[-1].end < voiced[-1] + 0.5
        alike = KnownSpeech(said).alike(whole / 32768, HEARD_HZ)
        assert max(alike, key=lambda text: alike[text]) == sentence
        for clause in clauses:
            # Stalls of a busy microphone are silence.
            within = loud(sound.between(clause.begin, clause.end), HEARD_HZ)
            assert within.mean() > 0.3, clause.text
            assert clause.begin < clause.end
        for clause, following in zip(clauses, clauses[1:], strict=False):
            assert clause.end <= following.begin

    # The voice sounds when its sayings are said to, and says their words.
    [voice] = room.voices
    assert (voice.language, len(room.sayings)) == ("pt", told_voices)
    assert not room.left_out
    for saying in room.sayings:
        assert saying.end is not None
        pcm = sounds[voice.number].between(saying.begin, saying.end)
        assert loud(pcm, sounds[voice.number].rate_hz).mean() > 0.5
        words = [
            word.partition(":")[2]
            for word, _, _ in engines.heard_words(
                pcm.astype(np.float32) / 32768, rate_hz=sounds[voice.number].rate_hz
            )
        ]
        wanted = tokens(saying.text)
        assert sum(word in words for word in wanted) >= 0.8 * len(wanted)
    for clause in room.clauses:
        assert len(clause.sayings) == 1
        assert clause.sayings[0].begin > clause.begin

    # Nobody's sound is in it before they were told; a telephone shows no notice, and is not.
    told = {event.facts["person"]: event.t for event in recording.of("announced")}
    assert sorted(told) == [number[name] for name in (READER, BOB, ANN, AMY)]
    owner = {track.number: track.person for track in room.people}
    kept = [event for event in recording.of("sound") if "pcm" in event.facts]
    assert {owner[event.facts["track"]] for event in kept} == {
        number[ANN], number[AMY],
    }  # fmt: skip
    for event in kept:
        assert event.facts["at"] >= told[owner[event.facts["track"]]] - 0.15
    notices = {
        tuple(event.facts["people"]): event.facts["text"] for event in recording.of("notice")
    }
    assert notices[(number[ANN],)] == NOTICE
    assert notices[(number[BOB],)] in (IN_PORTUGUESE, NOTICE)
    assert [event.kind for event in recording.events][-1] == "end"
    assert next(recording.of("cost")).facts["engines"]

    await shown_to_a_person(file, room, capsys)


def final(reader: CaptionReader, kind: str) -> list[tuple[str, str]]:
    """Who said it, and the final text of each caption; streams may be read in another order."""
    return [
        (segment.speaker, [text for _, text, final in segment.versions if final][-1])
        for segment in reader.segments.values()
        if segment.kind == kind and any(text and final for _, text, final in segment.versions)
    ]


def of(room: RecordedRoom, person: int) -> list[Clause]:
    return [clause for clause in room.clauses if clause.person == person]


async def shown_to_a_person(
    file: Path, room: RecordedRoom, capsys: pytest.CaptureFixture[str]
) -> None:
    """The commands: a table and a picture, subtitles, a sound file; no turns to decide again."""
    subtitles, sound = file.with_name("talk.srt"), file.with_name("talk.wav")
    argv = ["replay", str(file), "--transcript", str(subtitles), "--sound", str(sound)]
    assert await asyncio.to_thread(cli.main, argv) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert f"{len(room.clauses)} clauses of 3 people" in printed
    picture = file.with_name(file.name.partition(".")[0] + ".svg")
    drawn = await asyncio.to_thread(lambda: ElementTree.parse(picture).getroot())
    bars = [box.get("class") for box in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    assert sum(str(look).startswith("clause") for look in bars) >= len(room.clauses)
    assert sum(str(look).startswith("saying") for look in bars) >= len(room.sayings)
    links = [path.get("class") for path in drawn.iter("{http://www.w3.org/2000/svg}path")]
    assert sum(str(look).startswith("link") for look in links) >= len(room.clauses)
    assert all(clause.text in subtitles.read_text() for clause in room.clauses)
    with wave.open(str(sound)) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (3, 16000)
        assert wav.getnframes() / 16000 == pytest.approx(room.length_s, abs=1.0)
    assert await asyncio.to_thread(cli.main, [*argv[:2], "--with", "TURN_MIN_SILENCE_S=0.4"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
