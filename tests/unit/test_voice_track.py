"""The agent's track on virtual time: what is held goes on, what was heard is known exactly."""

import asyncio
import gc
import random
import time
from types import FunctionType, ModuleType

import numpy as np
import pytest
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from agent.playout.voice_track import VoiceTrack, word_start
from tests.fakes import virtual_time
from tests.fakes.playing import RATE_HZ, Source, finished, rig

WORDS = [f"word{n} " for n in range(40)]
WORD_S = 0.25


def frame(pcm: np.ndarray, *marks: TimedString) -> rtc.AudioFrame:
    made = rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm))
    made.userdata[USERDATA_TIMED_TRANSCRIPT] = list(marks)
    return made


def reply(words: int) -> np.ndarray:
    """Samples of which neighbours all differ, so that none can be lost or said twice unnoticed;
    loud throughout, so that there is no gap between words."""
    count = round(words * WORD_S * RATE_HZ)
    return (np.arange(count) % 15000 + 15001).astype(np.int16)


def same(heard: np.ndarray, said: np.ndarray) -> bool:
    """Equal but for the short fade after a hold."""
    if len(heard) > len(said):
        return False
    differs = np.flatnonzero(heard != said[: len(heard)])
    return len(differs) == 0 or bool(np.all(np.abs(heard[differs]) <= said[differs]))


async def _close(voice: VoiceTrack, following: asyncio.Task[None]) -> None:
    following.cancel()
    await asyncio.wait({following})
    await voice.aclose()


def test_a_hold_falls_silent_at_once_and_goes_on_from_the_same_sample() -> None:
    async def talk() -> None:
        source, voice, playout, _, following = await rig()
        seen, said = finished(playout), reply(8)
        await playout.audio.capture_frame(frame(said))
        playout.audio.flush()
        await asyncio.sleep(0.5)
        voice.hold()
        held = source.heard()
        assert 0.45 < len(held) / RATE_HZ <= 0.52
        await asyncio.sleep(1.0)
        assert len(source.heard()) == len(held)
        assert not seen
        voice.go_on()
        await asyncio.sleep(3.0)
        assert len(source.heard()) == len(said)
        assert same(source.heard(), said)
        assert [event.interrupted for event in seen] == [False]
        await _close(voice, following)

    virtual_time.run(talk())


def test_a_reply_that_comes_while_held_waits() -> None:
    async def talk() -> None:
        source, voice, playout, _, following = await rig()
        voice.hold()
        assert (voice.held, voice.pending, voice.playing) == (True, False, False)
        said = reply(4)
        await playout.audio.capture_frame(frame(said))
        playout.audio.flush()
        await asyncio.sleep(1.0)
        assert len(source.heard()) == 0
        assert voice.pending
        assert not voice.playing
        voice.go_on()
        await asyncio.sleep(3.0)
        assert np.array_equal(source.heard(), said), "from its first sample, without a fade"
        await _close(voice, following)

    virtual_time.run(talk())


def test_a_reply_that_is_ended_while_held_does_not_hold_the_next_one() -> None:
    async def talk() -> None:
        source, voice, playout, _, following = await rig()
        seen = finished(playout)
        for captured in (True, False):
            voice.hold()
            if captured:
                await playout.audio.capture_frame(frame(reply(4)))
                playout.audio.flush()
            voice.clear_buffer()
            assert not voice.held
        await asyncio.sleep(0.1)
        assert [(event.playback_position, event.interrupted) for event in seen] == [(0.0, True)]
        said = reply(2)
        await playout.audio.capture_frame(frame(said))
        playout.audio.flush()
        await asyncio.sleep(2.0)
        assert np.array_equal(source.heard(), said)
        await _close(voice, following)

    virtual_time.run(talk())


