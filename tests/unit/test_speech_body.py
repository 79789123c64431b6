"""What a speech server sends, decoded from chunks that end anywhere: the bytes decide."""

import base64
import io
import json
import random
import struct
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from agent.audio.kinds import Kind, is_noise, kind_of
from agent.tts.served.speech_body import MalformedBody, ServerFault, SpeechBody
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.sound_files import ogg
from testbed import speech

RATE_HZ = 24000
PCM = tones.speak([0], rate_hz=RATE_HZ)
SAID = tones.speak([0, 1, 2], rate_hz=RATE_HZ)
VORBIS = (Path(__file__).parents[1] / "fakes" / "sounds" / "three_words.ogg").read_bytes()
"""SAID, encoded with `ffmpeg -c:a libvorbis -q:a 0`."""
LABELS = ["audio/pcm", "application/octet-stream", "audio/wav", "", "audio/mpeg", "text/html"]


def wav(
    data: bytes,
    *,
    tag: int = 1,
    bits: int = 16,
    channels: int = 1,
    extra: bytes = b"",
    length: int = 0xFFFFFFFF,
    rate_hz: int = RATE_HZ,
) -> bytes:
    size = bits // 8 * channels
    fmt = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * size, size, bits) + extra
    head = b"RIFF\0\0\0\0WAVEJUNK" + struct.pack("<I", 3) + b"abc\0"
    head += b"fmt " + struct.pack("<I", len(fmt)) + fmt
    return head + b"data" + struct.pack("<I", length) + data


def sse(data: bytes) -> bytes:
    found = b""
    for at in range(0, len(data), 1001):
        piece = base64.b64encode(data[at : at + 1001]).decode()
        found += f"event: x\r\ndata: {json.dumps({'audio': piece})}\r\n\r\n".encode()
    return found + b"data: [DONE]\r\n\r\n"


def ndjson(data: bytes) -> bytes:
    pieces = [data[at : at + 4000] for at in range(0, len(data), 4000)]
    return b"".join(
        json.dumps({"audio": base64.b64encode(piece).decode()}).encode() + b"\n" for piece in pieces
    )


def in_json(data: bytes, **form: object) -> bytes:
    audio = base64.b64encode(data).decode()
    return json.dumps({"id": 1, "audioContent": audio, "text": "x"}, **form).encode()


def decoded(content_type: str, data: bytes, largest: int) -> bytes:
    rng, body, found = random.Random(largest), SpeechBody(content_type, rate_hz=RATE_HZ), b""
    while data:
        size = rng.randint(1, largest)
        found += body.feed(data[:size])
        data = data[size:]
    return found + body.end()


