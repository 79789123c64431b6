"""The interpreter's voices: real speech, listeners who hear their language."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from agent.turns.words import tokens
from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from testbed.livekit_process import LiveKitProcess
from testbed.speech import say
from testbed.voice_listener import RATE_HZ as HEARD_HZ
from testbed.voice_listener import VoiceListener
from tests.fakes.known_speech import KnownSpeech
from tests.room.conftest import Worker
from tests.room.meeting_room import meeting

pytestmark = pytest.mark.timeout(120)

AGENT = "interpreter"
TRAIN, FLOWERS = "The first train leaves at seven.", "I like the yellow flowers best."
GOOD_DAY = "Bom dia, eu moro perto da estação."


@pytest.fixture(scope="module")
def said() -> dict[str, Pcm]:
    """Each sentence as a voice says it."""
    return {text: say(text, rate_hz=RATE_HZ) for text in (TRAIN, FLOWERS, GOOD_DAY)}


@pytest.fixture
def interpreter(
    start_worker: Callable[..., ExitStack],
    translation: LibreTranslateStandIn,
    engines: OpenAIStandIn,
    said: dict[str, Pcm],
) -> Iterator[Worker]:
    """A recogniser that knows the sentences, a translator that marks its text, a voice of tones."""
    engines.transcribe = KnownSpeech(said)
    with start_worker(
        AGENT_NAME=AGENT,
        AGENT_MODE="interpret",
        STT_ENGINE="openai",
        STT_URL=engines.url,
        TRANSLATE_URL=translation.url,
        TTS_ENGINE="openai",
        TTS_URL=engines.url,
        INTERPRET_VOICES="*=onyx,*=nova",
        AGENT_ISOLATION="thread",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


def heard(listener: VoiceListener, language: str, engines: OpenAIStandIn) -> list[str]:
    """The words that a listener has heard in a language."""
    words = engines.heard_words(listener.voice(language).pcm(), rate_hz=HEARD_HZ)
    return [word for word, _, _ in words]


def ended(listener: VoiceListener, count: int = 1) -> Callable[[], bool]:
    """Whether so many translations were said to their end."""
    return lambda: sum(not told["playing"] for _, told in listener.told) >= count


async def test_each_hears_their_language_alone(
    livekit: LiveKitProcess, interpreter: Worker, engines: OpenAIStandIn, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        bob = await room.listens("bob", "pt", hears="pt")
        await bob.hears_a("pt")
        eva = await room.listens("eva", "es", hears="es")
        await eva.hears_a("es")
        ann = await room.speaks("ann")
        ann.microphone.say(said[TRAIN])
        await bob.until(ended(bob))
        await eva.until(ended(eva))
        assert (bob.voices, eva.voices) == (["pt"], ["es"])
        for listener, language in ((bob, "pt"), (eva, "es")):
            words = heard(listener, language, engines)
            assert words[0] == f"onyx:{language}"
            assert sum(f"onyx:{word}" in words for word in tokens(TRAIN)) >= 4
            began = next(told for _, told in listener.told if told["playing"])
            assert (began["speaker"], began["language"]) == ("ann", language)


async def test_two_people_have_two_voices_and_take_turns(
    livekit: LiveKitProcess, interpreter: Worker, engines: OpenAIStandIn, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        bob = await room.listens("bob", "pt", hears="pt")
        await bob.hears_a("pt")
        ann, amy = await room.speaks("ann"), await room.speaks("amy")
        ann.microphone.say(said[TRAIN])
        amy.microphone.say(said[FLOWERS])
        await bob.until(ended(bob, 2))
        accents = [word.partition(":")[0] for word in heard(bob, "pt", engines)]
        turns = [one for one, before in zip(accents, ["", *accents], strict=False) if one != before]
        assert sorted(turns) == ["nova", "onyx"]


async def test_nobody_hears_themselves_translated(
    livekit: LiveKitProcess, interpreter: Worker, engines: OpenAIStandIn, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        bob = await room.listens("bob", "pt", hears="pt")
        await bob.hears_a("pt")
        ann = await room.talks("en", hears="pt")
        await ann.listener.hears_a("pt")
        ann.microphone.say(said[TRAIN])
        await bob.until(ended(bob))
        assert heard(bob, "pt", engines)
        assert not heard(ann.listener, "pt", engines)


async def test_two_people_talk_each_in_their_own_language(
    livekit: LiveKitProcess, interpreter: Worker, engines: OpenAIStandIn, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        ann = await room.talks("en", hears="en", identity="ann")
        bea = await room.talks("pt", hears="pt", identity="bea")
        for speaker, sentence, listener, language in (
            (ann, TRAIN, bea.listener, "pt"),
            (bea, GOOD_DAY, ann.listener, "en"),
        ):
            await listener.hears_a(language)
            speaker.microphone.say(said[sentence])
            await listener.until(ended(listener))
            words = [word.partition(":")[2] for word in heard(listener, language, engines)]
            assert words[0] == language
            assert sum(word in words for word in tokens(sentence)) >= 4


async def test_a_voice_is_there_while_somebody_wants_it(
    livekit: LiveKitProcess, interpreter: Worker
) -> None:
    async with meeting(livekit, AGENT) as room:
        bob = await room.listens("bob", "pt", hears="pt")
        await bob.hears_a("pt")
        await bob.speaks("pt", hears="es")
        await bob.until(lambda: bob.voices == ["es"])
        await bob.speaks("pt", hears="")
        await bob.until(lambda: bob.voices == [])
        await bob.until(lambda: bob.agent is not None and not bob.agent.track_publications)