def words_with_gaps(count: int) -> np.ndarray:
    """Words of 200 ms and gaps of 50, each word a constant of its own."""
    word = np.ones(round(0.2 * RATE_HZ))
    gap = np.zeros(round((WORD_S - 0.2) * RATE_HZ))
    pieces = [piece for n in range(count) for piece in (word * (5000 + 100 * n), gap)]
    return np.concatenate(pieces).astype(np.int16)


@pytest.mark.parametrize(("hold_s", "again"), [(0.1, False), (1.0, True)])
def test_after_a_long_hold_the_word_is_said_again(hold_s: float, again: bool) -> None:
    async def talk() -> None:
        source, voice, playout, _, following = await rig()
        seen, said = finished(playout), words_with_gaps(8)
        await playout.audio.capture_frame(frame(said))
        playout.audio.flush()
        await asyncio.sleep(0.60)  # in the middle of the third word
        voice.hold()
        held = len(source.heard())
        assert 0.51 < held / RATE_HZ < 0.69
        await asyncio.sleep(hold_s)
        voice.go_on()
        await asyncio.sleep(5.0)
        start = round(2 * WORD_S * RATE_HZ) if again else held
        expected = np.concatenate([said[:held], said[start:]])
        assert same(source.heard(), expected)
        assert len(source.heard()) == len(expected)
        assert [event.playback_position for event in seen] == [len(said) / RATE_HZ]
        await _close(voice, following)

    virtual_time.run(talk())


def test_a_hold_between_two_words_repeats_nothing() -> None:
    said = words_with_gaps(2)
    for upto in (0.22, 0.24, 0.25):
        pcm = said[: round(upto * RATE_HZ)]
        assert word_start(pcm, RATE_HZ) == pytest.approx(len(pcm), abs=RATE_HZ * 0.021)
    assert word_start(said[:0], RATE_HZ) == 0
    assert word_start(said[: round(0.1 * RATE_HZ)], RATE_HZ) == round(0.1 * RATE_HZ)


@pytest.mark.parametrize("seed", range(60))
def test_history_is_what_was_heard_whatever_happens_in_between(seed: int) -> None:
    async def talk() -> None:
        dice = random.Random(seed)
        source, voice, playout, captions, following = await rig()
        seen, count = finished(playout), dice.randint(2, 30)
        said = reply(count)

        async def speak() -> None:
            at = 0
            for number in range(count):
                marks = [TimedString(WORDS[number], start_time=number * WORD_S)]
                upto = round((number + 1) * WORD_S * RATE_HZ)
                while at < upto:
                    size = min(dice.choice([240, 480, 1000, 4800]), upto - at)
                    await playout.audio.capture_frame(frame(said[at : at + size], *marks))
                    marks = []
                    at += size
                if dice.random() < 0.3:
                    await asyncio.sleep(dice.uniform(0, 0.4))
            playout.text.flush()
            playout.audio.flush()

        speaking = asyncio.create_task(speak())
        interrupted = False
        for _ in range(dice.randint(1, 12)):
            await asyncio.sleep(dice.uniform(0, 0.6))
            match dice.choice(["hold", "go_on", "hold", "go_on", "stop"]):
                case "hold":
                    voice.hold()
                case "go_on":
                    voice.go_on()
                case "stop":
                    interrupted = True
                    break
        if interrupted:
            speaking.cancel()
            await asyncio.wait({speaking})
            playout.audio.flush()
            playout.audio.clear_buffer()
            if dice.random() < 0.5:
                voice.go_on()  # a late result
        else:
            voice.go_on()
            await speaking
        await asyncio.sleep(20.0)

        heard = source.heard()
        assert same(heard, said)
        if not seen:
            assert interrupted
            assert len(heard) == 0
        else:
            [event] = seen
            assert abs(event.playback_position - len(heard) / RATE_HZ) < 0.001
            kept = event.synchronized_transcript
            whole, rest = divmod(len(heard) / RATE_HZ, WORD_S)
            least = "".join(WORDS[: int(whole)])
            most = "".join(WORDS[: int(whole) + (1 if rest > 0 else 0)])
            assert kept in (least, most)
            # A word is shown as it begins; it counts as heard when most of it was.
            assert captions.text in (kept, most)
        await _close(voice, following)

    virtual_time.run(talk())


