"""A telephone's sound: the line of the tests is what it says, and its echo is known for one."""

import numpy as np
import pytest

from agent.hearing.ear import HOP_S
from agent.hearing.ear import RATE_HZ as HEARD_HZ
from agent.turns.actions import Attend, Began, Ended, Hold, Stop
from rejoinder.scripted_caller.microphone import RATE_HZ
from testbed.loudspeaker import PLAYED_HZ, Table
from testbed.network_patterns import CLEAN, WORN, Pattern
from testbed.speech import say
from testbed.telephone import G722, NOISE_DBFS, PACKET_S, PCMA, PCMU, Codec, Coder, Line, Pcm

pytestmark = pytest.mark.timeout(60)

REPLY = "Certainly, that is easy to explain. You may interrupt me whenever you like."
HANDBOOK = "The handbook says that a turn is over when you have been silent for a while."
TRAIN = "Tomorrow morning there is a train at eight twenty from platform four."
CALLER = "Wait, I have another question about it."
LATE_S = 0.15
CODECS = pytest.mark.parametrize("codec", [PCMU, PCMA], ids=["PCMU", "PCMA"])


@pytest.mark.parametrize(
    ("codec", "values"),
    [
        (PCMU, {0x80: 32124, 0x00: -32124, 0xFF: 0, 0xFE: 8, 0xF0: 120, 0xEF: 132}),
        (PCMA, {0xD5: 8, 0x55: -8, 0xAA: 32256, 0x2A: -32256, 0xC5: 264, 0xDA: 248}),
    ],
    ids=["PCMU", "PCMA"],
)
def test_the_codes_are_those_of_the_recommendation(codec: Codec, values: dict[int, int]) -> None:
    """ITU-T G.711 (11/88), tables 1a to 2b."""
    coder = Coder(codec)
    assert {code: int(coder.decode(bytes([code]))[0]) for code in values} == values


@CODECS
def test_the_line_carries_the_band_of_a_telephone_and_nothing_else(codec: Codec) -> None:
    at = np.arange(RATE_HZ) / RATE_HZ

    def through(hz: float) -> float:
        tone = (0.3 * np.sin(2 * np.pi * hz * at)).astype(np.float32)
        return float(20 * np.log10(np.std(Line(codec, rate_hz=RATE_HZ)(tone)) / np.std(tone)))

    assert through(1000) == pytest.approx(0, abs=0.5)
    assert through(3000) == pytest.approx(0, abs=1.0)
    assert max(through(60), through(5000)) < -20


def table(
    codec: Codec,
    echo_db: float,
    *,
    late_s: float = LATE_S,
    reply: str = REPLY,
    network: Pattern | None = None,
) -> Table:
    """The agent talks to a line that sends its voice back, by a codec both ways."""
    up, there = (Line(codec, rate_hz=HEARD_HZ, network=network) for _ in range(2))
    random = np.random.default_rng(4)

    def line(pcm: Pcm) -> Pcm:
        noise = random.standard_normal(len(pcm)) * 10 ** (NOISE_DBFS / 20)
        return up(there(pcm) + noise.astype(np.float32))

    gain = np.array([10 ** (echo_db / 20)])
    return Table(say(reply, rate_hz=PLAYED_HZ), late_s, response=gain, line=line)


def first_heard_s(talk: Table, at_s: float) -> float:
    """Where the audio begins of what is attended to last, of a caller who begins at a time."""
    caller = say(CALLER, rate_hz=HEARD_HZ)
    onset_s = int(np.argmax(np.abs(caller) > 0.02)) / HEARD_HZ
    talk.lasts(at_s + 2.0, caller=caller, after_s=at_s - onset_s)
    at, attended = next((at, a) for at, a in reversed(talk.log) if isinstance(a, Attend))
    return at - (len(attended.onset.before) + 1) * HOP_S


@CODECS
@pytest.mark.parametrize("echo_db", [-3, -6, -12, -20])
def test_the_lines_echo_does_not_interrupt_the_agent(codec: Codec, echo_db: float) -> None:
    talk = table(codec, echo_db)
    talk.lasts(len(talk.played) / PLAYED_HZ + 1.0)
    assert talk.echoes, "it was not known"
    assert not any(isinstance(action, Stop | Began | Ended) for _, action in talk.log)


@pytest.mark.parametrize(
    ("codec", "echo_db", "network"),
    [(G722, -6, None), (G722, -20, WORN), (PCMU, -6, WORN), (PCMA, -20, WORN)],
    ids=["G722", "G722 worn", "PCMU worn", "PCMA worn"],
)
def test_nor_does_an_echo_of_which_packets_are_lost(
    codec: Codec, echo_db: float, network: Pattern | None
) -> None:
    talk = table(codec, echo_db, network=network)
    talk.lasts(len(talk.played) / PLAYED_HZ + 1.0)
    assert not any(isinstance(action, Stop | Began | Ended) for _, action in talk.log)


@pytest.mark.parametrize("dbfs", [-60, -50, -40])
def test_comfort_noise_that_comes_and_goes_is_no_voice(dbfs: float) -> None:
    """As from a telephone that sends nothing in pauses, and whose network fills them.

    Where it is as loud as soft speech, the reply is held for a moment when it begins.
    """
    line, random, hop = Line(PCMU, rate_hz=HEARD_HZ), np.random.default_rng(6), 0

    def comforted(pcm: Pcm) -> Pcm:
        nonlocal hop
        hop += 1
        sounds = hop // 40 % 2  # in turns of 0.4 s
        noise = random.standard_normal(len(pcm)) * 10 ** (dbfs / 20) * sounds
        return line(noise.astype(np.float32))

    talk = Table(say(REPLY, rate_hz=PLAYED_HZ), None, line=comforted)
    talk.lasts(len(talk.played) / PLAYED_HZ + 1.0)
    assert not any(isinstance(action, Stop | Began | Ended) for _, action in talk.log)
    assert max(talk.holds_s, default=0.0) < (0.2 if dbfs > -45 else 0.01)


