"""A telephone in an interpreted room: one track, with the originals low and the translation on top.

Who is told apart in it has a tone of their own; the translation is a voice of tones too.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest
from livekit import api

from agent.turns.words import tokens
from rejoinder.scripted_caller.microphone import RATE_HZ, Microphone, Pcm
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from testbed.speech import say
from testbed.telephone import PCMU, Line, spoken_through
from testbed.voice_listener import RATE_HZ as HEARD_HZ
from testbed.voice_listener import VoiceListener
from tests.fakes.known_speech import KnownSpeech
from tests.room.conftest import Worker
from tests.room.meeting_room import MIX, meeting

pytestmark = pytest.mark.timeout(180)

AGENT = "phones"
TRAIN = "The first train leaves at seven."
OTHER_HZ, SAME_HZ, OWN_HZ = 3300.0, 3600.0, 2950.0
"""Tones of somebody who is translated, of somebody who is not, and of the telephone itself: above
those of the translation's words."""
AMPLITUDE = 0.2
TRIES = 3


def tone(hz: float, *, lasting_s: float = 30.0) -> Pcm:
    """Somebody's tone: no voice, so that nobody recognises it."""
    t = np.arange(round(lasting_s * RATE_HZ)) / RATE_HZ
    return (AMPLITUDE * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def amplitude(pcm: Pcm, hz: float) -> float:
    """Of a tone in a recording, where it is loudest for half a second."""
    size = HEARD_HZ // 2
    t = np.arange(size) / HEARD_HZ
    wave = np.exp(-2j * np.pi * hz * t) * np.hanning(size)
    pieces = [pcm[n : n + size] for n in range(0, len(pcm) - size, size)]
    return max((4 * float(np.abs(piece @ wave)) / size for piece in pieces), default=0.0)


@pytest.fixture(scope="module")
def train() -> Pcm:
    """The sentence as a voice says it."""
    return say(TRAIN, rate_hz=RATE_HZ)


@pytest.fixture(scope="module")
def interpreter(
    start_worker: Callable[..., ExitStack],
    translation: LibreTranslateStandIn,
    standing_in: OpenAIStandIn,
) -> Iterator[Worker]:
    """A recogniser that knows a sentence, a translator that marks its text, a voice of tones."""
    with start_worker(
        AGENT_NAME=AGENT,
        AGENT_MODE="interpret",
        STT_ENGINE="openai",
        STT_URL=standing_in.url,
        TRANSLATE_URL=translation.url,
        TTS_ENGINE="openai",
        TTS_URL=standing_in.url,
        INTERPRET_VOICES="*=onyx",
        AGENT_ISOLATION="thread",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def recogniser(engines: OpenAIStandIn, train: Pcm) -> None:
    engines.transcribe = KnownSpeech({TRAIN: train})


def said_in(pcm: Pcm, language: str, engines: OpenAIStandIn) -> bool:
    """Whether the sentence was heard in a language, from its beginning to its end."""
    words = [word for word, _, _ in engines.heard_words(pcm, rate_hz=HEARD_HZ)]
    found = sum(f"onyx:{word}" in words for word in tokens(TRAIN))
    return f"onyx:{language}" in words and found >= 4


async def say_until_heard(
    microphone: Microphone, pcm: Pcm, listener: VoiceListener, heard: Callable[[], bool]
) -> None:
    """Say a sentence until a translation of it is heard whole; a busy machine makes holes."""
    for said in range(1, TRIES + 1):
        microphone.say(pcm)
        await listener.until(
            lambda said=said: sum(not told["playing"] for _, told in listener.told) >= said
        )
        if heard():
            return
    pytest.fail(f"not one of {TRIES} translations was heard whole")


@pytest.mark.heard
async def test_a_telephone_hears_originals_low_and_the_translation_on_top(
    livekit: LiveKitProcess, interpreter: Worker, engines: OpenAIStandIn, train: Pcm
) -> None:
    async with meeting(livekit, AGENT) as room:
        phone = await room.calls("pt", hears="pt")
        await phone.is_left_with(MIX)
        bob = await room.listens("bob", "pt", hears="pt")
        await bob.hears_a("pt")
        ann, cy, eva = [
            await room.speaks(name, language)
            for name, language in (("ann", "en"), ("cy", "en"), ("eva", "pt"))
        ]
        await phone.is_left_with(MIX)
        for microphone, hz in (
            (phone.microphone, OWN_HZ),
            (cy.microphone, OTHER_HZ),
            (eva.microphone, SAME_HZ),
        ):
            microphone.say(tone(hz))
        await say_until_heard(
            ann.microphone,
            train,
            phone.listener,
            lambda: (
                said_in(phone.mix(), "pt", engines)
                and said_in(bob.voice("pt").pcm(), "pt", engines)
            ),
        )
        heard = phone.mix()
        assert amplitude(heard, SAME_HZ) == pytest.approx(AMPLITUDE, rel=0.2)
        assert amplitude(heard, OTHER_HZ) == pytest.approx(AMPLITUDE * 10 ** (-18 / 20), rel=0.3)
        assert amplitude(heard, OWN_HZ) < 0.01
        assert phone.hears == {MIX}
        assert [voice.name for voice in bob.heard.values()] == ["pt"]


@pytest.mark.heard
async def test_what_a_telephone_says_is_translated_for_others_alone(
    livekit: LiveKitProcess, interpreter: Worker, engines: OpenAIStandIn, train: Pcm
) -> None:
    async with meeting(livekit, AGENT) as room:
        phone = await room.calls("en", hears="pt")
        await phone.is_left_with(MIX)
        bob = await room.listens("bob", "pt", hears="pt")
        await bob.hears_a("pt")
        by_telephone = spoken_through(Line(PCMU, rate_hz=RATE_HZ), train)
        await say_until_heard(
            phone.microphone,
            by_telephone,
            bob,
            lambda: said_in(bob.voice("pt").pcm(), "pt", engines),
        )
        assert not engines.heard_words(phone.mix(), rate_hz=HEARD_HZ)


@pytest.mark.patient
async def test_the_tracks_come_back_when_the_agent_leaves(
    livekit: LiveKitProcess, interpreter: Worker, lkapi: api.LiveKitAPI
) -> None:
    async with meeting(livekit, AGENT) as room:
        phone = await room.calls("pt", hears="pt")
        await room.speaks("ann", "en")
        await phone.is_left_with(MIX)
        [dispatch] = await lkapi.agent_dispatch.list_dispatch(room.name)
        await lkapi.agent_dispatch.delete_dispatch(dispatch.id, room.name)
        await phone.is_left_with("ann")


@pytest.mark.patient
async def test_the_tracks_come_back_when_nothing_is_to_be_translated(
    livekit: LiveKitProcess, interpreter: Worker, lkapi: api.LiveKitAPI
) -> None:
    async with meeting(livekit, AGENT) as room:
        phone = await room.calls("pt", hears="pt")
        await room.speaks("ann", "en")
        await phone.is_left_with(MIX)
        await phone.listener.speaks("pt", hears="")
        await phone.is_left_with("ann")


@pytest.mark.patient
async def test_a_telephone_that_hears_no_translation_keeps_all_tracks(
    livekit: LiveKitProcess, interpreter: Worker
) -> None:
    async with meeting(livekit, AGENT) as room:
        phone = await room.calls("en", hears="")
        await room.listens("bob", "pt", hears="pt")
        await room.speaks("ann", "en")
        await phone.is_left_with("ann")
        assert not phone.listener.heard