def test_a_fault_of_the_native_source_reaches_who_runs_the_track_and_it_can_go_on() -> None:
    """It was dropped with a task that nobody looked at: mute for the rest of the call."""

    class Breaking(Source):
        left = 3

        async def capture_frame(self, frame: rtc.AudioFrame) -> None:
            self.left -= 1
            if self.left == 0:
                raise RuntimeError("the native side is gone")
            await super().capture_frame(frame)

    async def talk() -> None:
        source = Breaking()
        voice = VoiceTrack(rate_hz=RATE_HZ, source=source)  # type: ignore[arg-type]
        voice.start()
        running = asyncio.create_task(voice.run())
        said = reply(4)
        await voice.capture_frame(frame(said))
        voice.flush()
        await asyncio.wait({running}, timeout=5.0)
        with pytest.raises(RuntimeError, match="native"):
            running.result()
        running = asyncio.create_task(voice.run())
        async with asyncio.timeout(5.0):
            await voice.wait_for_playout()
        assert len(said) - len(source.heard()) <= round(0.05 * RATE_HZ), "one frame at most is lost"
        running.cancel()
        await asyncio.wait({running})

    virtual_time.run(talk())


def test_a_long_reply_leaves_nothing_behind() -> None:
    """Played samples are kept only as long as a hold can take them back."""

    async def talk(minutes: int) -> tuple[float, int]:
        source, voice, playout, _, following = await rig()
        source.forgets = True
        seen, second = finished(playout), np.full(RATE_HZ, 9000, np.int16)
        sentence = "These words are said in about a second or so. "
        began = time.process_time()
        for at in range(60 * minutes):
            mark = TimedString(sentence, start_time=at)
            await playout.audio.capture_frame(frame(second, mark))
            await asyncio.sleep(max(0.0, voice.unheard_s - 3.0))
        playout.audio.flush()
        kept = _samples_in(voice) + _samples_in(playout)
        took_s = time.process_time() - began
        await playout.audio.wait_for_playout()
        [event] = seen
        assert event.playback_position == 60 * minutes
        assert event.synchronized_transcript == sentence * 60 * minutes
        await _close(voice, following)
        return took_s, kept

    short_s, short = virtual_time.run(talk(1))
    long_s, long = virtual_time.run(talk(8))
    assert long == short, "numbers kept"
    assert long_s < 3 * 8 * short_s, "eight times as long takes eight times as long"


def _samples_in(root: object) -> int:
    """Numbers in all arrays that can be reached from an object."""
    seen: set[int] = set()
    waiting, count = [root], 0
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen or isinstance(thing, type | FunctionType | ModuleType | asyncio.Task):
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            count += thing.size
        elif type(thing).__module__.startswith(("agent", "rejoinder", "collections", "builtins")):
            waiting.extend(gc.get_referents(thing))
    return count


async def test_a_call_that_nobody_joins_leaves_nothing_behind_that_was_not_awaited() -> None:
    class Room:
        """Publishes; nobody ever subscribes."""

        @property
        def local_participant(self) -> "Room":
            return self

        async def publish_track(self, *_: object) -> "Room":
            return self

        async def wait_for_subscription(self) -> None:
            await asyncio.Event().wait()

    async def listened(_: object) -> None:
        await asyncio.Event().wait()

    voice = VoiceTrack(rate_hz=RATE_HZ)
    publishing = asyncio.create_task(voice.publish(Room(), listened=listened))  # type: ignore[arg-type]
    await asyncio.sleep(0.01)
    publishing.cancel()
    await asyncio.wait({publishing})
    await voice.aclose()
    del publishing
    gc.collect()