def numbers(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2")


def floats(pcm: bytes, kind: str = "<f4") -> bytes:
    return (numbers(pcm) / 32767).astype(kind).tobytes()


def wider(pcm: bytes, size: int) -> bytes:
    """The same samples in `size` bytes each."""
    words = np.zeros((len(pcm) // 2, size), np.uint8)
    words[:, -2:] = np.frombuffer(pcm, np.uint8).reshape(-1, 2)
    return words.tobytes()


def compressed(container: str, codec: str, *, rate_hz: int = RATE_HZ, pcm: bytes = SAID) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(codec, rate=rate_hz, layout="mono")
        resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=rate_hz)
        frame = av.AudioFrame.from_ndarray(
            numbers(pcm).reshape(1, -1).copy(), format="s16", layout="mono"
        )
        frame.sample_rate = RATE_HZ
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            piece.pts = None
            file.mux(stream.encode(piece))
        file.mux(stream.encode(None))
    return target.getvalue()


def words(pcm: bytes) -> list[int]:
    samples = numbers(pcm) / np.float32(32768)
    return [word for word, _, _ in tones.heard(samples, rate_hz=RATE_HZ)]


EXTENSIBLE = struct.pack("<HHI", 22, 16, 4) + struct.pack("<H", 1) + bytes(14)
STEREO = np.repeat(numbers(PCM), 2).tobytes()
LIST = b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 14) + b"Lavf61.7.100\0\0"


@pytest.mark.parametrize("largest", [1, 7, 5000])
@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("audio/pcm", PCM),
        ("", PCM),
        ("application/octet-stream", PCM + b"\x01"),
        ("audio/wav", PCM),
        ("audio/mpeg", PCM),
        ("audio/pcm; channels=2", STEREO),
        ("audio/wav", wav(PCM)),
        ("text/html", wav(PCM)),
        ("audio/x-wav", wav(PCM, tag=0xFFFE, extra=EXTENSIBLE)),
        ("audio/wav", wav(floats(PCM), tag=3, bits=32)),
        ("audio/wav", wav(floats(PCM, "<f8"), tag=3, bits=64)),
        ("audio/wav", wav(wider(PCM, 3), bits=24)),
        ("audio/wav", wav(wider(PCM, 4), bits=32)),
        ("audio/wav", wav(STEREO, channels=2)),
        ("audio/wav", wav(PCM, length=0)),
        ("audio/wav", wav(PCM, length=0x7FFFF000)),
        ("audio/wav", wav(PCM, length=len(PCM))),
        ("audio/wav", wav(PCM, length=1000)),
        ("audio/wav", wav(PCM, length=len(PCM)) + LIST),
        ("audio/wav", wav(PCM) + LIST),
        ("audio/wav", wav(PCM, length=0) + LIST + b"id3 \x04\0\0\0abcd"),
        ("audio/pcm", wav(PCM[:2000]) + wav(PCM[2000:])),
        ("audio/pcm", wav(PCM[:2000], length=2000) + LIST + wav(PCM[2000:], length=0)),
        ("text/event-stream", sse(PCM)),
        ("text/event-stream; charset=utf-8", sse(wav(PCM))),
        ("audio/pcm", sse(PCM)),
        ("application/json", in_json(PCM)),
        ("audio/wav", in_json(wav(PCM), indent=2)),
        ("application/x-ndjson", ndjson(PCM)),
    ],
)
def test_every_form_gives_the_same_samples(content_type: str, data: bytes, largest: int) -> None:
    found = numbers(decoded(content_type, data, largest))
    assert len(found) == len(PCM) // 2
    assert abs(found.astype(int) - numbers(PCM)).max() <= 1


def test_eight_bits_are_the_same_sound() -> None:
    coarse = (numbers(SAID) // 256 + 128).astype(np.uint8).tobytes()
    assert words(decoded("audio/wav", wav(coarse, bits=8), 700)) == [0, 1, 2]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    ("container", "codec", "rate_hz"),
    [("mp3", "libmp3lame", 24000), ("mp3", "libmp3lame", 44100), ("flac", "flac", 16000)],
)
def test_compressed_sound_is_decoded_whatever_its_label(
    label: str, container: str, codec: str, rate_hz: int
) -> None:
    assert words(decoded(label, compressed(container, codec, rate_hz=rate_hz), 3000)) == [0, 1, 2]


def test_the_silence_that_an_mp3_encoder_adds_does_not_delay_the_first_word() -> None:
    said = np.frombuffer(SAID, "<i2")
    found = numbers(decoded("audio/mpeg", compressed("mp3", "libmp3lame"), 3000))
    starts = [int(np.flatnonzero(np.abs(pcm.astype(int)) > 2000)[0]) for pcm in (said, found)]
    assert abs(starts[1] - starts[0]) < RATE_HZ * 0.005


@pytest.mark.parametrize("largest", [1, 300, 100_000])
@pytest.mark.parametrize("joined", [1, 2])
def test_an_mp3_without_tags_or_joined_of_several_is_decoded_in_any_chunks(
    largest: int, joined: int
) -> None:
    data = compressed("mp3", "libmp3lame")
    bare = data[data.index(b"\xff\xf3") :]
    assert words(decoded("audio/pcm", bare, largest)) == [0, 1, 2]
    assert words(decoded("audio/mpeg", data * joined, largest)) == [0, 1, 2] * joined


@pytest.mark.parametrize("label", ["audio/ogg", "audio/pcm", "application/octet-stream"])
@pytest.mark.parametrize("largest", [1, 7, 33, 300, 100_000])
def test_ogg_vorbis_is_decoded_in_any_chunks_whatever_its_label(label: str, largest: int) -> None:
    found = decoded(label, VORBIS, largest)
    assert words(found) == [0, 1, 2]
    assert abs(len(found) - len(SAID)) <= 2


