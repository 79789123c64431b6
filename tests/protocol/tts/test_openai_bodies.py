"""Speech as servers send it, byte for byte: bare samples, WAV, events, compressed."""

import base64
import io
import json
import struct
import wave
from pathlib import Path

import av
import numpy as np
import pytest
from livekit.agents import APIConnectionError

from agent.tts.openai.engine import Options, build
from rejoinder.stand_ins import tones
from tests.protocol.tts.conftest import EXACT, PCM, RATE_HZ, split, spoken
from tests.protocol.tts.contract import audio, same_sound
from tests.protocol.tts.raw_server import Answer, RawServer

VORBIS = (Path(__file__).parents[2] / "fakes" / "sounds" / "three_words.ogg").read_bytes()


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


def heard(samples: np.ndarray, *, rate_hz: int = RATE_HZ) -> list[int]:
    return [word for word, _, _ in tones.heard(samples, rate_hz=rate_hz)]


@pytest.mark.parametrize("size", [999, 4801, 10**6])
async def test_samples_are_put_together_from_chunks_of_any_size(raw: RawServer, size: int) -> None:
    raw.answer = Answer(split(PCM, size))
    assert same_sound(await spoken(raw), EXACT)


async def test_a_last_half_sample_is_dropped(raw: RawServer) -> None:
    raw.answer = Answer([PCM[:9001]])
    assert same_sound(await spoken(raw), EXACT[:4500])


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
    assert same_sound(await spoken(raw), EXACT)


async def test_a_wav_header_may_come_in_single_bytes(raw: RawServer) -> None:
    whole = wav(PCM, length=0)
    raw.answer = Answer([*split(whole[:60], 1), whole[60:]], "audio/wav")
    assert same_sound(await spoken(raw), EXACT)


async def test_a_wav_of_another_rate_and_two_channels_keeps_its_words(raw: RawServer) -> None:
    mono = np.frombuffer(tones.speak([0, 1, 2], rate_hz=16000), "<i2")
    stereo = np.repeat(mono, 2).tobytes()
    raw.answer = Answer(split(wav(stereo, rate_hz=16000, channels=2), 777), "audio/wav")
    samples = await spoken(raw)
    assert heard(samples) == [0, 1, 2]
    assert abs(len(samples) / RATE_HZ - 0.9) < 0.05


async def test_a_wav_that_says_wav_and_has_no_header_is_raw(raw: RawServer) -> None:
    raw.answer = Answer([PCM], "audio/wav")
    assert same_sound(await spoken(raw), EXACT)


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
    assert same_sound(await spoken(raw, stream_format="sse"), EXACT)
    assert raw.bodies[0]["stream_format"] == "sse"


async def test_events_may_carry_a_wav_and_end_without_an_empty_line(raw: RawServer) -> None:
    body = events(wav(PCM)).rstrip(b"\n")
    raw.answer = Answer([body], "text/event-stream")
    assert same_sound(await spoken(raw), EXACT)


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
        (b"not an mp3", "audio/mpeg"),
        (b"<html><body>Bad gateway: one two three</body></html>", "audio/pcm"),
        (b"OggS" + bytes(24) + b"OpusHead" + bytes(40), "audio/pcm"),
        (np.random.default_rng(1).bytes(9000), "audio/pcm"),
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
    assert "one two" not in str(caught.value)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "audio/pcm"),
        (b"RIF", "audio/wav"),
        (b"data: [DONE]\n\n", "text/event-stream"),
        (b'data: {"type":"error","error":{"message":"busy"}}\n\n', "text/event-stream"),
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


@pytest.mark.parametrize("label", ["audio/flac", "audio/pcm", "application/octet-stream"])
async def test_a_server_that_only_knows_compressed_audio_is_understood(
    raw: RawServer, label: str
) -> None:
    target = io.BytesIO()
    with av.open(target, "w", format="flac") as container:
        stream = container.add_stream("flac", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(PCM, "<i2").reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = RATE_HZ
        container.mux([*stream.encode(frame), *stream.encode(None)])
    raw.answer = Answer(split(target.getvalue(), 4000), label)
    assert heard(await spoken(raw)) == [0, 1, 2]


@pytest.mark.parametrize("size", [7, 33, 1000, 10**6])
async def test_ogg_vorbis_is_understood_in_any_chunks(raw: RawServer, size: int) -> None:
    raw.answer = Answer(split(VORBIS, size), "audio/ogg")
    assert heard(await spoken(raw)) == [0, 1, 2]


@pytest.mark.parametrize("size", [20, 300, 4000])
async def test_ogg_vorbis_that_is_cut_is_an_error_that_may_be_tried_again(
    raw: RawServer, size: int
) -> None:
    raw.answer = Answer([VORBIS[:size]], "audio/ogg", cut=True)
    with pytest.raises(APIConnectionError, match="broke off") as caught:
        await spoken(raw)
    assert caught.value.retryable


async def test_an_answer_that_is_cut_within_its_header_is_tried_again(raw: RawServer) -> None:
    raw.answer = Answer([wav(PCM)[:30]], "audio/wav", cut=True)
    with pytest.raises(APIConnectionError, match="broke off") as caught:
        await spoken(raw)
    assert caught.value.retryable


async def test_an_honest_wav_is_understood_too(raw: RawServer) -> None:
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(PCM)
    raw.answer = Answer(split(target.getvalue(), 5000), "audio/x-wav")
    assert same_sound(await spoken(raw), EXACT)
