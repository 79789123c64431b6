"""A plug-in's stream that takes no sound, or does not want to close, on virtual time."""

import asyncio
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import (
    DEFAULT_API_CONNECT_OPTIONS,
    APIConnectOptions,
    APITimeoutError,
    LanguageCode,
    stt,
)
from livekit.agents.types import NOT_GIVEN, NotGivenOr
from livekit.agents.utils import AudioBuffer

from agent.audio import pcm
from agent.stt.plugin.recogniser import PluginSpeechToText
from agent.stt.plugin.stream import PluginStream
from tests.fakes import virtual_time

TIMEOUT_S = 4.0
FRAME = pcm.to_frame(np.zeros(160, np.float32), rate_hz=16000)


class Service(stt.STT[str]):
    """Connects after a while, without a limit, and says goodbye at its leisure."""

    def __init__(self, *, connects_after_s: float = 0.0, closes_after_s: float = 0.0) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=True))
        self.connects_after_s, self.closes_after_s = connects_after_s, closes_after_s
        self.open = self.taken = 0

    def make(self) -> "Service":
        return self

    @property
    def name(self) -> str:
        return "some.STT"

    async def _recognize_impl(
        self,
        buffer: AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        return _Stream(self, conn_options)


class _Stream(stt.RecognizeStream):
    def __init__(self, service: Service, options: APIConnectOptions) -> None:
        super().__init__(stt=service, conn_options=options)
        self._service = service

    async def _run(self) -> None:
        self._service.open += 1
        try:
            await asyncio.sleep(self._service.connects_after_s)
            async for item in self._input_ch:
                self._service.taken += isinstance(item, rtc.AudioFrame)
            data = stt.SpeechData(LanguageCode("en"), "over")
            self._event_ch.send_nowait(
                stt.SpeechEvent(stt.SpeechEventType.FINAL_TRANSCRIPT, alternatives=[data])
            )
        finally:
            try:
                await asyncio.sleep(self._service.closes_after_s)
            finally:
                self._service.open -= 1


def engine_of(service: Any) -> PluginSpeechToText:
    return PluginSpeechToText(service)


def stream_of(engine: PluginSpeechToText) -> PluginStream:
    return engine.stream(conn_options=APIConnectOptions(max_retry=0, timeout=TIMEOUT_S))


async def push(stream: PluginStream, for_s: float) -> None:
    for _ in range(round(for_s / 0.01)):
        try:
            stream.push_frame(FRAME)
        except RuntimeError:
            return
        await asyncio.sleep(0.01)


def test_one_that_takes_no_sound_fails_in_its_time() -> None:
    async def talk() -> None:
        service = Service(connects_after_s=300.0)
        engine = engine_of(service)
        stream = stream_of(engine)
        began = asyncio.get_running_loop().time()
        await push(stream, 2 * TIMEOUT_S)
        assert not stream.listening
        with pytest.raises(APITimeoutError):
            await anext(stream)
        assert asyncio.get_running_loop().time() - began < 1.5 * TIMEOUT_S
        assert service.open == 0
        await engine.aclose()

    virtual_time.run(talk())


def test_one_that_connects_in_time_is_given_all_sound_and_says_when_it_listens() -> None:
    async def talk() -> None:
        service = Service(connects_after_s=TIMEOUT_S - 1.0)
        engine = engine_of(service)
        stream = stream_of(engine)
        await push(stream, TIMEOUT_S - 1.1)
        assert not stream.listening
        await push(stream, 0.2)
        assert stream.listening
        # No sound at all, as of a caller who is muted.
        await asyncio.sleep(10 * TIMEOUT_S)
        stream.end_input()
        assert [event.alternatives[0].text async for event in stream] == ["over"]
        assert service.taken == round((TIMEOUT_S - 0.9) / 0.01)
        await engine.aclose()

    virtual_time.run(talk())


@pytest.mark.parametrize("closing", ["the stream", "the engine"])
def test_one_that_does_not_want_to_close_is_not_waited_for(closing: str) -> None:
    async def talk() -> None:
        service = Service(closes_after_s=60.0)
        engine = engine_of(service)
        streams = [stream_of(engine) for _ in range(3)]
        await push(streams[0], 0.1)
        began = asyncio.get_running_loop().time()
        if closing == "the stream":
            await streams[0].aclose()
            assert service.open == 2
        else:
            await engine.aclose()
            assert service.open == 0
        assert asyncio.get_running_loop().time() - began < 1.5
        await engine.aclose()

    virtual_time.run(talk())
