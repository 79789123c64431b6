"""Who is spoken for in their own voice: asking, taking back, leaving, failing; on virtual time."""

import asyncio
import gc
import json
import sys
import weakref
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from livekit import rtc

from agent.audio.pcm import from_wav
from agent.costs.meter import Meter
from agent.hearing.ear import HOP, RATE_HZ, Hop
from agent.interpreting.casting import Casting
from agent.interpreting.cloning import NO_MICROPHONE, NO_SENTENCE, OVER, TOLD, Cloning
from agent.interpreting.consent import ANSWER_S, RECORD_S
from agent.interpreting.own_voices import REST_S, OwnVoices, why_no_voices
from agent.interpreting.speech_queue import Saying, SpeechQueue
from agent.room_protocol import TOPIC_CLONE
from agent.tts.cloning import VoiceSample
from agent.tts.fish_speech import engine as fish_speech
from agent.turns.recogniser import Onset
from agent.wording.lexicon import LEXICONS
from tests.fakes import virtual_time
from tests.fakes.metering import metered

SENTENCE = LEXICONS["en"].consent.sentence
RETURN_S = 20.0
ALONE = 2
"""References to what one variable knows, and who asks."""


@dataclass(eq=False)
class Engine:
    """An engine in one of its voices."""

    name: str = "engine"
    voice: str = ""
    speed: float = 1.0
    sample: VoiceSample | None = None
    language: str = ""
    clones: bool = True
    provider: str = "here"

    async def aclose(self) -> None: ...

    def with_voice(self, voice: str, *, speed: float) -> "Engine":
        return Engine(self.name, voice, speed)

    def like(self, sample: VoiceSample, *, language: str, speed: float) -> "Engine":
        return Engine(self.name, "", speed, sample, language)


@dataclass(eq=False)
class Heard:
    """Somebody's track, which a test lets say something."""

    identity: str = "ann"
    spoken: str = "en"
    witness: Any = None
    now: float = 0.0

    def witnessed_by(self, witness: Any) -> None:
        self.witness = witness

    def says(self, text: str, seconds: float, level: int = 1000) -> None:
        """An utterance, and a second of silence after it."""
        if self.witness is not None:
            self.witness.begins(Onset((), -60.0, over_agent=False))
            pcm = np.full(HOP, level, np.int16)
            for _ in range(round(seconds * 100)):
                self.witness.hears(Hop(pcm, -20.0, True, -60.0, 0.99, True), voiced=True)
            self.now += seconds
            self.witness.knows(text, "en", now=self.now, speech=True, whole=True)
        self.now += 1.0


@dataclass
class Messages:
    told: list[tuple[tuple[str, ...], str, str]] = field(default_factory=list)
    """To whom, the state, why."""

    def publish(self, topic: str, message: dict[str, Any], *, to: list[str]) -> None:
        assert topic == TOPIC_CLONE
        assert message["text"] == TOLD[message["why"]]
        self.told.append((tuple(to), message["state"], message["why"]))


class Rig:
    def __init__(self) -> None:
        clock = asyncio.get_running_loop().time
        self.engine, self.spare, self.messages = Engine(), Engine("embedded"), Messages()
        self.own = OwnVoices(self.engine, clock=clock)  # type: ignore[arg-type]
        self.casting = Casting(
            self.engine,  # type: ignore[arg-type]
            self.spare,  # type: ignore[arg-type]
            {"*": ("nova",)},
            self.own,
        )
        self.cloning = Cloning(
            self.own,
            self.messages,  # type: ignore[arg-type]
            return_s=RETURN_S,
            clock=clock,
        )

    def call(self, heard: Heard | None, *, identity: str = "ann", **asked: Any) -> dict[str, Any]:
        answer = self.cloning.answer(identity, json.dumps(asked), heard)  # type: ignore[arg-type]
        told: dict[str, Any] = json.loads(answer)
        return told

    def first(self, speaker: str = "ann", *, summary: bool = False) -> Any:
        """Who is asked first to say something for somebody."""
        saying = Saying(speaker, "s", "Olá.", 0.0, summary=summary)
        return self.casting.line_up(saying, "pt", 1.0)[0]

    def clone(self, heard: Heard) -> None:
        assert self.call(heard, ask=True)["state"] == "asked"
        heard.says(SENTENCE, 3.0, level=1000)
        heard.says("And then I went home.", 5.5, level=2000)
        assert self.call(heard)["state"] == "own"


