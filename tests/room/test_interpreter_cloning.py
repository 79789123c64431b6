"""The interpreter speaks with a person's own voice: real speech, a spoken yes.

The voice is a stand-in of Fish-Speech: what it is sent tells whose recording speaks.
"""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from typing import Any

import numpy as np
import pytest
from livekit import rtc

from agent.audio.pcm import from_wav
from agent.hearing.ear import RATE_HZ as SAMPLE_HZ
from agent.interpreting.cloning import NO_MICROPHONE
from agent.interpreting.consent import LEAST_S, MOST_S
from agent.room_protocol import CLONE_VOICE, CLONING, TOPIC_CLONE
from agent.turns.words import tokens
from agent.wording.lexicon import ENGLISH
from rejoinder.scripted_caller.caller import Caller
from rejoinder.scripted_caller.microphone import RATE_HZ, Pcm
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.libretranslate_server import LibreTranslateStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from rejoinder.stand_ins.pcm_server import FishSpeechStandIn
from rejoinder.stand_ins.pcm_server.base import Request
from testbed.livekit_process import LiveKitProcess
from testbed.programs import Background
from testbed.speech import say
from tests.fakes.known_speech import KnownSpeech
from tests.room.conftest import Worker
from tests.room.meeting_room import meeting

pytestmark = [pytest.mark.timeout(120), pytest.mark.heard]

AGENT = "own-voices"
YES = ENGLISH.consent.sentence
NO = "I do not agree that the interpreter speaks with my voice."
STORY = (
    "I went to the station this morning, but the train had already left.",
    "So I waited for an hour on the cold platform.",
    "Then I walked home along the old canal.",
)
TRAIN, FLOWERS, BUS = (
    "The first train leaves at seven.",
    "I like the yellow flowers best.",
    "The last bus goes at midnight.",
)
KNOWN_BY = {TRAIN: "leaves", FLOWERS: "yellow", BUS: "midnight"}
_PAUSE_S = 1.3
_TRIES = 4


@pytest.fixture(scope="module")
def said() -> dict[str, Pcm]:
    """Each sentence as a voice says it, and a pause."""
    pause = np.zeros(round(_PAUSE_S * RATE_HZ), np.float32)
    return {
        text: np.concatenate([say(text, rate_hz=RATE_HZ), pause])
        for text in (YES, NO, *STORY, TRAIN, FLOWERS, BUS)
    }


@pytest.fixture(scope="module")
def servers(background: Background) -> Iterator[tuple[LibreTranslateStandIn, FishSpeechStandIn]]:
    stack = AsyncExitStack()
    translation = background.run(stack.enter_async_context(LibreTranslateStandIn().serve()))
    voices = background.run(stack.enter_async_context(FishSpeechStandIn().serve()))
    yield translation, voices
    background.run(stack.aclose())


@pytest.fixture(scope="module")
def worker(
    start_worker: Callable[..., ExitStack],
    servers: tuple[LibreTranslateStandIn, FishSpeechStandIn],
    standing_in: OpenAIStandIn,
) -> Iterator[Worker]:
    """A recogniser that knows the sentences, a translator that marks its text, voices."""
    translation, voices = servers
    with start_worker(
        AGENT_NAME=AGENT,
        AGENT_MODE="interpret",
        AGENT_RETURN_S="2",
        AGENT_ISOLATION="thread",
        STT_ENGINE="openai",
        STT_URL=standing_in.url,
        STT_LANGUAGE="en",
        TRANSLATE_URL=translation.url,
        TTS_ENGINE="fish_speech",
        TTS_URL=voices.url,
        INTERPRET_VOICES="*=anna,*=bert",
        INTERPRET_CLONING="ask",
    ) as stack:
        yield stack.worker  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def recogniser(engines: OpenAIStandIn, said: dict[str, Pcm]) -> None:
    engines.transcribe = KnownSpeech(said)


@pytest.fixture
def voices(servers: tuple[LibreTranslateStandIn, FishSpeechStandIn]) -> FishSpeechStandIn:
    """The voices' server, with nothing recorded."""
    _, voices = servers
    voices.requests.clear()
    voices.how = Behaviour()
    return voices


