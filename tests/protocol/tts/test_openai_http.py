"""Engine `openai` against real local servers."""

import asyncio
import base64
import io
import json
import struct
import wave
from collections.abc import AsyncIterator, Callable

import av
import numpy as np
import pytest
from livekit.agents import APIConnectionError, APIConnectOptions, APIStatusError, tts
from pydantic import SecretStr

from agent.errors import EngineUnavailable
from agent.tts import openai_http
from agent.tts.openai_http import Options, build, probe
from agent.tts.sentences import SentenceTokenizer
from tests.fakes import tones
from tests.fakes.openai_server import OpenAIStandIn
from tests.protocol.tts.contract import (
    AGAIN,
    ONCE,
    STALL_S,
    WORDS,
    Rig,
    SpeechContract,
    audio,
    audio_until_error,
)
from tests.protocol.tts.raw_server import Answer, RawServer

RATE_HZ = 24000
PCM = tones.speak([0, 1, 2], rate_hz=RATE_HZ)


async def until(condition: Callable[[], object], what: str) -> None:
    for _ in range(200):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"never: {what}")


class StandInRig(Rig):
    long_text = " ".join([WORDS] * 20)

    def __init__(self, server: OpenAIStandIn) -> None:
        self.server = server
        self.engine = build(Options(url=server.url, stall_s=STALL_S))
        server.tts.between_s = 0.001

    async def be_slow(self) -> None:
        self.server.tts.first_byte_s = 3600

    async def freeze(self, *, first: bool) -> None:
        self.server.tts.stall_after = 4

    async def die(self, *, first: bool) -> None:
        self.server.tts.cut_after = 4
        self.server.tts.between_s = 0.02

    async def recover(self) -> None:
        self.server.tts.first_byte_s = 0
        self.server.tts.stall_after = self.server.tts.cut_after = None

    async def saw_the_cancel(self) -> None:
        record = self.server.of("tts")[-1]
        await until(lambda: record.outcome == "cancelled", "the server sees the cancel")
        assert record.chunks < len(self.long_text.split()) * tones.WORD_S / 0.05


@pytest.fixture
async def rig(openai_server: OpenAIStandIn) -> AsyncIterator[StandInRig]:
    rig = StandInRig(openai_server)
    yield rig
    await rig.engine.aclose()


class TestContract(SpeechContract):
    pass


async def words(rig: StandInRig, text: str, conn: APIConnectOptions = ONCE) -> list[str]:
    samples, rate_hz = await audio(rig.engine, text, conn)
    return [word for word, _, _ in rig.server.heard_words(samples, rate_hz=rate_hz)]


async def test_every_word_is_heard_in_order(rig: StandInRig) -> None:
    assert await words(rig, WORDS) == WORDS.split()


async def test_text_without_words_is_not_sent(rig: StandInRig) -> None:
    await audio(rig.engine, "...")
    assert rig.server.of("tts") == []


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_passing_refusal_is_tried_again(rig: StandInRig, status: int) -> None:
    rig.server.tts.status, rig.server.tts.failures = status, 1
    assert await words(rig, "one two", AGAIN) == ["one", "two"]
    assert [r.outcome for r in rig.server.of("tts")] == ["refused", "completed"]


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_a_lasting_refusal_is_not_tried_again(rig: StandInRig, status: int) -> None:
    rig.server.tts.status = status
    with pytest.raises(APIStatusError) as caught:
        await audio(rig.engine, "one two", AGAIN)
    assert caught.value.status_code == status
    assert not caught.value.retryable
    assert caught.value.message == f"stand-in fault {status}"
    assert len(rig.server.of("tts")) == 1


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
    assert 0 < seconds <= 4 * 0.05
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
    monkeypatch.setattr(openai_http, "PROBE_TIMEOUT_S", 0.3)
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


# Dialects, byte for byte.