def scene(play: Callable[[Rig], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """A test on virtual time, beside what looks at the clock."""

    async def main() -> None:
        rig = Rig()
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(rig.cloning.run())
            await play(rig)
            running.cancel()

    def test() -> None:
        virtual_time.run(main())

    test.__name__ = play.__name__
    return test


@scene
async def test_who_says_yes_is_spoken_for_in_their_own_voice(rig: Rig) -> None:
    ann = Heard()
    assert rig.call(ann, ask=True) == {
        "state": "asked", "say": SENTENCE, "language": "en", "within_s": ANSWER_S
    }  # fmt: skip
    assert rig.first().voice == "nova"
    ann.says(SENTENCE, 3.0, level=1000)
    assert rig.call(ann) == {"state": "recording"}
    assert rig.first().voice == "nova"
    ann.says("And then I went home.", 5.5, level=2000)
    assert rig.call(ann) == {"state": "own"}
    assert ann.witness is None
    own = rig.first()
    samples, rate_hz = from_wav(own.sample.wav)
    assert rate_hz == RATE_HZ
    levels = np.rint(samples * 32768).astype(int)
    assert sorted(set(levels.tolist())) == [1000, 2000]
    assert own.sample.text == f"{SENTENCE} And then I went home."
    assert own.sample.length_s == pytest.approx(8.5)
    assert (own.sample.language, own.language) == ("en", "pt")
    assert "went" not in repr(own.sample)
    assert rig.first() is own, "it is made once"
    assert rig.first("bob").voice == "nova"
    assert rig.first(summary=True).voice == "nova", "a model's words are not theirs"
    assert rig.messages.told == [
        (("ann",), "recording", "agreed"),
        (("ann",), "own", "recorded"),
    ]


@scene
async def test_nobody_says_yes_for_somebody_else(rig: Rig) -> None:
    ann, bob = Heard(), Heard("bob")
    rig.call(ann, ask=True)
    bob.says(SENTENCE, 3.0)
    assert bob.witness is None
    assert rig.call(ann)["state"] == "asked"


@scene
async def test_a_no_and_a_silence_are_told_and_keep_nothing(rig: Rig) -> None:
    ann = Heard()
    rig.call(ann, ask=True)
    ann.says("I do not agree that the interpreter speaks with my voice.", 3.0)
    assert rig.call(ann) == {"state": "none"}
    rig.call(ann, ask=True)
    await asyncio.sleep(ANSWER_S + 0.1)
    assert rig.call(ann) == {"state": "none"}
    assert ann.witness is None
    rig.call(ann, ask=True)
    ann.says(SENTENCE, 2.5)
    await asyncio.sleep(RECORD_S + 0.1)
    assert rig.call(ann) == {"state": "none"}
    assert [why for _, _, why in rig.messages.told] == [
        "refused", "unsaid", "agreed", "too_little"
    ]  # fmt: skip
    assert rig.first().voice == "nova"


@scene
async def test_what_is_deleted_is_gone(rig: Rig) -> None:
    ann = Heard()
    rig.clone(ann)
    wav = rig.first().sample.wav
    kept = weakref.ref(rig.first())
    assert rig.call(ann, ask=False) == {"state": "none"}
    await asyncio.sleep(0.1)
    assert kept() is None
    assert sys.getrefcount(wav) == ALONE, "nothing but this test knows the recording"
    assert rig.first().voice == "nova"
    assert rig.call(ann, ask=False) == {"state": "none"}, "twice is harmless"


@scene
async def test_it_may_be_taken_back_in_the_middle(rig: Rig) -> None:
    ann = Heard()
    rig.call(ann, ask=True)
    ann.says(SENTENCE, 3.0)
    assert rig.call(ann, ask=False) == {"state": "none"}
    ann.says("And then I went home.", 5.5)
    assert rig.call(ann) == {"state": "none"}
    assert rig.first().voice == "nova"


@scene
async def test_a_voice_waits_for_who_has_left_and_no_longer(rig: Rig) -> None:
    rig.clone(Heard())
    rig.cloning.left("ann")
    await asyncio.sleep(RETURN_S - 0.1)
    rig.cloning.joined("ann")
    await asyncio.sleep(RETURN_S)
    assert rig.first().sample is not None
    rig.cloning.left("ann")
    await asyncio.sleep(RETURN_S + 0.1)
    rig.cloning.joined("ann")
    assert rig.first().voice == "nova"
    assert rig.call(Heard()) == {"state": "none"}


@scene
async def test_a_yes_is_of_one_connection(rig: Rig) -> None:
    ann = Heard()
    rig.call(ann, ask=True)
    ann.says(SENTENCE, 3.0)
    rig.cloning.left("ann")
    assert ann.witness is None
    rig.cloning.joined("ann")
    again = Heard()
    assert rig.call(again) == {"state": "none"}
    again.says("And then I went home.", 5.5)
    assert rig.first().voice == "nova"


@scene
async def test_another_microphone_or_language_is_asked_anew(rig: Rig) -> None:
    ann = Heard()
    rig.call(ann, ask=True)
    rig.cloning.lost(Heard())  # type: ignore[arg-type]  # another track of hers
    assert rig.call(ann)["state"] == "asked"
    rig.cloning.lost(ann)  # type: ignore[arg-type]
    assert rig.call(ann) == {"state": "none"}
    assert rig.messages.told == [(("ann",), "none", "changed")]


@scene
async def test_a_voice_that_fails_rests_and_its_owner_is_told_once(rig: Rig) -> None:
    rig.clone(Heard())
    rig.messages.told.clear()
    for _ in range(2):
        own = rig.first()
        assert own.sample is not None
        rig.casting.has_failed("ann", own)
        assert rig.first().voice == "nova"
        await asyncio.sleep(REST_S + 0.1)
    assert rig.messages.told == [(("ann",), "own", "failed")]
    rig.casting.has_failed("bob", rig.first("bob"))
    stale = rig.first()
    rig.call(None, ask=False)
    rig.clone(Heard())
    rig.casting.has_failed("ann", stale)
    assert rig.first().sample is not None, "an engine of a deleted voice has failed"


@scene
async def test_what_cannot_be_asked_for_is_an_error(rig: Rig) -> None:
    def refusal(heard: Heard | None, payload: str, cloning: Cloning = rig.cloning) -> Any:
        with pytest.raises(rtc.RpcError) as caught:
            cloning.answer("ann", payload, heard)  # type: ignore[arg-type]
        return caught.value.code, caught.value.message

    for payload in ("[]", "x", '"ask"', '{"ask": 1}', '{"ask": "yes"}', "7"):
        assert refusal(Heard(), payload)[0] == 400, payload
    assert refusal(None, '{"ask": true}') == (409, NO_MICROPHONE)
    assert refusal(Heard(spoken="pl"), '{"ask": true}') == (422, NO_SENTENCE)
    off = Cloning(
        None,
        rig.messages,  # type: ignore[arg-type]
        return_s=1.0,
        clock=asyncio.get_running_loop().time,
        why_not="it is off",
    )
    assert not off.offered
    for payload in ("{}", '{"ask": true}', '{"ask": false}'):
        assert refusal(Heard(), payload, off) == (501, "it is off")
    assert rig.call(None) == {"state": "none"}


@scene
async def test_each_is_asked_in_the_language_that_they_speak(rig: Rig) -> None:
    asked = rig.call(Heard(spoken="pt-BR"), ask=True)
    assert (asked["say"], asked["language"]) == (LEXICONS["pt"].consent.sentence, "pt")
    assert rig.call(Heard(identity="bob", spoken=""), identity="bob", ask=True)["say"] == SENTENCE


@scene
async def test_the_end_of_the_job_is_the_end_of_all_voices(rig: Rig) -> None:
    ann, bob = Heard(), Heard("bob")
    rig.clone(ann)
    rig.call(bob, identity="bob", ask=True)
    rig.cloning.close()
    assert "ann" not in rig.own
    assert bob.witness is None
    assert not rig.cloning.offered
    with pytest.raises(rtc.RpcError, match=OVER):
        rig.call(ann, ask=True)


async def test_an_engine_that_is_counted_lets_go_of_the_recording_at_once() -> None:
    server = await asyncio.to_thread(fish_speech.build, fish_speech.Options())
    engine = metered("tts", server, Meter())
    own = OwnVoices(engine, clock=lambda: 0.0)
    wav = bytes(64000)
    gc.disable()
    try:
        own.keep("ann", VoiceSample(wav, SENTENCE, "en", 2.0))
        made: list[Any] = [own.voice("ann", "pt", speed) for speed in (1.0, 1.2)]
        kept = [weakref.ref(voice.engine.wire) for voice in made]
        del made
        assert all(part() is not None for part in kept)
        own.delete("ann")
        await asyncio.sleep(0.1)
        assert [part() for part in kept] == [None, None]
        assert sys.getrefcount(wav) == ALONE
    finally:
        gc.enable()
    server.check_open()
    await engine.aclose()


@pytest.mark.parametrize(
    ("engine", "so", "why"),
    [
        (Engine(), {}, ""),
        (Engine(), {"speaks": False}, "nothing is spoken"),
        (Engine(), {"wanted": False}, "INTERPRET_CLONING"),
        (Engine(clones=False), {}, "TTS_ENGINE"),
        (object(), {}, "TTS_ENGINE"),
        (Engine(), {"translated": True}, "in translation alone"),
    ],
    ids=["offered", "captions", "off", "cannot", "knows nothing of it", "translated"],
)
def test_what_is_not_offered_has_a_reason(engine: Any, so: dict[str, bool], why: str) -> None:
    told = why_no_voices(engine, **{"speaks": True, "wanted": True, "translated": False, **so})
    assert why in told
    assert bool(told) == bool(why)


def test_a_summary_is_never_said_in_one_go_with_their_own_words() -> None:
    queue = SpeechQueue()
    sayings = [Saying("ann", str(n), f"Clause {n}.", 0.0) for n in range(3)]
    for saying in sayings:
        queue.add(saying)
    queue.shorten("ann", tuple(sayings[:2]), "Short.")
    said = [queue.next(1.0), queue.next(1.0)]
    assert [(one.text, one.summary) for one in said if one is not None] == [
        ("Short.", True),
        ("Clause 2.", False),
    ]
