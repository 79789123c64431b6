"""An hour of talk and a reply of ten minutes, on virtual time: nothing grows.

The sound is real (Piper's voice, the real Silero), and so are listener, turn taker, echo watch,
track and ledger. Only engines, framework and room are stood in for.
"""

import asyncio
import gc
from collections.abc import Callable

import numpy as np
import psutil
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, LanguageCode, stt
from livekit.agents.types import NOT_GIVEN, USERDATA_TIMED_TRANSCRIPT, NotGivenOr
from livekit.agents.utils import AudioBuffer
from livekit.agents.voice import io
from numpy.typing import NDArray

from agent.hearing.ear import Probability, load_detector
from agent.hearing.echo import Match, match
from agent.playout.heard_output import Playout
from agent.playout.voice_track import VoiceTrack
from agent.turns.batch import BatchRecogniser
from agent.turns.listener import Listener
from testbed.speech import say
from tests.fakes import virtual_time
from tests.fakes.playing import RATE_HZ as PLAYED_HZ

pytestmark = pytest.mark.timeout(300)

HEARD_HZ = 16000
FRAME = 1280
"""Samples of 80 ms: fewer turns of the event loop than with what a room delivers."""
HOUR_S = 3600.0
ROUND_S = 64.0
"""The caller's part is said again and again; a round is a whole number of Silero's windows."""
LONG_S, HELD_EVERY_S = 600, 60
WARM_S = 6 * ROUND_S
MOST_MB = 20.0
AHEAD_S = 3.0
"""What the pacer lets a voice be ahead."""

SCRIPT = (
    (1.0, "How do I start the demo?"),
    (8.0, "Yeah."),
    (24.0, "Which speech recogniser do you use?"),
    (30.0, "Wait, I have another question about it."),
)
"""When each line begins; the second and the last are said over a reply."""
SENTENCES = (
    "You start it with one command, and then you wait for about three seconds. ",
    "Every part of it works while you speak, so the answer is ready when you are. ",
    "You may interrupt me whenever you like, and I will stop at once. ",
)
REPLIES_A_ROUND = 3

Pcm = NDArray[np.int16]


def s16(pcm: NDArray[np.float32]) -> Pcm:
    return np.asarray(np.clip(pcm, -1, 1) * 32767).astype(np.int16)


def caller_round() -> Pcm:
    pcm = np.random.default_rng(1).standard_normal(round(ROUND_S * HEARD_HZ)) * 5e-4
    for at_s, line in SCRIPT:
        voice = say(line, rate_hz=HEARD_HZ)
        begin = round(at_s * HEARD_HZ)
        pcm[begin : begin + len(voice)] += voice
    return s16(pcm.astype(np.float32))


def remembering(probability: Probability) -> Probability:
    """Silero looks at each window of the first round; the same window is the same later."""
    known: dict[bytes, float] = {}

    def of(window: NDArray[np.float32]) -> float:
        key = window.tobytes()
        if key not in known:
            known[key] = probability(window)
        return known[key]

    return of


class Engine(stt.STT[str]):
    """Knows which line of the script is being said."""

    def __init__(self) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=False, interim_results=False))

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        place = asyncio.get_running_loop().time() % ROUND_S
        said = [line for at_s, line in SCRIPT if at_s <= place]
        await asyncio.sleep(0.1)
        return stt.SpeechEvent(
            stt.SpeechEventType.FINAL_TRANSCRIPT,
            alternatives=[stt.SpeechData(language=LanguageCode("en"), text=said[-1])],
        )


class Source:
    """The native source's clock, without its sound."""

    ends = 0.0

    @property
    def queued_duration(self) -> float:
        return max(0.0, self.ends - asyncio.get_running_loop().time())

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        now = asyncio.get_running_loop().time()
        self.ends = max(self.ends, now) + frame.samples_per_channel / PLAYED_HZ

    def clear_queue(self) -> None:
        self.ends = 0.0

    async def aclose(self) -> None:
        pass


class Captions(io.TextOutput):
    def __init__(self) -> None:
        super().__init__(label="captions", next_in_chain=None)
        self.letters = 0

    async def capture_text(self, text: str) -> None:
        self.letters += len(text)

    def flush(self) -> None:
        pass


