"""What a speech server sends, decoded from chunks that end anywhere."""

import base64
import json
import random
import struct

import numpy as np
import pytest

from agent.tts.speech_body import Body, MalformedBody, Samples, ServerFault, SpeechEvents, open_body
from tests.fakes import tones

RATE_HZ = 24000
PCM = tones.speak([0], rate_hz=RATE_HZ)


def wav(
    data: bytes, *, tag: int = 1, bits: int = 16, channels: int = 1, extra: bytes = b""
) -> bytes:
    size = bits // 8 * channels
    fmt = struct.pack("<HHIIHH", tag, channels, RATE_HZ, RATE_HZ * size, size, bits) + extra
    head = b"RIFF\0\0\0\0WAVEJUNK" + struct.pack("<I", 3) + b"abc\0"
    return head + b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"data\xff\xff\xff\xff" + data


def sse(data: bytes) -> bytes:
    found = b""
    for at in range(0, len(data), 1001):
        piece = base64.b64encode(data[at : at + 1001]).decode()
        found += f"event: x\r\ndata: {json.dumps({'audio': piece})}\r\n\r\n".encode()
    return found + b"data: [DONE]\r\n\r\n"


def decoded(body: Body, data: bytes, rng: random.Random, largest: int) -> bytes:
    found = b""
    while data:
        size = rng.randint(1, largest)
        found += body.feed(data[:size])
        data = data[size:]
    return found + body.end()


def floats(pcm: bytes) -> bytes:
    return (np.frombuffer(pcm, "<i2").astype("<f4") / 32767).tobytes()


EXTENSIBLE = struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", 1) + bytes(14)
STEREO = np.repeat(np.frombuffer(PCM, "<i2"), 2).tobytes()


@pytest.mark.parametrize("largest", [1, 7, 5000])
@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("audio/pcm", PCM),
        ("", PCM),
        ("application/octet-stream", PCM + b"\x01"),
        ("audio/wav", PCM),
        ("audio/wav", wav(PCM)),
        ("text/html", wav(PCM)),
        ("audio/x-wav", wav(PCM, tag=0xFFFE, extra=EXTENSIBLE)),
        ("audio/wav", wav(floats(PCM), tag=3, bits=32)),
        ("audio/wav", wav(STEREO, channels=2)),
        ("text/event-stream", sse(PCM)),
        ("text/event-stream; charset=utf-8", sse(wav(PCM))),
    ],
)
def test_every_form_gives_the_same_samples(content_type: str, data: bytes, largest: int) -> None:
    rng = random.Random(largest)
    found = decoded(open_body(content_type, rate_hz=RATE_HZ), data, rng, largest)
    difference = np.frombuffer(found, "<i2").astype(int) - np.frombuffer(PCM, "<i2")
    assert abs(difference).max() <= 1


def test_the_first_samples_come_with_the_first_bytes() -> None:
    body = open_body("audio/pcm", rate_hz=RATE_HZ)
    assert body.feed(PCM[:1]) == b""
    assert body.feed(PCM[1:101]) == PCM[:100]


def test_another_rate_is_resampled() -> None:
    body = open_body("audio/L16; rate=16000", rate_hz=RATE_HZ)
    found = body.feed(tones.speak([0, 1], rate_hz=16000)) + body.end()
    samples = np.frombuffer(found, "<i2") / np.float32(32768)
    assert [word for word, _, _ in tones.heard(samples, rate_hz=RATE_HZ)] == [0, 1]


def test_a_compressed_form_is_left_to_the_framework() -> None:
    body = open_body("audio/mpeg", rate_hz=RATE_HZ)
    assert body.mime_type == "audio/mpeg"
    assert body.feed(b"ID3") + body.end() == b"ID3"


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("text/html", b"<html>"),
        ("application/json", b"{}"),
        ("audio/wav", wav(PCM, bits=24)),
        ("audio/wav", wav(PCM, channels=0)),
        ("audio/wav", b"RIFF\0\0\0\0WAVEdata\0\0\0\0"),
        ("audio/wav", b"RIFF\0\0\0\0WAVEJUNK\xff\xff\xff\xff"),
        ("text/event-stream", b"data: nonsense\n\n"),
        ("text/event-stream", b"data: []\n\n"),
        ("text/event-stream", b'data: {"audio": "!"}\n\n'),
        ("text/event-stream", b'data: {"audio": {}, "delta": {"a": 1}}\n\n'),
    ],
)
def test_what_is_no_speech_is_malformed(content_type: str, data: bytes) -> None:
    with pytest.raises(MalformedBody):
        open_body(content_type, rate_hz=RATE_HZ).feed(data)


@pytest.mark.parametrize("event", [{"type": "error"}, {"error": {"message": "busy"}}])
def test_an_error_event_is_a_fault_of_the_server(event: dict[str, object]) -> None:
    events = SpeechEvents(Samples(rate_hz=RATE_HZ, raw_rate_hz=RATE_HZ))
    with pytest.raises(ServerFault):
        events.feed(f"data: {json.dumps(event)}\n\n".encode())


def test_an_endless_event_is_malformed() -> None:
    events = SpeechEvents(Samples(rate_hz=RATE_HZ, raw_rate_hz=RATE_HZ))
    with pytest.raises(MalformedBody, match="endless"):
        events.feed(b"data: " + b"A" * (33 * 2**20))


@pytest.mark.parametrize("name", ["usage", "token_usage"])
def test_tokens_are_counted_in_both_dialects(name: str) -> None:
    events = SpeechEvents(Samples(rate_hz=RATE_HZ, raw_rate_hz=RATE_HZ))
    usage = {"input_tokens": 2, "output_tokens": None}
    events.feed(f"data: {json.dumps({'type': 'speech.audio.done', name: usage})}\n\n".encode())
    assert events.usage == (2, 0)
