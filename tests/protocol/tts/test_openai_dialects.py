"""Answers of servers that differ from OpenAI's, as their sources have them.

Source: remsky/Kokoro-FastAPI, api/src/routers/openai_compatible.py; speaches-ai/speaches,
routers/speech.py.
"""

import base64
import json

import pytest

from agent.errors import EngineUnavailable
from agent.tts.openai.engine import Options, probe
from rejoinder.stand_ins import tones
from rejoinder.stand_ins.sound_files import mp3, ogg, wav
from tests.protocol.tts.conftest import PCM, RATE_HZ, split, spoken
from tests.protocol.tts.raw_server import Answer, RawServer

PIPER_HZ = 22050


def heard(samples: object, *, rate_hz: int = RATE_HZ) -> list[int]:
    return [word for word, _, _ in tones.heard(samples, rate_hz=rate_hz)]  # type: ignore[arg-type]


def events(pcm: bytes) -> bytes:
    """speaches: samples whatever was asked for, and tokens under a name of its own."""
    lines = []
    for piece in split(pcm, 3333):
        delta = {"type": "speech.audio.delta", "audio": base64.b64encode(piece).decode()}
        lines.append(f"data: {json.dumps(delta)}\n\n")
    done = {"type": "speech.audio.done", "token_usage": {"input_tokens": 1, "output_tokens": 2}}
    return "".join([*lines, f"data: {json.dumps(done)}\n\n"]).encode()


async def test_kokoro_sends_a_chunk_a_sentence_and_knows_no_events(raw: RawServer) -> None:
    raw.answer = Answer(split(PCM, RATE_HZ * 6 // 10), "audio/pcm", gap_s=0.02)
    assert heard(await spoken(raw, model="kokoro", voice="af_bella(2)+af_sky")) == [0, 1, 2]
    assert raw.bodies[0]["voice"] == "af_bella(2)+af_sky"
    assert heard(await spoken(raw, stream_format="sse")) == [0, 1, 2]


async def test_speaches_sends_a_piper_voice_at_its_own_rate_in_events(raw: RawServer) -> None:
    raw.answer = Answer([events(tones.speak([0, 1, 2], rate_hz=PIPER_HZ))], "text/event-stream")
    own = {"stream_format": "sse", "sample_rate_hz": PIPER_HZ, "send_sample_rate": True}
    assert heard(await spoken(raw, **own), rate_hz=PIPER_HZ) == [0, 1, 2]
    assert raw.bodies[0]["sample_rate"] == PIPER_HZ


@pytest.mark.parametrize("size", [499, 5000])
@pytest.mark.parametrize(
    ("sound", "label"),
    [
        (mp3(PCM, rate_hz=RATE_HZ), "audio/mpeg"),
        (ogg(PCM, rate_hz=RATE_HZ), "audio/ogg"),
        (wav(PCM, rate_hz=RATE_HZ), "audio/wav"),
        (mp3(PCM, rate_hz=RATE_HZ), "audio/pcm"),
    ],
)
async def test_a_server_that_has_its_own_format_is_heard(
    raw: RawServer, sound: bytes, label: str, size: int
) -> None:
    raw.answer = Answer(split(sound, size), label)
    assert heard(await spoken(raw)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (
            400,
            {
                "detail": {
                    "error": "invalid_model",
                    "message": "Unsupported model: tts-9",
                    "type": "invalid_request_error",
                }
            },
            "Unsupported model: tts-9; set TTS_MODEL and TTS_VOICE",
        ),
        (
            404,
            {"detail": "Model 'tts-9' is not installed locally."},
            "Model 'tts-9' is not installed locally.; set TTS_MODEL and TTS_VOICE",
        ),
        (500, {"detail": {"error": "processing_error", "message": "no GPU"}}, "no GPU; see"),
    ],
)
async def test_what_they_refuse_is_told_by_the_probe(
    raw: RawServer, status: int, body: dict[str, object], said: str
) -> None:
    raw.answer = Answer([json.dumps(body).encode()], "application/json", status=status)
    with pytest.raises(EngineUnavailable) as caught:
        await probe(Options(url=raw.url, model="tts-9"))
    assert said in str(caught.value)