class Agent:
    """The agent's side: floor, observer and the framework's face in one. It answers all."""

    def __init__(self) -> None:
        self.voice = VoiceTrack(rate_hz=PLAYED_HZ, source=Source())  # type: ignore[arg-type]
        self.captions = Captions()
        self.playout = Playout(voice=self.voice, text=self.captions)
        self.pieces = [(text, s16(say(text, rate_hz=PLAYED_HZ))) for text in SENTENCES]
        self.replies = self.interrupted = self.holds = 0
        self.runs = (self.voice.run, self.playout.run)
        self.voice.start()
        self._reply: asyncio.Task[None] | None = None

    @property
    def playing(self) -> bool:
        return self.voice.playing

    @property
    def busy(self) -> bool:
        return self._reply is not None and (not self._reply.done() or self.voice.pending)

    def match_played(self, heard: Pcm) -> Match:
        return match(heard, self.voice.lately(), PLAYED_HZ)

    def hold(self) -> None:
        self.holds += 1
        self.voice.hold()

    def go_on(self) -> None:
        self.voice.go_on()

    def stop(self) -> None:
        if not self.busy:
            self.voice.go_on()
            return
        assert self._reply is not None
        self.interrupted += 1
        self._reply.cancel()
        self.playout.audio.flush()
        self.playout.audio.clear_buffer()

    async def say(self, times: int) -> None:
        """Speak the sentences, as far ahead as a paced voice does."""
        at_s = 0.0
        for text, pcm in self.pieces * times:
            marks = [io.TimedString(text, start_time=at_s)]
            for start in range(0, len(pcm), PLAYED_HZ // 20):
                piece = pcm[start : start + PLAYED_HZ // 20]
                frame = rtc.AudioFrame(piece.tobytes(), PLAYED_HZ, 1, len(piece))
                frame.userdata[USERDATA_TIMED_TRANSCRIPT], marks = marks, []
                await self.playout.audio.capture_frame(frame)
                while self.voice.unheard_s > AHEAD_S:
                    await asyncio.sleep(0.04)
            at_s += len(pcm) / PLAYED_HZ
        self.playout.text.flush()
        self.playout.audio.flush()

    def recognised(self, *, asked: float, answered: float) -> None:
        pass

    def utterance_ended(self, *, last_voiced: float, at: float) -> None:
        pass

    def recognition_failed(self, *, error: Exception) -> None:
        raise error

    def speech_began(self, *, at: float = 0.0) -> None:
        pass

    def words(self, kind: stt.SpeechEventType, text: str, language: str, ended: float) -> None:
        if kind is stt.SpeechEventType.FINAL_TRANSCRIPT:
            self.replies += 1
            self._reply = asyncio.create_task(self.say(1))

    def speech_ended(self, silence_s: float) -> None:
        pass


def used_mb() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss / 2**20)


async def hour(agent: Agent, look: Callable[[], None]) -> None:
    clock = asyncio.get_running_loop().time
    limits = APIConnectOptions(max_retry=0, timeout=2.0)
    listener = Listener(
        BatchRecogniser(Engine(), limits=limits, eagerness="pauses", clock=clock),
        probability=remembering(load_detector()()),
        floor=agent,
        observer=agent,
        clock=clock,
    )
    detach = listener.attach(agent)
    sound = caller_round()
    tasks = [asyncio.create_task(run()) for run in (listener.run, *agent.runs)]
    for number in range(round(HOUR_S * HEARD_HZ / FRAME)):
        at = number * FRAME % len(sound)
        listener.push(rtc.AudioFrame(sound[at : at + FRAME].tobytes(), HEARD_HZ, 1, FRAME))
        await asyncio.sleep(FRAME / HEARD_HZ)
        if number * FRAME == round(WARM_S * HEARD_HZ):
            look()
    look()
    detach()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await agent.voice.aclose()


def test_an_hour_of_talk_takes_no_memory() -> None:
    agent, looks = Agent(), []

    virtual_time.run(hour(agent, lambda: looks.append(used_mb())))

    rounds = HOUR_S / ROUND_S
    assert agent.replies == pytest.approx(rounds * REPLIES_A_ROUND, abs=3)
    assert agent.interrupted == pytest.approx(rounds, abs=1)
    assert agent.holds >= rounds * 2, "signs of listening and barge-ins"
    assert looks[1] - looks[0] < MOST_MB


async def long_reply(agent: Agent, times: int, look: Callable[[], None]) -> None:
    tasks = [asyncio.create_task(run()) for run in agent.runs]
    speaking = asyncio.create_task(agent.say(times))
    for number in range(LONG_S // HELD_EVERY_S):
        await asyncio.sleep(HELD_EVERY_S - 1)
        agent.voice.hold()
        await asyncio.sleep(1)
        agent.voice.go_on()
        if number == 0:
            look()
    assert not speaking.done(), "it was to last longer"
    look()
    for task in (*tasks, speaking):
        task.cancel()
    await asyncio.wait({*tasks, speaking})
    await agent.voice.aclose()


def test_a_reply_of_ten_minutes_takes_no_memory() -> None:
    agent, looks = Agent(), []
    round_s = sum(len(pcm) for _, pcm in agent.pieces) / PLAYED_HZ

    virtual_time.run(
        long_reply(agent, round(LONG_S / round_s) + 1, lambda: looks.append(used_mb()))
    )

    spoken = agent.captions.letters / sum(len(text) for text in SENTENCES)
    assert spoken == pytest.approx(LONG_S / round_s, rel=0.1)
    assert looks[1] - looks[0] < MOST_MB
