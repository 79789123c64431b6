"""A room with captions: real speech, real clients, with and without a real recogniser."""

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, suppress

import pytest
from livekit import rtc

from agent.interpreting.room import FAILED
from agent.room_protocol import SET_LANGUAGE
from agent.turns.words import tokens
from benchmarks.voices import speak
from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn, Request
from testbed.human_speech import decode, find
from testbed.livekit_process import LiveKitProcess
from testbed.network_patterns import MILD
from testbed.programs import Background
from testbed.rough_path import RoughPath, rough_path
from testbed.speech import say
from tests.conftest import require, without_tool
from tests.fakes.known_speech import KnownSpeech
from tests.room.conftest import Worker
from tests.room.meeting_room import meeting, says

pytestmark = pytest.mark.timeout(120)

AGENT, WHISPER = "captions", "whisper"
SENTENCE = "I went to the station this morning, but the train had already left."
LONG = (
    "I went to the station this morning, but the train had already left, so I waited for an hour "
    "on the cold platform, and then I walked home through the rain along the old canal."
)
SENTENCES = (
    SENTENCE,
    LONG,
    "Good morning, everybody.",
    "The first train leaves at seven.",
    "The first train leaves at nine.",
    "I like the yellow flowers best.",
    "Hello, this is Ann.",
    "Now I am back again.",
)


@pytest.fixture(scope="module")
def said() -> dict[str, Pcm]:
    """Each sentence as a voice says it."""
    return {text: say(text, rate_hz=RATE_HZ) for text in SENTENCES}


@pytest.fixture
def path(background: Background, livekit: LiveKitProcess) -> Iterator[RoughPath]:
    """A way into the room that can be made worse."""
    stack = AsyncExitStack()
    yield background.run(stack.enter_async_context(rough_path(livekit.url)))
    background.run(stack.aclose())


def recorded(language: str, name: str) -> Pcm:
    """A person's voice; without the recordings the test is skipped, and fails under CI."""
    file = find(language, name)
    if file is None:
        without_tool("the recordings", f"apt-get install asterisk-core-sounds-{language}-g722")
    return decode(file, rate_hz=RATE_HZ)


