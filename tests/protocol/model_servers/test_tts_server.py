"""The real speech server with the embedded voice, and the clients people use with it."""

import asyncio
import base64
import io
import json
import re
import time
import wave
from collections.abc import AsyncIterator

import httpx
import numpy as np
import openai
import pytest

from tests.protocol.model_servers.conftest import SENTENCE
from tests.protocol.model_servers.processes import ServerProcess

pytestmark = pytest.mark.timeout(180)

LONG_TEXT = " ".join(f"This is sentence number {n} of a text that goes on." for n in range(70))
"""Four minutes of speech."""
PROMPT_S = 15.0
"""LONG_TEXT takes longer on a machine where one sentence takes nearly as long."""


@pytest.fixture
async def http(tts_server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    base_url = f"{tts_server.url}/v1/audio"
    async with httpx.AsyncClient(base_url=base_url, timeout=60) as client:
        yield client


async def speak(http: httpx.AsyncClient, text: str, **fields: object) -> httpx.Response:
    return await http.post("/speech", json={"input": text, **fields})


def samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, "<i2").astype(float)


def loudness(pcm: bytes) -> float:
    return float(np.sqrt((samples(pcm) ** 2).mean()))


async def test_the_official_client_streams_pcm_at_24_khz(tts_server: ServerProcess) -> None:
    url = f"{tts_server.url}/v1"
    async with (
        openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client,
        client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="alloy", input=SENTENCE, response_format="pcm"
        ) as answer,
    ):
        assert answer.headers["content-type"] == "audio/pcm"
        pcm = b"".join([chunk async for chunk in answer.iter_bytes()])
    assert 2.0 < len(pcm) / 2 / 24000 < 4.5
    assert loudness(pcm) > 500


async def test_a_refusal_is_an_error_of_the_official_clients_kind(
    tts_server: ServerProcess,
) -> None:
    url = f"{tts_server.url}/v1"
    async with openai.AsyncOpenAI(base_url=url, api_key="any", max_retries=0) as client:
        with pytest.raises(openai.BadRequestError, match="Ask for pcm") as error:
            await client.audio.speech.create(
                model="tts-1", voice="alloy", input="Hello.", response_format="mp3"
            )
    assert (error.value.code, error.value.param) == ("unsupported_format", "response_format")


@pytest.mark.parametrize("rate_hz", [8000, 16000, 22050, 44100, 48000])
async def test_any_rate_can_be_asked_for(http: httpx.AsyncClient, rate_hz: int) -> None:
    # espeak-ng's length does not vary from call to call, Piper's does.
    asked = {"voice": "espeak:en-us", "response_format": "pcm"}
    usual = await speak(http, SENTENCE, **asked)
    other = await speak(http, SENTENCE, **asked, sample_rate=rate_hz)
    assert other.headers["x-sample-rate"] == str(rate_hz)
    length_s = len(other.content) / 2 / rate_hz
    assert length_s == pytest.approx(len(usual.content) / 2 / 24000, rel=0.01)


async def test_a_wav_has_true_lengths(http: httpx.AsyncClient) -> None:
    answer = await speak(http, SENTENCE, response_format="wav")
    assert answer.headers["content-type"] == "audio/wav"
    assert int(answer.headers["content-length"]) == len(answer.content)
    with wave.open(io.BytesIO(answer.content)) as wav:
        assert (wav.getnchannels(), wav.getsampwidth(), wav.getframerate()) == (1, 2, 24000)
        assert 44 + 2 * wav.getnframes() == len(answer.content)
        assert loudness(wav.readframes(wav.getnframes())) > 500
    assert (await speak(http, "Hello.")).content[:4] == b"RIFF"


@pytest.mark.parametrize("form", ["pcm", "wav"])
async def test_events_carry_small_pieces_of_samples(http: httpx.AsyncClient, form: str) -> None:
    answer = await speak(http, SENTENCE, stream_format="sse", response_format=form)
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in answer.text.split("\n") if line]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert {e["type"] for e in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"
    parts = [base64.b64decode(e["audio"]) for e in events[:-1]]
    assert len(parts) > 5
    assert max(map(len, parts[1:])) <= 0.2 * 24000 * 2
    assert (parts[0][:4] == b"RIFF") == (form == "wav")
    assert loudness(b"".join(parts)[44:]) > 500


async def test_speed_changes_the_length(http: httpx.AsyncClient) -> None:
    slow = await speak(http, SENTENCE, response_format="pcm", speed=0.5)
    fast = await speak(http, SENTENCE, response_format="pcm", speed=2.0)
    assert 2 < len(slow.content) / len(fast.content) < 6


async def test_chinese_is_spoken_by_a_chinese_voice_whatever_the_voice(
    http: httpx.AsyncClient,
) -> None:
    text = "你好，今天天气怎么样？"
    answers = [
        await speak(http, text, voice=voice, response_format="pcm")
        for voice in ("espeak:cmn", "zh-CN", "en_US-joe-medium", "en_US-hibari-heart", "")
    ]
    lengths = [len(a.content) / 2 / 24000 for a in answers]
    assert all(loudness(a.content) > 500 for a in answers)
    assert 1.5 < lengths[0] < 5
    assert lengths == pytest.approx([lengths[0]] * 5, rel=0.01)


async def test_every_listed_voice_can_be_asked_for(http: httpx.AsyncClient) -> None:
    voices = (await http.get("/voices")).json()["voices"]
    assert voices[0]["id"] == "en_US-hibari-heart"
    assert len(voices) > 100
    for voice in voices[::20]:
        answer = await speak(http, "ma ki", voice=voice["id"], response_format="pcm")
        assert loudness(answer.content) > 100, voice["id"]


async def test_an_unknown_voice_is_refused(http: httpx.AsyncClient) -> None:
    answer = await speak(http, "Hello.", voice="nobody")
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "voice")


async def test_the_first_audio_comes_long_before_the_last(http: httpx.AsyncClient) -> None:
    began = time.perf_counter()
    fields = {"input": LONG_TEXT[:400], "response_format": "pcm"}
    async with http.stream("POST", "/speech", json=fields) as answer:
        chunks = answer.aiter_raw()
        await anext(chunks)
        first_s = time.perf_counter() - began
        async for _ in chunks:
            pass
    assert first_s < (time.perf_counter() - began) / 2


async def test_a_client_that_leaves_frees_the_worker(http: httpx.AsyncClient) -> None:
    fields = {"input": LONG_TEXT, "response_format": "pcm"}
    async with http.stream("POST", "/speech", json=fields) as answer:
        await anext(answer.aiter_raw())
    began = time.perf_counter()
    assert (await speak(http, "Hello.", response_format="pcm")).status_code == 200
    assert time.perf_counter() - began < PROMPT_S


async def test_requests_beyond_the_queue_get_429(http: httpx.AsyncClient) -> None:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(speak(http, SENTENCE)) for _ in range(4)]
    statuses = sorted(t.result().status_code for t in tasks)
    assert statuses.count(200) >= 2  # one runs, one waits
    assert set(statuses) == {200, 429}


async def test_nothing_that_was_said_is_in_the_log(
    http: httpx.AsyncClient, tts_server: ServerProcess
) -> None:
    await speak(http, "Zanzibar. 你好")
    await speak(http, "Zanzibar", voice="nobody")
    assert re.search("Zanzibar|你好", tts_server.log) is None
