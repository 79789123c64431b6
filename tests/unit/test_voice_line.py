"""What a voice track tells of what it says: at which speed, what it could not, what is left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import APIConnectOptions, tts

from agent.interpreting.casting import Casting
from agent.interpreting.listeners import VoiceOf
from agent.interpreting.speech_queue import Saying
from agent.interpreting.voice_line import VoiceLine
from agent.tasks import CallTasks
from tests.fakes.scripted_engines import Voice

ONCE = APIConnectOptions(max_retry=0, timeout=5.0)


class Cast(Casting):
    """Everybody has the same voice."""

    def __init__(self, voice: Voice) -> None:
        super().__init__(voice, voice, {})
        self._everybodys = voice

    def voice(self, speaker: str, language: str, speed: float) -> tts.TTS[Any]:
        return self._everybodys

    def embedded(self, speaker: str, language: str, speed: float) -> tts.TTS[Any]:
        return self._everybodys


@dataclass
class Told:
    line: VoiceLine
    sounds: list[tuple[Saying, bool]] = field(default_factory=list)
    failed: list[Saying] = field(default_factory=list)

    async def until(self, count: int) -> None:
        """So many beginnings, ends and failures were told."""
        async with asyncio.timeout(10):
            while len(self.sounds) + len(self.failed) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


def saying(segment: str, text: str = "Um.", since: float = 0.0) -> Saying:
    return Saying("ann", segment, text, since)


@asynccontextmanager
async def speaking(voice: Voice) -> AsyncIterator[Told]:
    sounds: list[tuple[Saying, bool]] = []
    failed: list[Saying] = []

    def told(saying: Saying, *, playing: bool) -> None:
        sounds.append((saying, playing))

    async with CallTasks() as tasks:
        line = VoiceLine(
            VoiceOf("pt"), Cast(voice), rate_hz=24000, limits=ONCE, told=told,
            failed=failed.append, clock=lambda: 1.0,
        )  # fmt: skip
        line.track.start()
        for run in (line.track.run, line.run):
            tasks.carry(run, name="voice", lost=lambda: None)
        yield Told(line, sounds, failed)
    await line.aclose()


async def test_what_is_said_is_told_with_its_speed_and_its_captions() -> None:
    async with speaking(Voice(first_s=0.02)) as told:
        told.line.queue.add(saying("1"))
        told.line.say(saying("2"))
        await told.until(2)
        [(begun, playing), (ended, over)] = told.sounds
        assert (playing, over) == (True, False)
        assert begun == ended
        assert (begun.segment, begun.more, begun.text) == ("1", ("2",), "Um. Um.")
        assert begun.speed == 1.2, "it begins a second late"
        assert told.failed == []


async def test_what_no_voice_says_is_told_once_and_the_next_is_said() -> None:
    async with speaking(Voice(first_s=0.02, fails=2)) as told:
        told.line.say(saying("1"))
        await told.until(1)
        told.line.say(saying("2"))
        await told.until(3)
        assert [one.segment for one in told.failed] == ["1"]
        assert [(one.segment, playing) for one, playing in told.sounds] == [
            ("2", True), ("2", False),
        ]  # fmt: skip


async def test_what_has_not_begun_to_sound_is_unsaid() -> None:
    long = "Um dois três quatro cinco seis sete oito nove dez. " * 4
    async with speaking(Voice(first_s=0.2)) as told:
        for number in range(3):
            told.line.say(saying(str(number), long))
        await asyncio.sleep(0.05)
        assert [one.segment for one in told.line.unsaid] == ["0", "1", "2"]
        await told.until(1)
        assert [one.segment for one in told.line.unsaid] == ["1", "2"]