class Person:
    """Somebody with a microphone, and what they were told of their own voice."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.told: list[tuple[str, str]] = []
        """State and why."""
        self._reading: set[asyncio.Task[None]] = set()
        caller.room.register_text_stream_handler(TOPIC_CLONE, self._on_told)

    async def asks(self, **asked: Any) -> dict[str, Any]:
        """Call `clone_voice`."""
        await self.caller.wait_until(lambda: self.caller.agent is not None)
        assert self.caller.agent is not None
        answer = await self.caller.room.local_participant.perform_rpc(
            destination_identity=self.caller.agent.identity,
            method=CLONE_VOICE,
            payload=json.dumps(asked),
        )
        told: dict[str, Any] = json.loads(answer)
        return told

    async def asks_as_heard(self) -> dict[str, Any]:
        """Ask for one's own voice, once the agent hears one."""
        async with asyncio.timeout(10):
            while True:
                try:
                    return await self.asks(ask=True)
                except rtc.RpcError as error:
                    if error.message != NO_MICROPHONE:
                        raise
                    await asyncio.sleep(0.1)

    async def says(self, pcm: Pcm) -> None:
        """Say something, until it is said."""
        await self.caller.microphone.say(pcm).done.wait()

    async def until(self, holds: Callable[[], bool], *, within_s: float = 30.0) -> None:
        async with asyncio.timeout(within_s):
            while not holds():
                await asyncio.sleep(0.05)

    async def until_told(self, state: str, why: str) -> None:
        await self.until(lambda: (state, why) in self.told)

    def _on_told(self, reader: rtc.TextStreamReader, sender: str) -> None:
        task = asyncio.create_task(self._read(reader))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read(self, reader: rtc.TextStreamReader) -> None:
        message = json.loads(await reader.read_all())
        self.told.append((message["state"], message["why"]))


async def is_cloned(person: Person, said: dict[str, Pcm], voices: FishSpeechStandIn) -> None:
    """Ask, agree, and go on talking until it is done."""
    answer = await person.asks_as_heard()
    assert (answer["state"], answer["say"], answer["language"]) == ("asked", YES, "en")
    for _ in range(_TRIES):
        # On a busy machine sound is missing, and then it is not clearly a yes.
        await person.says(said[YES])
        if ("recording", "agreed") in person.told:
            break
    await person.until_told("recording", "agreed")
    assert not any("references" in request.body for request in voices.requests)
    for text in STORY * 2:
        await person.says(said[text])
        if ("own", "recorded") in person.told:
            break
    await person.until_told("own", "recorded")


async def spoken(voices: FishSpeechStandIn, text: str, *, within_s: float = 25.0) -> Request:
    """The first request that was answered and has the word by which a sentence is known."""
    async with asyncio.timeout(within_s):
        while True:
            for request in list(voices.requests):
                if request.outcome == "completed" and KNOWN_BY[text] in request.body["text"]:
                    return request
            await asyncio.sleep(0.05)


