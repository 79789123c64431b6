"""Voicemails are known by how long they greet and by their beep; people are not taken for one."""

import numpy as np
import pytest
from livekit import rtc
from numpy.typing import NDArray

from agent.hearing.ear import HOP, RATE_HZ, Ear, load_detector
from agent.hearing.voicemail import GREETING_S, Beep, Greeting
from agent.metadata import JobMetadata, LeftMessage, read
from testbed.human_speech import decode, find
from testbed.speech import say
from testbed.telephone import NOISE_DBFS, PCMA, PCMU, Codec, Line
from tests.conftest import without_tool
from tests.fakes.phone_talk import Does, Mumble, PhoneTalk, Tone, hold
from tests.fakes.phone_talk import Line as Words

pytestmark = pytest.mark.timeout(60)

Pcm = NDArray[np.float32]
MACHINE = (
    "Hello, you have reached the office of Smith and Company. We cannot take your call right now. "
    "Please leave a message after the tone, and we will call you back as soon as we can."
)
PEOPLE = [
    "Hello?",
    "Hello, who is this?",
    "Smith and Company, good morning, this is Mary speaking, how can I help you?",
]
HANG_UP = JobMetadata(voicemail="hangup")
LEAVE = JobMetadata(voicemail=LeftMessage(leave="Your parcel is here."))
FEATURES = ("agent.features.voicemail",)
HELLO = Words("Hello?", 1.0, 1.6)
LONG = Words("You have reached somebody who is not here " * 3, 0.6, 9.0)


def by_telephone(pcm: Pcm, codec: Codec) -> NDArray[np.int16]:
    """What comes of a sound on a line with comfort noise."""
    noise = np.random.default_rng(2).standard_normal(len(pcm)) * 10 ** (NOISE_DBFS / 20)
    heard = Line(codec, rate_hz=RATE_HZ)((pcm + noise).astype(np.float32))
    return (np.clip(heard, -1, 1) * 32767).astype(np.int16)


def tones(*hz: float, lasts_s: float, db: float = -20.0) -> Pcm:
    at = np.arange(round(lasts_s * RATE_HZ)) / RATE_HZ
    wave = sum(np.sin(2 * np.pi * one * at) for one in hz)
    return np.asarray(wave * np.sqrt(2) * 10 ** (db / 20) / len(hz), np.float32)


def framed(pcm: Pcm, *, before_s: float = 0.5, after_s: float = 0.5) -> Pcm:
    return np.pad(pcm, (round(before_s * RATE_HZ), round(after_s * RATE_HZ)))


def beeps(pcm: NDArray[np.int16]) -> int:
    beep = Beep()
    return sum(beep.hear(pcm[at : at + HOP]) for at in range(0, len(pcm), HOP))


@pytest.mark.parametrize("codec", [PCMU, PCMA], ids=["PCMU", "PCMA"])
@pytest.mark.parametrize("hz", [800, 850, 1000, 1004, 1100, 1333, 1400, 1500])
@pytest.mark.parametrize(("lasts_s", "db"), [(0.2, -12), (0.2, -35), (1.5, -20)])
def test_a_beep_is_heard_once_on_any_line(
    codec: Codec, hz: float, lasts_s: float, db: float
) -> None:
    assert beeps(by_telephone(framed(tones(hz, lasts_s=lasts_s, db=db)), codec)) == 1


@pytest.mark.parametrize(
    "sound",
    [
        tones(1000, lasts_s=0.08),
        tones(440, lasts_s=2.0),
        tones(425, 450, lasts_s=2.0),
        tones(2100, lasts_s=2.0),
        tones(770, 1336, lasts_s=0.5),
        tones(941, 1477, lasts_s=0.5),
        tones(950, 1400, lasts_s=0.3),
        tones(1000, lasts_s=1.0, db=-60),
        np.random.default_rng(1).standard_normal(RATE_HZ).astype(np.float32) * 0.1,
        np.sin(2 * np.pi * np.cumsum(np.linspace(700, 1600, RATE_HZ)) / RATE_HZ).astype("f4") * 0.3,
    ],
    ids=[
        *("short", "dial tone", "ringing", "fax", "key 5", "key #", "two tones", "faint"),
        *("noise", "whistle"),
    ],
)
def test_what_is_no_beep_is_none(sound: Pcm) -> None:
    assert beeps(by_telephone(framed(sound), PCMU)) == 0


@pytest.mark.parametrize("text", [*PEOPLE, MACHINE])
def test_no_voice_is_a_beep(text: str) -> None:
    assert beeps(by_telephone(framed(say(text, rate_hz=RATE_HZ)), PCMU)) == 0


@pytest.mark.parametrize("language", ["en", "es", "fr", "it", "ru"])
@pytest.mark.parametrize("name", ["conf-onlyperson", "vm-intro", "vm-goodbye", "hello-world"])
def test_no_recorded_person_is_a_beep(language: str, name: str) -> None:
    file = find(language, name)
    if file is None:
        without_tool("the recordings", f"apt-get install asterisk-core-sounds-{language}-g722")
    assert beeps(by_telephone(decode(file, rate_hz=RATE_HZ), PCMU)) == 0


