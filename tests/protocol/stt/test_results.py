"""What the framework is told of a server's results: from the real wire through the listener."""

import asyncio

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import APIConnectOptions, stt
from numpy.typing import NDArray

from agent.hearing.echo import NOWHERE, Match
from agent.stt.openai import engine as openai
from agent.turns.batch import BatchRecogniser
from agent.turns.listener import Listener
from rejoinder.stand_ins.openai_server import OpenAIStandIn

RATE_HZ, HOP = 16000, 160


class Rest:
    """Floor, observer and the framework's face: keeps the words."""

    playing = busy = False

    def __init__(self) -> None:
        self.told: list[str] = []
        self.languages: list[str] = []
        self.over = asyncio.Event()

    def match_played(self, heard: NDArray[np.int16]) -> Match:
        return NOWHERE

    def hold(self) -> None: ...

    def go_on(self) -> None: ...

    def stop(self) -> None: ...

    def recognised(self, *, asked: float, answered: float) -> None: ...

    def utterance_ended(self, *, last_voiced: float, at: float) -> None: ...

    def recognition_failed(self, *, error: Exception) -> None: ...

    def speech_began(self, *, at: float = 0.0) -> None: ...

    def words(self, kind: stt.SpeechEventType, text: str, language: str, ended: float) -> None:
        self.told.append(text)
        self.languages.append(language)

    def speech_ended(self, silence_s: float) -> None:
        self.over.set()


async def told(server: OpenAIStandIn, written: str) -> Rest:
    """What the framework is told of a turn for which the server writes `written`."""
    server.transcribe = lambda request: written
    rest = Rest()
    async with openai.OpenAISpeechToText(openai.Options(url=server.url)) as engine:
        listener = Listener(
            BatchRecogniser(engine, limits=APIConnectOptions(max_retry=0, timeout=5.0)),
            probability=lambda window: 0.95 if np.abs(window).max() > 0.05 else 0.02,
            floor=rest,
            observer=rest,
        )
        listener.attach(rest)
        running = asyncio.create_task(listener.run())
        tone = (6000 * np.sin(np.arange(HOP) * (2 * np.pi * 300 / RATE_HZ))).astype(np.int16)
        await asyncio.sleep(0)
        for _ in range(100):
            listener.push(rtc.AudioFrame(tone.tobytes(), RATE_HZ, 1, HOP))
        async with asyncio.timeout(10.0):
            while not rest.over.is_set():
                listener.push(rtc.AudioFrame(bytes(2 * HOP), RATE_HZ, 1, HOP))
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
    return rest


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("<|en|><|NEUTRAL|><|Speech|><|woitn|>what time is it", {"what time is it"}),
        (" What time is it?\n", {"What time is it?"}),
        ("<|nospeech|><|EMO_UNKNOWN|><|Event_UNK|><|woitn|>", set()),
        ("[BLANK_AUDIO]", set()),
        ("字幕由 Amara.org 社区提供", set()),
    ],
)
async def test_words_are_told_without_tags_and_tags_alone_are_none(
    openai_server: OpenAIStandIn, written: str, words: set[str]
) -> None:
    assert set((await told(openai_server, written)).told) == words


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("<|zh|><|NEUTRAL|><|Speech|><|withitn|>今天天气很好。", "zh"),
        ("<|yue|><|NEUTRAL|><|Speech|><|withitn|>今日天氣好好。", "yue"),
        ("今天天气很好。", ""),
    ],
)
async def test_the_language_of_a_recognisers_tag_is_told(
    openai_server: OpenAIStandIn, written: str, language: str
) -> None:
    assert set((await told(openai_server, written)).languages) == {language}