async def test_who_says_yes_is_heard_in_their_own_voice_until_they_delete_it(
    livekit: LiveKitProcess, worker: Worker, voices: FishSpeechStandIn, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        bob = await room.listens("bob", "pt", hears="pt")
        ann = Person(await room.speaks("ann"))
        assert bob.agent is not None
        await bob.until(lambda: bob.agent.attributes.get(CLONING) == "ask")  # type: ignore[union-attr]
        assert await ann.asks() == {"state": "none"}
        await is_cloned(ann, said, voices)
        assert ann.told == [("recording", "agreed"), ("own", "recorded")]

        amy = Person(await room.speaks("amy"))
        await ann.says(said[TRAIN])
        own = (await spoken(voices, TRAIN)).body
        await amy.says(said[FLOWERS])
        others = (await spoken(voices, FLOWERS)).body
        [reference] = own["references"]
        assert "reference_id" not in own
        assert "references" not in others
        assert others["reference_id"] in ("anna", "bert")

        # It is her sound, and its words are what was said in it.
        recording, rate_hz = from_wav(base64.b64decode(reference["audio"]))
        assert rate_hz == SAMPLE_HZ
        assert LEAST_S <= len(recording) / SAMPLE_HZ <= MOST_S
        words = tokens(reference["text"])
        assert words[: len(tokens(YES))] == tokens(YES)
        story = words[len(tokens(YES)) :]
        right = [word for word in story if word in tokens(" ".join(STORY))]
        assert len(right) > 0.8 * len(story) > 0
        sounds = {text: said[text] for text in (YES, TRAIN, FLOWERS, BUS)}
        alike = KnownSpeech(sounds).alike(recording[: 4 * SAMPLE_HZ], SAMPLE_HZ)
        assert max(alike, key=lambda text: alike[text]) == YES
        assert "leaves" not in words

        assert await ann.asks(ask=False) == {"state": "none"}
        await ann.says(said[BUS])
        after = (await spoken(voices, BUS)).body
        assert "references" not in after
        assert after["reference_id"] in ("anna", "bert")
        assert amy.told == []
    log = worker.program.log.read_text(errors="replace")
    assert reference["audio"][:64] not in log
    assert "speaks with my voice" not in log.lower()


async def test_a_no_never_clones(
    livekit: LiveKitProcess, worker: Worker, voices: FishSpeechStandIn, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        await room.listens("bob", "pt", hears="pt")
        ann = Person(await room.speaks("ann"))
        assert (await ann.asks_as_heard())["state"] == "asked"
        await ann.says(said[NO])
        await ann.until_told("none", "refused")
        # Without having asked, the sentence is one like any other.
        for text in (YES, STORY[0], TRAIN):
            await ann.says(said[text])
        assert "references" not in (await spoken(voices, TRAIN)).body
        assert not any("references" in request.body for request in voices.requests)
        assert ann.told == [("none", "refused")]
        assert await ann.asks() == {"state": "none"}


async def test_a_voice_that_fails_is_told_once_and_who_comes_later_has_none(
    livekit: LiveKitProcess, worker: Worker, voices: FishSpeechStandIn, said: dict[str, Pcm]
) -> None:
    async with meeting(livekit, AGENT) as room:
        await room.listens("bob", "pt", hears="pt")
        async with room.speaking("ann") as caller:
            ann = Person(caller)
            await is_cloned(ann, said, voices)
            await ann.says(said[FLOWERS])
            assert "references" in (await spoken(voices, FLOWERS)).body
            tries = 2
            voices.how = Behaviour(status=500, failures=tries)
            await ann.says(said[TRAIN])
            usual = (await spoken(voices, TRAIN)).body
            assert usual["reference_id"] in ("anna", "bert")
            begun = next(n for n, r in enumerate(voices.requests) if r.outcome == "refused")
            kinds = [("references" in r.body, r.outcome) for r in voices.requests[begun:]]
            assert kinds[:tries] == [(True, "refused")] * tries
            assert set(kinds[tries:]) == {(False, "completed")}, "no sentence is said in two voices"
            await ann.until_told("own", "failed")
            await ann.says(said[BUS])
            assert "references" not in (await spoken(voices, BUS)).body
            assert ann.told.count(("own", "failed")) == 1
            assert await ann.asks() == {"state": "own"}
        await asyncio.sleep(3.0)  # more than AGENT_RETURN_S
        voices.requests.clear()
        async with room.speaking("ann") as other:
            assert await Person(other).asks() == {"state": "none"}


async def test_where_nothing_is_spoken_nothing_is_offered(
    livekit: LiveKitProcess, worker: Worker
) -> None:
    async with meeting(livekit, AGENT, json.dumps({"mode": "captions", "to": ["pt"]})) as room:
        bob = await room.listens("bob", "pt", hears="pt")
        ann = Person(await room.speaks("ann"))
        with pytest.raises(rtc.RpcError, match="nothing is spoken here"):
            await ann.asks(ask=True)
        assert bob.agent is not None
        assert CLONING not in bob.agent.attributes