def wav(pcm: bytes, *, rate_hz: int = RATE_HZ, channels: int = 1, length: int = 0) -> bytes:
    """A WAV with a further chunk, whose header claims `length` bytes of samples."""
    fmt = struct.pack("<HHIIHH", 1, channels, rate_hz, 2 * channels * rate_hz, 2 * channels, 16)
    extra = b"LIST" + struct.pack("<I", 5) + b"hello\0"
    head = b"RIFF" + struct.pack("<I", length) + b"WAVE" + b"fmt " + struct.pack("<I", 16) + fmt
    return head + extra + b"data" + struct.pack("<I", length) + pcm


def events(pcm: bytes, *, field: str = "audio", newline: str = "\n") -> bytes:
    """Speech as server-sent events, cut in the middle of samples."""
    lines = [": welcome", ""]
    for at in range(0, len(pcm), 4801):
        piece = base64.b64encode(pcm[at : at + 4801]).decode()
        lines += [f"data: {json.dumps({'type': 'speech.audio.delta', field: piece})}", ""]
    usage = {"input_tokens": 3, "output_tokens": 7, "total_tokens": 10}
    lines += [f"data: {json.dumps({'type': 'speech.audio.done', 'usage': usage})}", ""]
    return newline.join([*lines, ""]).encode()