@CODECS
@pytest.mark.parametrize("echo_db", [-3, -20])
def test_a_caller_over_the_lines_echo_is_heard(codec: Codec, echo_db: float) -> None:
    talk = table(codec, echo_db)
    caller = say(CALLER, rate_hz=HEARD_HZ)
    onset_s = int(np.argmax(np.abs(caller) > 0.02)) / HEARD_HZ
    talk.lasts(4.0, caller=caller, after_s=2.0 - onset_s)
    assert 2.0 < talk.at(Stop) < 3.6
    assert talk.at(Hold) < 2.8


BARGE_IN = (
    "Barge-in means that you may interrupt. Speak while the agent speaks, and it stops in the "
    "middle of its sentence. Then it listens and answers what you said."
)


@pytest.mark.parametrize(
    ("at_s", "late_s", "words"),
    [
        (2.05, 0.3, "Wait, how do I start the demo?"),
        (2.4, 0.45, "Wait, how do I start the demo?"),
        (5.9, 0.3, "Wait, how do I start the demo?"),
        (7.3, 0.3, "No, I meant something else entirely."),
    ],
)
def test_the_echo_of_a_held_reply_does_not_take_a_whole_sentence_away(
    at_s: float, late_s: float, words: str
) -> None:
    """As loud as the caller and half a second late, it was found in the pauses between words."""
    talk = table(PCMU, -6, late_s=late_s, reply=BARGE_IN)
    talk.known_after_s = 0.8
    caller = say(words, rate_hz=HEARD_HZ)
    onset_s = int(np.argmax(np.abs(caller) > 0.02)) / HEARD_HZ
    talk.lasts(at_s + 3.0, caller=caller, after_s=at_s - onset_s)
    assert at_s < talk.at(Stop) < at_s + 1.2


@pytest.mark.parametrize(
    ("echo_db", "late_s", "reply"),
    [
        (-12, 0.1, REPLY), (-20, 0.15, HANDBOOK), (-20, 0.1, TRAIN), (-24, 0.2, REPLY),
        (-12, 0.2, REPLY), (-6, 0.05, REPLY), (-20, 0.2, HANDBOOK), (-24, 0.5, HANDBOOK),
    ],
)  # fmt: skip
def test_what_the_detector_remembers_of_an_echo_is_no_voice(
    echo_db: float, late_s: float, reply: str
) -> None:
    """It says speech for 0.3 s after an echo: that was a turn, or held the reply for 2 s."""
    talk = table(PCMU, echo_db, late_s=late_s, reply=reply)
    talk.lasts(len(talk.played) / PLAYED_HZ + 3.0)
    assert not any(isinstance(action, Stop | Began | Ended) for _, action in talk.log)
    assert max(talk.holds_s) < 0.6


@pytest.mark.parametrize("echo_db", [-12, -20])
@pytest.mark.parametrize("at_s", [1.4, 2.0, 2.6])
def test_the_first_words_over_the_lines_echo_reach_the_recogniser(
    echo_db: float, at_s: float
) -> None:
    talk = table(PCMU, echo_db, late_s=0.25)
    assert first_heard_s(talk, at_s) < at_s + 0.1


def test_a_line_takes_its_sound_in_pieces() -> None:
    voice = np.random.default_rng(3).uniform(-0.5, 0.5, RATE_HZ).astype(np.float32)
    whole, in_pieces = (Line(PCMU, rate_hz=RATE_HZ) for _ in range(2))
    pieces = [in_pieces(voice[at : at + 480]) for at in range(0, len(voice), 480)]
    assert np.allclose(whole(voice), np.concatenate(pieces), atol=1e-6)


@pytest.mark.parametrize("codec", [PCMU, G722], ids=["PCMU", "G722"])
def test_a_packet_that_is_lost_or_comes_too_late_is_silence(codec: Codec) -> None:
    voice = np.random.default_rng(2).uniform(-0.3, 0.3, RATE_HZ).astype(np.float32)
    pattern = Pattern("the fifth is lost, the tenth late", (*[0.0] * 4, None, *[0.0] * 4, 0.2))
    clean, hit = (Line(codec, rate_hz=RATE_HZ, network=way)(voice) for way in (CLEAN, pattern))
    size = round(PACKET_S * RATE_HZ)
    # Filters smear a packet over the edges of those beside it.
    middles = [slice(n * size + 600, n * size + 900) for n in range(1, len(voice) // size)]
    silent = [n for n, at in enumerate(middles) if np.std(hit[at]) < np.std(clean[at]) / 30]
    assert silent == list(range(4, len(middles), 5))
    if codec.by_sample:  # G.722's decoder goes on from what it had before
        assert all(
            np.allclose(hit[at], clean[at]) for n, at in enumerate(middles) if n % 5 not in (4, 0)
        )


def test_g722_carries_twice_the_band_of_g711() -> None:
    at = np.arange(RATE_HZ) / RATE_HZ
    tone = (0.3 * np.sin(2 * np.pi * 6000 * at)).astype(np.float32)
    wide, narrow = (Line(codec, rate_hz=RATE_HZ)(tone) for codec in (G722, PCMU))
    assert np.std(wide) == pytest.approx(np.std(tone), rel=0.2)
    assert np.std(narrow) < np.std(tone) / 10