def is_machine(pcm: NDArray[np.int16]) -> bool:
    """By a voice as the real detector hears it; a turn ends 0.6 s after it."""
    ear, greeting = Ear(load_detector()()), Greeting()
    quiet, known = 1000, False
    for hop in ear.push(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm))):
        quiet = 0 if hop.probability > 0.5 else quiet + 1
        known |= greeting.hear(hop.pcm, speaks=quiet < 60)
    return known


@pytest.mark.parametrize("text", PEOPLE)
def test_people_who_answer_are_no_voicemail(text: str) -> None:
    said = say(text, rate_hz=RATE_HZ)
    assert len(said) / RATE_HZ < GREETING_S + 0.5
    assert not is_machine(by_telephone(framed(said, after_s=8.0), PCMU))


def test_a_greeting_that_goes_on_is_that_of_a_voicemail() -> None:
    said = say(MACHINE, rate_hz=RATE_HZ)
    assert is_machine(by_telephone(framed(said, before_s=1.5, after_s=1.0), PCMU))


def test_who_listens_first_and_then_talks_for_long_is_a_person() -> None:
    said = say(MACHINE, rate_hz=RATE_HZ)
    assert not is_machine(by_telephone(framed(said, before_s=4.0), PCMU))
    hello = framed(say("Hello?", rate_hz=RATE_HZ), after_s=2.0)
    assert not is_machine(by_telephone(np.concatenate([hello, said]), PCMU))


def called(*script: Words | Mumble | Tone | Does, told: JobMetadata, **more: object) -> PhoneTalk:
    held: PhoneTalk = hold(
        *script,
        features=FEATURES,
        metadata=told,
        **more,  # type: ignore[arg-type]
    )
    assert held.failures == 0
    return held


def label(held: PhoneTalk) -> str | None:
    return held.room.local_participant.attributes.get("rejoinder.answered_by")


def test_a_voicemail_is_hung_up_and_the_room_is_told() -> None:
    held = called(LONG, told=HANG_UP)
    assert held.said == []
    assert held.ended == pytest.approx(0.6 + GREETING_S + 0.6, abs=0.4)
    assert label(held) == "voicemail"


def test_a_beep_alone_is_enough() -> None:
    held = called(HELLO, Tone(1000, 4.0, 4.6), told=HANG_UP)
    assert held.ended == pytest.approx(4.15 + 0.6, abs=0.2)


def test_a_person_is_talked_to() -> None:
    held = called(HELLO, told=HANG_UP, lasts_s=20.0)
    assert held.texts == ["I see."]
    assert held.ended is None
    assert label(held) is None


def test_a_message_is_left_after_the_beep_has_ended() -> None:
    held = called(LONG, Tone(1000, 10.0, 11.0), told=LEAVE)
    assert held.texts == ["Your parcel is here."]
    assert 11.0 < held.began[0] < 12.0
    assert held.ended is not None
    assert held.ended >= held.said[0][0]


def test_without_a_beep_it_is_left_once_nothing_more_is_said() -> None:
    held = called(LONG, told=LEAVE)
    assert held.texts == ["Your parcel is here."]
    assert 12.0 < held.began[0] < 16.0


def test_the_greeting_of_the_agent_is_stopped_for_it() -> None:
    held = called(
        LONG,
        Tone(1000, 10.0, 10.4),
        told=LEAVE,
        settings={"AGENT_GREETING": "Good day, this is the office. " * 6, "TURN_BARGE_IN": "false"},
    )
    assert held.texts[-1] == "Your parcel is here."
    assert held.said[0][0] < 0.6 + GREETING_S + 1.0


def test_nothing_is_listened_for_before_the_call_is_answered() -> None:
    ringing = {"sip.callStatus": "ringing"}
    held = called(
        Tone(1000, 1.0, 2.0),
        Does(lambda held: held.label(sip_callStatus="active"), 3.0),
        HELLO,
        told=HANG_UP,
        attributes=ringing,
        lasts_s=15.0,
    )
    assert held.ended is None
    held = called(
        Does(lambda held: held.label(sip_callStatus="active"), 3.0),
        Tone(1000, 6.0, 6.5),
        told=HANG_UP,
        attributes=ringing,
        lasts_s=15.0,
    )
    assert held.ended is not None


def test_who_is_on_the_line_for_long_is_a_person() -> None:
    held = called(HELLO, Tone(1000, 40.0, 41.0), told=HANG_UP, lasts_s=45.0)
    assert held.ended is None


@pytest.mark.parametrize("told", [JobMetadata(), JobMetadata(voicemail="talk")])
def test_without_a_wish_nobody_looks_for_one(told: JobMetadata) -> None:
    held = called(LONG, Tone(1000, 10.0, 11.0), told=told, lasts_s=20.0)
    assert held.ended is None


def test_a_job_is_told_what_to_do() -> None:
    assert read('{"rejoinder": {"voicemail": "hangup"}}').voicemail == "hangup"
    left = read('{"rejoinder": {"voicemail": {"leave": "It is here."}}}')
    assert left.voicemail == LeftMessage(leave="It is here.")
    assert left.asked == {"voicemail"}
    assert "here" not in repr(left)