def split(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.fixture
async def raw() -> AsyncIterator[RawServer]:
    async with RawServer().serve() as server:
        yield server


async def spoken(raw: RawServer, **options: object) -> np.ndarray:
    engine = build(Options.model_validate({"url": raw.url, **options}))
    try:
        return (await audio(engine, "one two three"))[0]
    finally:
        await engine.aclose()


def heard(samples: np.ndarray, *, rate_hz: int = RATE_HZ) -> list[int]:
    return [word for word, _, _ in tones.heard(samples, rate_hz=rate_hz)]


EXACT = np.frombuffer(PCM, "<i2") / np.float32(32768)


@pytest.mark.parametrize("size", [999, 4801, 10**6])
async def test_samples_are_put_together_from_chunks_of_any_size(raw: RawServer, size: int) -> None:
    raw.answer = Answer(split(PCM, size))
    assert np.array_equal(await spoken(raw), EXACT)


async def test_a_last_half_sample_is_dropped(raw: RawServer) -> None:
    raw.answer = Answer([PCM[:9001]])
    assert np.array_equal(await spoken(raw), EXACT[:4500])


@pytest.mark.parametrize(
    ("length", "content_type"),
    [
        (0, "audio/wav"),
        (17, "audio/pcm"),
        (0x7FFFF000, "text/html; charset=utf-8"),
        (0xFFFFFFFF, "audio/wav"),
    ],
)
async def test_the_lengths_in_a_wav_header_are_not_believed(
    raw: RawServer, length: int, content_type: str
) -> None:
    raw.answer = Answer(split(wav(PCM, length=length), 1001), content_type)
    assert np.array_equal(await spoken(raw), EXACT)


async def test_a_wav_header_may_come_in_single_bytes(raw: RawServer) -> None:
    whole = wav(PCM, length=0)
    raw.answer = Answer([*split(whole[:60], 1), whole[60:]], "audio/wav")
    assert np.array_equal(await spoken(raw), EXACT)


async def test_a_wav_of_another_rate_and_two_channels_keeps_its_words(raw: RawServer) -> None:
    mono = np.frombuffer(tones.speak([0, 1, 2], rate_hz=16000), "<i2")
    stereo = np.repeat(mono, 2).tobytes()
    raw.answer = Answer(split(wav(stereo, rate_hz=16000, channels=2), 777), "audio/wav")
    samples = await spoken(raw)
    assert heard(samples) == [0, 1, 2]
    assert abs(len(samples) / RATE_HZ - 0.9) < 0.05


async def test_a_wav_that_says_wav_and_has_no_header_is_raw(raw: RawServer) -> None:
    raw.answer = Answer([PCM], "audio/wav")
    assert np.array_equal(await spoken(raw), EXACT)


async def test_a_rate_in_the_content_type_is_believed(raw: RawServer) -> None:
    raw.answer = Answer([tones.speak([0, 1, 2], rate_hz=16000)], "audio/pcm;rate=16000")
    assert heard(await spoken(raw)) == [0, 1, 2]


async def test_the_rate_of_raw_samples_is_a_setting_and_can_be_asked_for(raw: RawServer) -> None:
    raw.answer = Answer([tones.speak([0, 1, 2], rate_hz=16000)])
    samples = await spoken(raw, sample_rate_hz=16000, send_sample_rate=True)
    assert heard(samples, rate_hz=16000) == [0, 1, 2]
    assert raw.bodies[0]["sample_rate"] == 16000


@pytest.mark.parametrize(
    ("field", "newline", "size"),
    [("audio", "\n", 701), ("delta", "\n", 100_000), ("audio", "\r\n", 999)],
)
async def test_server_sent_events_carry_the_same_audio(
    raw: RawServer, field: str, newline: str, size: int
) -> None:
    body = events(PCM, field=field, newline=newline)
    raw.answer = Answer(split(body, size), "text/event-stream; charset=utf-8")
    assert np.array_equal(await spoken(raw, stream_format="sse"), EXACT)
    assert raw.bodies[0]["stream_format"] == "sse"


async def test_events_may_carry_a_wav_and_end_without_an_empty_line(raw: RawServer) -> None:
    body = events(wav(PCM)).rstrip(b"\n")
    raw.answer = Answer([body], "text/event-stream")
    assert np.array_equal(await spoken(raw), EXACT)


async def test_tokens_reported_by_events_reach_the_metrics(raw: RawServer) -> None:
    raw.answer = Answer([events(PCM)], "text/event-stream")
    engine = build(Options(url=raw.url))
    counted: list[tuple[int, int]] = []
    engine.on("metrics_collected", lambda m: counted.append((m.input_tokens, m.output_tokens)))
    await audio(engine, "one two three")
    await engine.aclose()
    assert counted == [(3, 7)]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"data: {not json}\n\n", "text/event-stream"),
        (b"data: [1]\n\n", "text/event-stream"),
        (b'data: {"type":"speech.audio.delta","audio":"%%%"}\n\n', "text/event-stream"),
        (b'data: {"type":"speech.audio.delta","audio":7}\n\n', "text/event-stream"),
        (b'{"error": "no such voice"}', "application/json"),
        (wav(PCM).replace(struct.pack("<HH", 1, 1), struct.pack("<HH", 6, 1), 1), "audio/wav"),
        (b"RIFF\0\0\0\0WAVEdata\0\0\0\0" + PCM, "audio/wav"),
    ],
)
async def test_malformed_bodies_are_errors_that_are_not_tried_again(
    raw: RawServer, body: bytes, content_type: str
) -> None:
    raw.answer = Answer([body], content_type)
    with pytest.raises(APIConnectionError, match="not speech") as caught:
        await spoken(raw)
    assert not caught.value.retryable


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "audio/pcm"),
        (b"RIF", "audio/wav"),
        (b"data: [DONE]\n\n", "text/event-stream"),
        (b'data: {"type":"error","error":{"message":"busy"}}\n\n', "text/event-stream"),
        (b"not an mp3", "audio/mpeg"),
    ],
)
async def test_an_answer_without_audio_may_be_tried_again(
    raw: RawServer, body: bytes, content_type: str
) -> None:
    raw.answer = Answer([body], content_type)
    with pytest.raises(APIConnectionError) as caught:
        await spoken(raw)
    assert caught.value.retryable
    assert "one two" not in str(caught.value)


async def test_a_voice_that_has_no_word_for_a_symbol_is_silent(raw: RawServer) -> None:
    engine = build(Options(url=raw.url))
    samples, _ = await audio(engine, "😀")
    await engine.aclose()
    assert not samples.any()
    assert len(raw.bodies) == 1


