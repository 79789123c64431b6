"""What every voice must do that a server speaks, beside what all voices must."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError, tts

from agent.tts.served.voice import ServedVoice
from rejoinder.stand_ins.answering import Behaviour, Outcome
from rejoinder.stand_ins.aws_server import AwsStandIn
from rejoinder.stand_ins.openai_server import OpenAIStandIn
from rejoinder.stand_ins.pcm_server import VoiceStandIn
from testbed.waiting import until
from tests.protocol.tts.contract import (
    AGAIN,
    ONCE,
    WORDS,
    Rig,
    SpeechContract,
    WholeSpeechContract,
    audio,
)

_STALL_S = 0.4
"""The longest pause of an answer that stalls."""


class Asked(Protocol):
    """What is written down of a request, whichever stand-in does."""

    body: dict[str, Any]
    outcome: Outcome
    chunks: int


class ServedRig(Rig):
    """An engine of `agent.tts.served`, and the stand-in for its server."""

    engine: ServedVoice
    long_text = " ".join([WORDS] * 20)
    statuses: tuple[int, ...] = (401, 429, 500)
    """By which the server can refuse."""
    has_speed = True

    def __init__(
        self, server: VoiceStandIn | OpenAIStandIn | AwsStandIn, engine: ServedVoice
    ) -> None:
        self.server, self.engine = server, engine
        self.how.between_s = 0.001
        self._patient_s = engine.wire.stall_s

    @property
    def how(self) -> Behaviour:
        """Delays and faults of what it says."""
        assert isinstance(self.server, VoiceStandIn)
        return self.server.how

    @property
    def requests(self) -> Sequence[Asked]:
        """Those for speech, oldest first."""
        assert isinstance(self.server, VoiceStandIn)
        return self.server.requests

    def hurry(self) -> None:
        self.how.between_s = 0

    async def be_slow(self) -> None:
        self.how.first_byte_s = 3600

    async def freeze(self, *, first: bool) -> None:
        self.how.stall_after = 5
        self.engine.wire.stall_s = _STALL_S

    async def die(self, *, first: bool) -> None:
        self.how.cut_after = 5
        self.how.between_s = 0.02

    async def recover(self) -> None:
        self.how.first_byte_s = 0
        self.how.stall_after = self.how.cut_after = None
        self.engine.wire.stall_s = self._patient_s

    def slower_is_longer(self, slow: np.ndarray, normal: np.ndarray) -> None:
        if self.has_speed:
            super().slower_is_longer(slow, normal)
        else:
            assert self.same(slow, normal)

    async def saw_the_cancel(self) -> None:
        record = self.requests[-1]
        await until(lambda: record.outcome == "cancelled", "the server sees the cancel")

    async def words(
        self, text: str, conn: APIConnectOptions = ONCE, *, engine: tts.TTS | None = None
    ) -> list[str]:
        """What is heard of a text, by this engine or another one of the same server."""
        samples, rate_hz = await audio(engine or self.engine, text, conn)
        return [word for word, _, _ in self.server.heard_words(samples, rate_hz=rate_hz)]

    @property
    def outcomes(self) -> list[str]:
        return [request.outcome for request in self.requests]

    @property
    def sent(self) -> Mapping[str, Any]:
        """What the last request asked for."""
        return self.requests[-1].body


def bare(words: list[str]) -> list[str]:
    """Words without the voice that said them."""
    return [word.rpartition(":")[2] for word in words]


class WireContract:
    """What each way of asking a server must show; the fixture `rig` is a `ServedRig`.

    Alone for a second way of an engine that differs in its requests alone.
    """

    async def test_every_word_is_heard_in_order(self, rig: ServedRig) -> None:
        assert bare(await rig.words(WORDS)) == WORDS.split()

    async def test_chunks_may_end_anywhere(self, rig: ServedRig) -> None:
        assert isinstance(rig.server, VoiceStandIn)
        rig.hurry()
        whole, _ = await audio(rig.engine, "one two")
        rig.server.chunk_bytes = 101
        assert rig.same((await audio(rig.engine, "one two"))[0], whole)

    async def test_a_text_without_words_is_not_sent(self, rig: ServedRig) -> None:
        await audio(rig.engine, "...")
        assert rig.requests == []

    async def test_a_refusal_has_its_status_and_tells_nothing_else(self, rig: ServedRig) -> None:
        for status in rig.statuses:
            rig.how.status = status
            with pytest.raises(APIStatusError) as caught:
                await audio(rig.engine, "my secret words")
            assert caught.value.status_code == status
            assert caught.value.retryable == (status in (429, 500))
            assert "stand-in fault" not in f"{caught.value} {caught.value!r}"
            assert "secret" not in f"{caught.value} {caught.value!r}"

    async def test_a_refusal_that_may_pass_is_tried_again(self, rig: ServedRig) -> None:
        for status in rig.statuses[1:]:
            rig.how.status, rig.how.failures = status, 1
            assert bare(await rig.words("one two", AGAIN)) == ["one", "two"]

    async def test_an_answer_that_is_cut_off_behind_its_headers_is_tried_again(
        self, rig: ServedRig
    ) -> None:
        rig.how.cut_after = 0
        with pytest.raises(APIConnectionError, match="broke off") as caught:
            await audio(rig.engine, "one two")
        assert caught.value.retryable
        rig.how.cut_after = None
        assert bare(await rig.words("one two")) == ["one", "two"]

    async def test_something_else_than_speech_is_not_played_nor_tried_again(
        self, rig: ServedRig
    ) -> None:
        rig.how.malformed = True
        with pytest.raises(APIConnectionError, match="not speech") as caught:
            await audio(rig.engine, "one two", AGAIN)
        assert not caught.value.retryable
        assert len(rig.requests) == 1

    async def test_a_closed_engine_refuses_in_all_its_voices(self, rig: ServedRig) -> None:
        another = rig.engine.with_voice(rig.voices[0], speed=1.0)
        await rig.engine.aclose()
        for engine in (rig.engine, another):
            with pytest.raises(APIConnectionError, match="was closed") as caught:
                await audio(engine, "one two", AGAIN)
            assert not caught.value.retryable
        assert rig.requests == []


class ServedContract(WireContract, SpeechContract):
    """Inherited by the test of each engine whose server streams."""


class WholeServedContract(WireContract, WholeSpeechContract):
    """The same, where the answer can be heard only when it is whole."""