@pytest.mark.parametrize("first", range(1, 60))
def test_ogg_vorbis_is_known_wherever_its_first_chunk_ends(first: int) -> None:
    body = SpeechBody("audio/ogg", rate_hz=RATE_HZ)
    assert words(body.feed(VORBIS[:first]) + body.feed(VORBIS[first:]) + body.end()) == [0, 1, 2]


@pytest.mark.parametrize("largest", [7, 999])
@pytest.mark.parametrize(("share", "heard"), [(0.8, [0]), (0.9, [0, 1]), (0.99, [0, 1, 2])])
def test_of_ogg_vorbis_that_is_cut_what_came_is_heard(
    share: float, heard: list[int], largest: int
) -> None:
    assert words(decoded("audio/ogg", VORBIS[: int(len(VORBIS) * share)], largest)) == heard


@pytest.mark.parametrize("size", [300, 2000])
def test_ogg_vorbis_that_is_cut_in_its_header_is_refused(size: int) -> None:
    with pytest.raises(MalformedBody, match="Ogg Vorbis"):
        decoded("audio/ogg", VORBIS[:size], 100)


@pytest.mark.parametrize(("container", "codec"), [("mp3", "libmp3lame"), ("flac", "flac")])
def test_compressed_sound_comes_while_it_arrives(container: str, codec: str) -> None:
    said = tones.speak([0, 1, 2] * 20, rate_hz=RATE_HZ)
    data = compressed(container, codec, pcm=said)
    body = SpeechBody("audio/mpeg", rate_hz=RATE_HZ)
    first_half = body.feed(data[: len(data) // 2])
    assert len(first_half) > len(said) * 0.25
    assert words(first_half + body.feed(data[len(data) // 2 :]) + body.end()) == [0, 1, 2] * 20


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(
    ("container", "codec", "rate_hz"),
    [("ogg", "libopus", 48000), ("adts", "aac", 24000), ("webm", "libopus", 48000)],
)
def test_what_cannot_be_decoded_is_refused_by_its_name(
    label: str, container: str, codec: str, rate_hz: int
) -> None:
    with pytest.raises(MalformedBody, match="Ogg Opus|AAC|WebM"):
        decoded(label, compressed(container, codec, rate_hz=rate_hz), 3000)


def test_the_first_samples_come_with_the_first_bytes() -> None:
    body = SpeechBody("audio/pcm", rate_hz=RATE_HZ)
    quiet = (numbers(PCM) // 8).astype("<i2").tobytes()
    assert body.feed(quiet[:31]) == b""
    assert body.feed(quiet[31:101]) == quiet[:100]


@pytest.mark.parametrize("first", [-1, -1025, -3329, -3585, -1793, -9])
@pytest.mark.parametrize("size", [200, 1500, 20_000])
@pytest.mark.parametrize("largest", [7, 5000])
def test_samples_that_begin_like_a_frame_of_mp3_or_aac_are_samples(
    first: int, size: int, largest: int
) -> None:
    pcm = np.int16(first).tobytes() * 3 + PCM[:size]
    assert decoded("audio/pcm", pcm, largest) == pcm


def test_another_rate_is_resampled() -> None:
    said = tones.speak([0, 1], rate_hz=16000)
    assert words(decoded("audio/L16; rate=16000", said, 900)) == [0, 1]
    two = wav(tones.speak([0], rate_hz=16000), rate_hz=16000)
    assert words(decoded("audio/wav", two + wav(tones.speak([1], rate_hz=RATE_HZ)), 900)) == [0, 1]


@pytest.mark.parametrize(
    ("content_type", "data"),
    [
        ("audio/pcm", b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"),
        ("audio/wav", '{"detail": "Stimme nicht gefunden: größe"}'.encode()),
        ("audio/mpeg", b"Internal Server Error\n"),
        ("application/json", b"{}"),
        ("application/json", b"[1, 2]"),
        ("audio/wav", wav(PCM, channels=0)),
        ("audio/wav", wav(PCM, tag=6, bits=8)),
        ("audio/wav", wav(PCM, rate_hz=7)),
        ("audio/wav", b"RIFF\0\0\0\0WAVEdata\0\0\0\0" + bytes(16)),
        ("audio/wav", b"RIFF\0\0\0\0WAVEJUNK\xff\xff\xff\xff" + bytes(16)),
        ("audio/basic", PCM),
        ("image/png", PCM),
        ("audio/pcm", random.Random(1).randbytes(20_000)),
        ("audio/pcm", bytes(4000) + random.Random(1).randbytes(20_000)),
        ("audio/pcm", floats(PCM)),
        ("audio/mpeg", b"\x1f\x8b\x08" + random.Random(1).randbytes(2000)),
        ("text/event-stream", b"data: nonsense\n\n"),
        ("text/event-stream", b"data: []\n\n"),
        ("text/event-stream", b'data: {"audio": "!"}\n\n'),
        ("text/event-stream", b'data: {"audio": {}, "delta": {"a": 1}}\n\n'),
        ("text/event-stream", b'data: {"audio": 7}\n\n'),
        ("text/event-stream", b"data: " + b"[" * 20_000 + b"\n\n"),
    ],
)
@pytest.mark.parametrize("largest", [100, 100_000])
def test_what_is_no_speech_is_refused_and_not_played(
    content_type: str, data: bytes, largest: int
) -> None:
    with pytest.raises(MalformedBody) as caught:
        decoded(content_type, data, largest)
    assert "nicht gefunden" not in str(caught.value)


@pytest.mark.parametrize("event", [{"type": "error"}, {"error": {"message": "busy"}}])
def test_an_error_event_is_a_fault_of_the_server(event: dict[str, object]) -> None:
    body = SpeechBody("text/event-stream", rate_hz=RATE_HZ)
    with pytest.raises(ServerFault):
        body.feed(f"data: {json.dumps(event)}\n\n{' ' * 40}".encode())


def test_an_endless_event_is_malformed() -> None:
    with pytest.raises(MalformedBody, match="endless"):
        SpeechBody("text/event-stream", rate_hz=RATE_HZ).feed(b"data: " + b"A" * (33 * 2**20))


@pytest.mark.parametrize("name", ["usage", "token_usage"])
def test_tokens_are_counted_in_both_dialects(name: str) -> None:
    body = SpeechBody("text/event-stream", rate_hz=RATE_HZ)
    usage = {"input_tokens": 2, "output_tokens": None}
    body.feed(f"data: {json.dumps({'type': 'speech.audio.done', name: usage})}\n\n".encode())
    assert body.usage == (2, 0)


LOUDEST: list[Callable[[np.ndarray], np.ndarray]] = [
    lambda speech: speech,
    lambda speech: np.clip(speech.astype(np.float64) * 20, -32768, 32767).astype(np.int16),
    lambda speech: (np.sign(speech) * 32767).astype(np.int16),
    lambda speech: np.diff(speech, prepend=np.int16(0)),
    lambda speech: np.clip(np.diff(speech.astype(float), prepend=0) * 50, -32768, 32767).astype(
        np.int16
    ),
]


@pytest.mark.parametrize("made", range(len(LOUDEST)))
def test_speech_is_never_taken_for_noise_however_loud_or_shrill(made: int) -> None:
    """Every stretch of it, as if the server's answer or a chunk began there."""
    said = speech.say("She sells sixty six shells, sharp and fresh.", rate_hz=RATE_HZ)
    pcm = LOUDEST[made]((said * 32767).astype(np.int16))
    for size in (256, 1024, 4800):
        for at in range(0, len(pcm) - size, 997):
            assert not is_noise(pcm[at : at + size]), (size, at)
    for at in range(0, len(pcm) - 300, 997):
        assert kind_of(pcm[at : at + 300].tobytes(), final=False) is Kind.RAW


@pytest.mark.parametrize("size", [11, 1000, 10**6])
def test_several_ogg_files_in_a_row_are_heard_one_after_the_other(size: int) -> None:
    files = b"".join(
        ogg(tones.speak([word], rate_hz=RATE_HZ), rate_hz=RATE_HZ) for word in (4, 2, 0)
    )
    assert words(decoded("audio/ogg", files, size)) == [4, 2, 0]


def test_the_first_of_several_ogg_files_is_heard_before_the_second_has_come() -> None:
    file = ogg(PCM, rate_hz=RATE_HZ)
    body = SpeechBody("audio/ogg", rate_hz=RATE_HZ)
    heard = body.feed(file)
    assert len(heard) > 0.9 * len(PCM)
    assert words(heard + body.feed(file) + body.end()) == [0, 0]