async def test_a_server_that_only_knows_compressed_audio_is_understood(raw: RawServer) -> None:
    target = io.BytesIO()
    with av.open(target, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(PCM, "<i2").reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = RATE_HZ
        container.mux([*stream.encode(frame), *stream.encode(None)])
    raw.answer = Answer(split(target.getvalue(), 4000), "audio/flac")
    assert heard(await spoken(raw)) == [0, 1, 2]


async def test_an_answer_that_is_cut_within_its_header_is_tried_again(raw: RawServer) -> None:
    raw.answer = Answer([wav(PCM)[:30]], "audio/wav", cut=True)
    with pytest.raises(APIConnectionError, match="broke off") as caught:
        await spoken(raw)
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "bad voice", "type": "x"}}, "bad voice"),
        ({"detail": {"error": "validation", "message": "bad voice"}}, "bad voice"),
        ({"detail": "Model 'x' not found"}, "Model 'x' not found"),
        ({"detail": [{"loc": ["body"], "msg": "bad speed", "input": "my words"}]}, "bad speed"),
        ({"error": "cannot say: one two three"}, "cannot say: …"),
        ("gone", "gone"),
        ([], "X"),
    ],
)
async def test_the_reason_of_a_refusal_is_found_in_every_dialect(
    raw: RawServer, body: object, message: str
) -> None:
    raw.answer = Answer([json.dumps(body).encode()], "application/json", status=400)
    with pytest.raises(APIStatusError) as caught:
        await spoken(raw)
    assert caught.value.message == message
    assert "words" not in str(caught.value)


async def test_one_connection_is_kept_and_opened_ahead_of_the_first_text(raw: RawServer) -> None:
    raw.answer = Answer([PCM])
    engine = build(Options(url=raw.url + "/"))
    engine.prewarm()
    engine.prewarm()
    await until(lambda: raw.paths == ["GET /v1/models"], "the warm-up")
    await asyncio.sleep(0.02)
    for _ in range(3):
        await audio(engine, "one two three")
    await engine.aclose()
    assert raw.connections == 1
    assert raw.paths[1:] == ["POST /v1/audio/speech"] * 3


async def test_a_warm_up_that_fails_is_silent() -> None:
    async with RawServer().serve() as server:
        url = server.url
    engine = build(Options(url=url))
    engine.prewarm()
    await asyncio.sleep(0.05)
    await engine.aclose()


async def test_only_fields_that_were_set_are_sent(raw: RawServer) -> None:
    raw.answer = Answer([PCM])
    await spoken(raw)
    assert raw.bodies == [
        {"model": "tts-1", "input": "one two three", "voice": "alloy", "response_format": "pcm"}
    ]
    assert "authorization" not in raw.headers[0]


async def test_everything_that_was_set_is_sent(raw: RawServer) -> None:
    raw.answer = Answer([PCM])
    await spoken(raw, model="m", voice="v", speed=1.5, instructions="whisper", api_key="k")
    sent = raw.bodies[0]
    assert (sent["model"], sent["voice"]) == ("m", "v")
    assert (sent["speed"], sent["instructions"]) == (1.5, "whisper")
    assert raw.headers[0]["authorization"] == "Bearer k"


async def test_a_pause_shorter_than_the_limit_is_no_stall(raw: RawServer) -> None:
    raw.answer = Answer([PCM[:4000], PCM[4000:8000], PCM[8000:]], gap_s=0.15)
    assert np.array_equal(await spoken(raw, stall_s=STALL_S), EXACT)


async def test_an_honest_wav_is_understood_too(raw: RawServer) -> None:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(PCM)
    raw.answer = Answer(split(target.getvalue(), 5000), "audio/x-wav")
    assert np.array_equal(await spoken(raw), EXACT)
