"""Engine `openai` against a real local server: the contract, refusals, the probe."""

from collections.abc import AsyncIterator

import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIStatusError, tts
from pydantic import SecretStr

from agent.errors import EngineUnavailable
from agent.tts.espeak.engine import EspeakSpeech
from agent.tts.espeak.options import Options as EspeakOptions
from agent.tts.openai import engine as openai
from agent.tts.openai.engine import Options, build, probe
from agent.tts.spoken_reply import ReplyVoice
from agent.wording.sentences import SentenceTokenizer
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.answering import Behaviour
from rejoinder.stand_ins.openai_server import OpenAIStandIn, Request
from testbed.waiting import until
from tests.protocol.tts.conftest import RATE_HZ
from tests.protocol.tts.contract import (
    AGAIN,
    ONCE,
    WORDS,
    AllHeard,
    SparedContract,
    SpeechContract,
    audio,
    audio_until_error,
)
from tests.protocol.tts.raw_server import Answer, RawServer
from tests.protocol.tts.served_contract import ServedRig


class StandInRig(ServedRig):
    server: OpenAIStandIn
    voices = ("alloy", "nova")

    @property
    def how(self) -> Behaviour:
        return self.server.tts

    @property
    def requests(self) -> list[Request]:
        return self.server.of("tts")

    def slower_is_longer(self, slow: np.ndarray, normal: np.ndarray) -> None:
        assert [request.body.get("speed") for request in self.requests] == [0.5, None]

    async def saw_the_cancel(self) -> None:
        await super().saw_the_cancel()
        assert self.requests[-1].chunks < len(self.long_text.split()) * tones.WORD_S / 0.05


@pytest.fixture
async def rig(openai_server: OpenAIStandIn) -> AsyncIterator[StandInRig]:
    rig = StandInRig(openai_server, build(Options(url=openai_server.url)))
    yield rig
    await rig.engine.aclose()


class TestContract(SpeechContract, SparedContract):
    pass


async def test_every_word_is_heard_in_order(rig: StandInRig) -> None:
    assert await rig.words(WORDS) == WORDS.split()


async def test_text_without_words_is_not_sent(rig: StandInRig) -> None:
    await audio(rig.engine, "...")
    assert rig.server.of("tts") == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_refusal_is_tried_again(rig: StandInRig, status: int) -> None:
    rig.server.tts.status, rig.server.tts.failures = status, 1
    assert await rig.words("one two", AGAIN) == ["one", "two"]
    assert [r.outcome for r in rig.server.of("tts")] == ["refused", "completed"]


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_a_lasting_refusal_is_not_tried_again(rig: StandInRig, status: int) -> None:
    rig.server.tts.status = status
    with pytest.raises(APIStatusError) as caught:
        await audio(rig.engine, "one two", AGAIN)
    assert caught.value.status_code == status
    assert not caught.value.retryable
    assert "stand-in fault" not in f"{caught.value} {caught.value!r}"
    assert len(rig.server.of("tts")) == 1
    with pytest.raises(EngineUnavailable, match=f"stand-in fault {status}"):
        await probe(Options(url=rig.server.url))


async def test_a_cut_before_any_audio_is_tried_again(rig: StandInRig) -> None:
    rig.server.tts.cut_after = 0
    stream = rig.engine.synthesize("one two", conn_options=AGAIN)
    await until(lambda: rig.server.of("tts"), "the first request")
    await until(lambda: rig.server.of("tts")[0].outcome == "cut", "the cut")
    rig.server.tts.cut_after = None
    pcm = bytes((await stream.collect()).data.cast("B"))
    await stream.aclose()
    samples = np.frombuffer(pcm, "<i2") / np.float32(32768)
    heard = rig.server.heard_words(samples, rate_hz=RATE_HZ)
    assert [word for word, _, _ in heard] == ["one", "two"]


async def test_what_came_before_a_cut_is_heard_once(rig: StandInRig) -> None:
    await rig.die(first=True)
    seconds, error = await audio_until_error(rig.engine, WORDS, AGAIN)
    assert 0 < seconds <= 5 * 0.05
    assert len(rig.server.of("tts")) == 1
    assert "broke off" in str(error)


async def test_a_server_that_is_not_there_is_a_connection_error() -> None:
    async with OpenAIStandIn().serve() as server:
        url = server.url
    engine = build(Options(url=url))
    with pytest.raises(APIConnectionError, match="cannot be reached") as caught:
        await audio(engine, "one")
    assert caught.value.retryable
    await engine.aclose()


async def test_something_that_is_no_speech_is_not_tried_again(rig: StandInRig) -> None:
    rig.server.tts.malformed = True
    with pytest.raises(APIConnectionError, match="not speech") as caught:
        await audio(rig.engine, "one two", AGAIN)
    assert not caught.value.retryable
    assert len(rig.server.of("tts")) == 1