@pytest.fixture(scope="module")
def captions(
    start_worker: Callable[..., ExitStack],
    translation: LibreTranslateStandIn,
    standing_in: OpenAIStandIn,
) -> Iterator[Worker]:
    """A worker that captions: a recogniser that knows what is said, a translator that marks it."""
    with start_worker(
        AGENT_NAME=AGENT,
        AGENT_MODE="captions",
        STT_ENGINE="openai",
        STT_URL=standing_in.url,
        STT_LANGUAGE="en",
        TRANSLATE_URL=translation.url,
        TRANSLATE_TIMEOUT_S="2",
        INTERPRET_TO="pt",
        AGENT_ISOLATION="thread",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def known(said: dict[str, Pcm]) -> KnownSpeech:
    return KnownSpeech(said)


@pytest.fixture(autouse=True)
def recogniser(engines: OpenAIStandIn, known: KnownSpeech) -> None:
    engines.transcribe = known


@pytest.fixture(scope="module")
def whisper(
    start_worker: Callable[..., ExitStack], translation: LibreTranslateStandIn
) -> Iterator[Worker]:
    """The same with a real recogniser, tiny.en in its process."""
    with start_worker(
        AGENT_NAME=WHISPER,
        AGENT_MODE="captions",
        STT_ENGINE="whisper",
        TRANSLATE_URL=translation.url,
        INTERPRET_TO="pt",
        AGENT_ISOLATION="thread",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


@pytest.mark.heard
async def test_what_somebody_says_is_written_in_both_languages(
    livekit: LiveKitProcess, whisper: Worker, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, WHISPER) as room:
        reader = await room.reads()
        ann = await room.speaks("ann")
        ann.microphone.say(said[SENTENCE])
        await reader.until(lambda: says(reader.text(kind="translation"), SENTENCE))
        await asyncio.sleep(1.0)  # what may be corrected is by then
        original = reader.final(kind="original")
        translated = reader.final(kind="translation")
    heard = tokens(" ".join(s.text for s in original))
    assert says(" ".join(heard), SENTENCE)
    assert tokens(" ".join(s.text for s in translated).replace("[pt]", "")) == heard
    assert {(s.speaker, s.language) for s in original} == {("ann", "en")}
    assert {(s.speaker, s.language, s.track) for s in translated} == {
        ("ann", "pt", original[0].track)
    }
    assert translated[0].of == original[0].number


async def test_a_clause_is_translated_while_the_sentence_goes_on(
    livekit: LiveKitProcess,
    captions: Worker,
    engines: OpenAIStandIn,
    said: dict[str, Pcm],
) -> None:
    words, whole_s = LONG.split(), len(said[LONG]) / RATE_HZ

    def transcribe(request: Request) -> str:
        """So many words as there is sound for."""
        assert request.audio is not None
        spoken_s = len(request.audio) / request.audio_rate_hz - 0.5
        return " ".join(words[: round(spoken_s / whole_s * len(words))])

    engines.transcribe = transcribe
    async with meeting(livekit, AGENT) as room:
        reader = await room.reads()
        ann = await room.speaks("ann")
        saying = ann.microphone.say(said[LONG])
        await reader.until(lambda: bool(reader.final(kind="translation")))
        first = reader.final(kind="translation")[0]
    assert first.text == "[pt] I went to the station this morning,"
    assert not saying.done.is_set()


async def test_who_dispatches_says_into_which_languages(
    livekit: LiveKitProcess, captions: Worker, said: dict[str, Pcm]
) -> None:
    metadata = json.dumps({"mode": "captions", "to": ["es", "en"]})
    async with meeting(livekit, AGENT, metadata) as room:
        reader = await room.reads()
        ann = await room.speaks("ann")
        ann.microphone.say(said["Good morning, everybody."])
        await reader.until(lambda: bool(reader.final(kind="translation")))
        await asyncio.sleep(0.5)
        assert {s.language for s in reader.final(kind="translation")} == {"es"}


async def test_people_say_which_language_they_want_to_read(
    livekit: LiveKitProcess, captions: Worker, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        reader = await room.reads()
        ann = await room.speaks("ann")
        local, agent = reader.room.local_participant, reader.agent
        assert agent is not None
        answer = await local.perform_rpc(
            destination_identity=agent.identity,
            method=SET_LANGUAGE,
            payload=json.dumps({"hears": "zh"}),
        )
        assert json.loads(answer) == {"speaks": "", "hears": "zh"}
        with pytest.raises(rtc.RpcError, match="language tags"):
            await local.perform_rpc(
                destination_identity=agent.identity, method=SET_LANGUAGE, payload="[]"
            )
        ann.microphone.say(said["Good morning, everybody."])
        await reader.until(
            lambda: {"pt", "zh"} <= {s.language for s in reader.final(kind="translation")}
        )


async def test_two_people_are_told_apart(
    livekit: LiveKitProcess, captions: Worker, said: dict[str, Pcm]
) -> None:
    train, flowers = "The first train leaves at seven.", "I like the yellow flowers best."
    async with meeting(livekit, AGENT) as room:
        reader = await room.reads()
        ann, bob = await room.speaks("ann"), await room.speaks("bob")
        ann.microphone.say(said[train])
        bob.microphone.say(said[flowers])
        await reader.until(
            lambda: (
                says(reader.text(kind="translation", speaker="ann"), train)
                and says(reader.text(kind="translation", speaker="bob"), flowers)
            )
        )
        assert not says(reader.text(speaker="ann"), flowers)
        assert not says(reader.text(speaker="bob"), train)


async def test_when_the_translator_fails_the_original_goes_on(
    livekit: LiveKitProcess,
    captions: Worker,
    said: dict[str, Pcm],
    translation: LibreTranslateStandIn,
) -> None:
    async with meeting(livekit, AGENT) as room:
        reader = await room.reads()
        ann = await room.speaks("ann")
        translation.how.status = 500
        try:
            ann.microphone.say(said["The first train leaves at nine."])
            await reader.until(lambda: any(s.untranslated for s in reader.final()))
        finally:
            translation.how.status = 200
        await reader.until(lambda: FAILED in reader.notices)
        [first, *_] = [s for s in reader.final() if s.untranslated]
        assert first.text == reader.final(kind="original")[0].text
        ann.microphone.say(said["I like the yellow flowers best."])
        await reader.until(lambda: "[pt]" in reader.text(kind="translation"))


async def test_who_leaves_and_comes_back_is_written_again(
    livekit: LiveKitProcess, captions: Worker, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        reader = await room.reads()
        for text in ("Hello, this is Ann.", "Now I am back again."):
            async with room.speaking("ann") as ann:
                ann.microphone.say(said[text])
                before = len(reader.final(kind="translation"))
                await reader.until(lambda n=before: len(reader.final(kind="translation")) > n)  # type: ignore[misc]
        numbers = [s.number for s in reader.final(kind="original")]
        assert len(set(numbers)) == len(numbers)


async def test_the_last_words_of_somebody_who_leaves_are_written(
    livekit: LiveKitProcess, captions: Worker, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        reader = await room.reads()
        async with room.speaking("ann") as ann:
            await ann.microphone.say(said[SENTENCE]).done.wait()
        await reader.until(lambda: says(reader.text(kind="translation"), SENTENCE))
        assert {s.speaker for s in reader.final()} == {"ann"}


async def test_what_was_said_before_a_change_of_language_is_written(
    livekit: LiveKitProcess, captions: Worker, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        reader = await room.reads()
        ann, agent = await room.speaks("ann"), reader.agent
        assert agent is not None
        await ann.microphone.say(said[SENTENCE]).done.wait()
        await ann.room.local_participant.perform_rpc(
            destination_identity=agent.identity,
            method=SET_LANGUAGE,
            payload=json.dumps({"speaks": "en-GB"}),
        )
        await reader.until(lambda: says(reader.text(kind="translation"), SENTENCE))
        ann.microphone.say(said["I like the yellow flowers best."])
        flowers = "I like the yellow flowers best."
        await reader.until(lambda: says(reader.text(kind="translation"), flowers))
        numbers = [s.number for s in reader.final(kind="original")]
        assert len(set(numbers)) == len(numbers)


async def test_a_muted_microphone_ends_what_was_said(
    livekit: LiveKitProcess, captions: Worker, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        reader = await room.reads()
        ann = await room.speaks("ann")
        saying = ann.microphone.say(said["The first train leaves at seven."])
        await saying.done.wait()
        for publication in ann.room.local_participant.track_publications.values():
            assert isinstance(publication.track, rtc.LocalAudioTrack)
            publication.track.mute()
        await reader.until(lambda: bool(reader.final(kind="translation")))


@pytest.mark.heard
async def test_a_line_that_loses_and_delays_costs_no_clause(
    livekit: LiveKitProcess, whisper: Worker, said: dict[str, Pcm], path: RoughPath
) -> None:
    path.pattern = MILD
    async with meeting(livekit, WHISPER) as room:
        reader = await room.reads()
        ann = await room.speaks("ann", url=path.url)
        ann.microphone.say(said[LONG])
        await reader.until(lambda: says(reader.text(kind="translation"), LONG))
        assert path.lost > 0
        await asyncio.sleep(1.0)
        # On such a line one may come before another that was sent earlier.
        originals = sorted(tokens(reader.text(kind="original")))
        assert sorted(tokens(reader.text(kind="translation").replace("[pt]", ""))) == originals


@pytest.mark.heard
async def test_three_voices_one_of_them_a_recorded_person_are_told_apart(
    livekit: LiveKitProcess, whisper: Worker, said: dict[str, Pcm]
) -> None:
    require("flite", "apt-get install flite")
    sentences = {
        "ann": "You are currently the only person in this conference.",
        "bob": "The first train leaves at seven.",
        "cleo": "I like the yellow flowers best.",
    }
    sounds = {
        "ann": recorded("en", "conf-onlyperson"),
        "bob": said[sentences["bob"]],
        "cleo": speak(sentences["cleo"], voice="flite:slt").pcm,
    }
    async with meeting(livekit, WHISPER) as room:
        reader = await room.reads()
        people = {name: await room.speaks(name) for name in sentences}

        def unwritten() -> list[str]:
            return [
                name
                for name, sentence in sentences.items()
                if not says(reader.text(kind="translation", speaker=name), sentence)
            ]

        # A busy microphone stalls: whose words were spoilt says them again.
        for _ in range(3):
            for name in unwritten():
                people[name].microphone.say(sounds[name])
            with suppress(TimeoutError):
                await reader.until(lambda: not unwritten(), within_s=25)
                break
        assert unwritten() == []
        for name, sentence in sentences.items():
            others = [reader.text(speaker=other) for other in sentences if other != name]
            assert not any(says(text, sentence) for text in others)