async def test_sentences_of_a_streamed_reply_are_spoken_in_order(rig: StandInRig) -> None:
    adapter = tts.StreamAdapter(tts=rig.engine, sentence_tokenizer=SentenceTokenizer())
    samples: list[np.ndarray] = []
    async with adapter.stream(conn_options=ONCE) as stream:
        for chunk in ("One t", "wo. ", "Three 4", ". ... fi", "ve! six"):
            stream.push_text(chunk)
        stream.end_input()
        async for event in stream:
            samples.append(np.frombuffer(event.frame.data, "<i2") / np.float32(32768))
    await adapter.aclose()
    heard = rig.server.heard_words(np.concatenate(samples), rate_hz=RATE_HZ)
    assert [word for word, _, _ in heard] == ["one", "two", "three", "4", "five", "six"]
    assert [r.body["input"] for r in rig.server.of("tts")] == [
        "One two.",
        "Three 4.",
        "... five!",
        "six",
    ]


@pytest.mark.parametrize("fault", ["refused", "nothing", "cut", "stall", "page", "silent"])
async def test_the_third_of_four_sentences_fails_and_all_are_said(
    raw: RawServer, fault: str
) -> None:
    """Each has its tone; the embedded voice, in its process, says the one that is missing."""
    sentences = ["Zero.", "One.", "Two.", "Three."]
    spoken = [tones.speak([number], rate_hz=RATE_HZ) for number in range(4)]
    good = {s: Answer([pcm]) for s, pcm in zip(sentences, spoken, strict=True)}
    bad = {
        "refused": Answer([b"{}"], "application/json", status=500),
        "nothing": Answer(),
        "cut": Answer([spoken[2][:4000]], cut=True),
        "stall": Answer([spoken[2][:4000], b"", spoken[2][4000:]], gap_s=0.5),
        "page": Answer([b"<html>" + b"Bad gateway. " * 50], "audio/pcm"),
        "silent": Answer([bytes(len(spoken[2]))]),
    }
    raw.choose = lambda body: (good | {"Two.": bad[fault]})[body["input"]]
    engine, spare = build(Options(url=raw.url, stall_s=0.2)), EspeakSpeech(EspeakOptions())
    voice = ReplyVoice(engine, spares=[spare], tokenizer=SentenceTokenizer(), track=AllHeard())
    samples: list[np.ndarray] = []
    async with voice.stream(conn_options=ONCE) as stream:
        stream.push_text(" ".join(sentences))
        stream.end_input()
        async for event in stream:
            samples.append(np.frombuffer(event.frame.data, "<i2") / np.float32(32768))
    await engine.aclose()
    await spare.aclose()
    audio = np.concatenate(samples)
    heard = [word for word, _, _ in tones.heard(audio, rate_hz=RATE_HZ)]
    assert heard[:2] == [0, 1]
    said_by_it = 2 if fault == "stall" else 3
    if said_by_it == 3:
        assert heard[-1] == 3
    # After a time-out the other voice says the rest of the reply, without another wait.
    assert len(raw.bodies) == 3 if fault == "stall" else len(raw.bodies) == 4
    by_another = len(audio) / RATE_HZ - said_by_it * tones.WORD_S
    assert by_another > 0.25 * (4 - said_by_it)


async def test_the_probe_says_which_voice_answered(openai_server: OpenAIStandIn) -> None:
    said = await probe(Options(url=openai_server.url, model="kokoro", voice="af_heart"))
    assert "kokoro, voice af_heart" in said
    assert "24000 Hz" in said


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        ({"status": 404}, "TTS_MODEL"),
        ({"status": 429}, "quota"),
        ({"status": 500}, "server's log"),
        ({"malformed": True}, "TTS_URL"),
        ({"first_byte_s": 3600}, "faster server"),
    ],
)
async def test_the_probe_says_what_to_do(
    openai_server: OpenAIStandIn,
    fault: dict[str, int],
    remedy: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openai, "PROBE_TIMEOUT_S", 0.3)
    for name, value in fault.items():
        setattr(openai_server.tts, name, value)
    with pytest.raises(EngineUnavailable, match=remedy):
        await probe(Options(url=openai_server.url))


async def test_the_key_is_sent_and_a_wrong_one_is_named_by_the_probe(
    openai_server: OpenAIStandIn,
) -> None:
    openai_server.api_key = "right"
    await probe(Options(url=openai_server.url, api_key=SecretStr("right")))
    with pytest.raises(EngineUnavailable, match="TTS_API_KEY") as caught:
        await probe(Options(url=openai_server.url, api_key=SecretStr("wrong")))
    assert "wrong" not in str(caught.value)


async def test_the_probe_names_a_server_that_is_not_there() -> None:
    async with OpenAIStandIn().serve() as server:
        url = server.url
    with pytest.raises(EngineUnavailable, match="is the server running"):
        await probe(Options(url=url))
