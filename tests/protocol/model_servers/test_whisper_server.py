"""The real Whisper server with the embedded model, and the clients people use with it."""

import asyncio
import io
import json
import re
import threading
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from model_servers.serving.wav import wav_header
from model_servers.whisper import loading
from model_servers.whisper.settings import WhisperSettings
from model_servers.whisper.transcript import Heard, Piece
from model_servers.whisper.wish import Wish
from tests.protocol.model_servers.conftest import AUTHORIZATION, KEY, SENTENCE, synthesise
from tests.protocol.model_servers.processes import ServerProcess

pytestmark = pytest.mark.timeout(180)

PATIENCE_S = 45.0
"""Far more than anything here takes, also on a busy machine; how soon a model stops is
measured in its own steps by the test that needs no server."""


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def words_heard(expected: str, heard: str) -> float:
    """Part of the expected words that were heard, in any order."""
    found = set(words(heard))
    return sum(w in found for w in words(expected)) / len(words(expected))


def silence(length_s: float) -> bytes:
    pcm = bytes(int(16000 * length_s) * 2)
    return wav_header(16000, len(pcm)) + pcm


@pytest.fixture
async def http(whisper_server: ServerProcess) -> AsyncIterator[httpx.AsyncClient]:
    url = whisper_server.url
    async with httpx.AsyncClient(base_url=url, headers=AUTHORIZATION, timeout=120) as client:
        yield client


@pytest.fixture
async def sdk(whisper_server: ServerProcess) -> AsyncIterator[openai.AsyncOpenAI]:
    base_url = f"{whisper_server.url}/v1"
    async with openai.AsyncOpenAI(base_url=base_url, api_key=KEY, max_retries=0) as client:
        yield client


async def transcribe(http: httpx.AsyncClient, wav: bytes, **fields: str) -> httpx.Response:
    return await http.post("/v1/audio/transcriptions", files={"file": wav}, data=fields)


async def metric(http: httpx.AsyncClient, name: str) -> float:
    text = (await http.get("/metrics")).text
    found = re.search(rf"^model_server_{name} (\S+)$", text, re.MULTILINE)
    assert found, text
    return float(found[1])


async def until_metric(http: httpx.AsyncClient, name: str, value: float) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await metric(http, name) != value:
            await asyncio.sleep(0.02)


async def test_spoken_words_are_recognised_through_the_official_client(
    sdk: openai.AsyncOpenAI, speech: bytes
) -> None:
    found = await sdk.audio.transcriptions.create(file=("a.wav", speech), model="whisper-1")
    assert words_heard(SENTENCE, found.text) >= 0.8


async def test_the_official_client_streams_deltas_that_make_up_the_text(
    sdk: openai.AsyncOpenAI, speech: bytes
) -> None:
    stream: Any = await sdk.audio.transcriptions.create(
        file=("a.wav", speech), model="whisper-1", stream=True
    )
    events = [event async for event in stream]
    assert [e.type for e in events[:-1]] == ["transcript.text.delta"] * (len(events) - 1)
    assert events[-1].type == "transcript.text.done"
    assert "".join(e.delta for e in events[:-1]) == events[-1].text
    assert words_heard(SENTENCE, events[-1].text) >= 0.8


async def test_verbose_json_has_words_with_their_times(
    sdk: openai.AsyncOpenAI, speech: bytes
) -> None:
    found = await sdk.audio.transcriptions.create(
        file=("a.wav", speech),
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word"],
    )
    with wave.open(io.BytesIO(speech)) as wav:
        length_s = wav.getnframes() / wav.getframerate()
    assert found.duration == pytest.approx(length_s, abs=0.01)
    assert found.words is not None
    times = [t for w in found.words for t in (w.start, w.end)]
    assert times == sorted(times)
    assert times[-1] <= length_s + 0.1
    assert words_heard(SENTENCE, " ".join(w.word for w in found.words)) >= 0.8


@pytest.mark.parametrize(
    ("form", "media_type", "pattern"),
    [
        ("text", "text/plain", r"^\S.*\n$"),
        ("srt", "application/x-subrip", r"^1\n00:00:0\d,\d{3} --> 00:00:0\d,\d{3}\n\S"),
        ("vtt", "text/vtt", r"^WEBVTT\n\n1\n00:00:0\d\.\d{3} --> "),
    ],
)
async def test_other_formats(
    http: httpx.AsyncClient, speech: bytes, form: str, media_type: str, pattern: str
) -> None:
    answer = await transcribe(http, speech, response_format=form)
    assert answer.headers["content-type"].startswith(media_type)
    assert re.search(pattern, answer.text)
    assert words_heard(SENTENCE, answer.text) >= 0.8


@pytest.mark.parametrize("rate_hz", [8000, 44100])
async def test_other_rates_are_understood(
    http: httpx.AsyncClient, tts_server: ServerProcess, rate_hz: int
) -> None:
    wav = await asyncio.to_thread(synthesise, tts_server, SENTENCE, sample_rate=rate_hz)
    assert words_heard(SENTENCE, (await transcribe(http, wav)).json()["text"]) >= 0.7


async def test_an_interim_request_is_understood_too(http: httpx.AsyncClient, speech: bytes) -> None:
    text = (await transcribe(http, speech, priority="interim")).json()["text"]
    assert words_heard(SENTENCE, text) >= 0.7


async def test_an_unclear_interim_request_gets_no_second_look(
    http: httpx.AsyncClient, tts_server: ServerProcess
) -> None:
    stammer = await asyncio.to_thread(synthesise, tts_server, "No, no, no, no, no, no.")
    answer = await transcribe(http, stammer, priority="interim")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "unclear_interim")
    assert (await transcribe(http, stammer)).status_code == 200


async def test_silence_and_noise_have_no_words(http: httpx.AsyncClient) -> None:
    noise = np.random.default_rng(1).normal(0, 300, 32000).astype("<i2").tobytes()
    for wav in (silence(2), silence(0), silence(0.02), wav_header(16000, len(noise)) + noise):
        answer = await transcribe(http, wav)
        assert (answer.status_code, answer.json()["text"]) == (200, "")


async def test_another_language_is_refused_with_the_setting_that_helps(
    http: httpx.AsyncClient, speech: bytes
) -> None:
    refused = [
        await transcribe(http, speech, language="fr"),
        await http.post("/v1/audio/translations", files={"file": speech}),
    ]
    for answer in refused:
        error = answer.json()["error"]
        assert (answer.status_code, error["code"]) == (400, "english_only_model")
        assert "SERVE_WHISPER_MODEL=small" in error["message"]
    for language in ("en-GB", ""):
        assert (await transcribe(http, speech, language=language)).status_code == 200


async def test_a_wrong_request_is_an_error_of_the_official_clients_kind(
    sdk: openai.AsyncOpenAI, http: httpx.AsyncClient, speech: bytes
) -> None:
    with pytest.raises(openai.BadRequestError) as error:
        await sdk.audio.transcriptions.create(file=("a.wav", b"no audio"), model="whisper-1")
    assert error.value.code == "invalid_audio"
    assert error.value.param == "file"
    assert (await http.post("/v1/audio/transcriptions", data={"model": "m"})).status_code == 400
    assert (await http.post("/v1/audio/transcriptions", content=b"{}")).status_code == 400
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await http.post("/v1/audio/transcriptions", content=b"--x\r\nbad", headers=broken)
    assert answer.status_code == 400
    assert (await transcribe(http, speech, temperature="9")).json()["error"]["param"] == (
        "temperature"
    )


async def test_without_the_key_nothing_but_health_is_told(
    whisper_server: ServerProcess, speech: bytes
) -> None:
    async with httpx.AsyncClient(base_url=whisper_server.url) as stranger:
        assert (await transcribe(stranger, speech)).status_code == 401
        for path in ("/", "/config", "/gradio_api/info", "/metrics", "/v1/models"):
            assert (await stranger.get(path)).status_code == 401, path
        assert (await stranger.get("/", auth=("anyone", KEY))).status_code == 200
        assert (await stranger.get("/health")).status_code == 200
        assert (await stranger.get("/ready")).status_code == 200


async def test_the_model_is_listed_and_said_to_be_ready(http: httpx.AsyncClient) -> None:
    assert [m["id"] for m in (await http.get("/v1/models")).json()["data"]] == ["tiny.en"]
    ready = (await http.get("/ready")).json()
    assert (ready["status"], ready["model"]) == ("ready", "tiny.en")


async def test_requests_beyond_the_queue_get_429_and_the_others_are_served(
    http: httpx.AsyncClient, speech: bytes
) -> None:
    # What another test left at its work holds the one place.
    await transcribe(http, speech)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(transcribe(http, speech)) for _ in range(5)]
    statuses = sorted(t.result().status_code for t in tasks)
    assert set(statuses) == {200, 429}
    assert statuses.count(200) >= 3  # one runs, two wait
    refused = next(t.result() for t in tasks if t.result().status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["error"]["code"] == "queue_full"


@pytest.mark.parametrize("stream", ["false", "true"])
async def test_a_client_that_leaves_frees_the_worker(
    http: httpx.AsyncClient, speech: bytes, long_speech: bytes, stream: str
) -> None:
    leaving = asyncio.create_task(transcribe(http, long_speech, stream=stream))
    await until_metric(http, "queue_running", 1)
    await asyncio.sleep(0.3)
    leaving.cancel()
    await asyncio.wait([leaving])
    answer = await transcribe(http, speech)
    assert words_heard(SENTENCE, answer.json()["text"]) >= 0.8
    await until_metric(http, "queue_running", 0)


async def test_a_client_that_leaves_the_queue_is_never_served(
    http: httpx.AsyncClient, speech: bytes, long_speech: bytes
) -> None:
    running = asyncio.create_task(transcribe(http, long_speech))
    await until_metric(http, "queue_running", 1)
    waiting = asyncio.create_task(transcribe(http, long_speech))
    await until_metric(http, "queue_waiting", 1)
    waiting.cancel()
    await until_metric(http, "queue_waiting", 0)
    running.cancel()
    await asyncio.wait([running, waiting])
    assert (await transcribe(http, speech)).status_code == 200


async def test_the_first_words_of_long_audio_come_before_the_last(
    http: httpx.AsyncClient, long_speech: bytes
) -> None:
    request = http.build_request(
        "POST",
        "/v1/audio/transcriptions",
        files={"file": long_speech},
        data={"stream": "true"},
    )
    answer = await http.send(request, stream=True)
    try:
        lines = answer.aiter_lines()
        first = json.loads((await anext(lines)).removeprefix("data: "))
        assert first["type"] == "transcript.text.delta"
        assert await metric(http, "queue_running") == 1
    finally:
        await answer.aclose()


def test_the_real_model_stops_at_its_next_step(long_speech: bytes) -> None:
    model = loading.load(WhisperSettings(), print)
    stop = threading.Event()
    found: list[Piece | Heard] = []
    for item in model.transcribe(long_speech, Wish(format="verbose_json"), stop):
        found.append(item)
        stop.set()
    assert isinstance(found[0], Piece)
    last = found[-1]
    assert isinstance(last, Piece)
    assert last.end_s <= 30, "what was recognised already may still come, a new window may not"
    stop.set()
    assert list(model.transcribe(long_speech, Wish(), stop)) == []


def wait_for(server: ServerProcess, metric: str) -> None:
    until = time.monotonic() + PATIENCE_S
    url = f"{server.url}/metrics"
    while f"model_server_{metric}\n" not in httpx.get(url, headers=AUTHORIZATION).text:
        assert time.monotonic() < until, metric
        time.sleep(0.05)


def gradio(server: ServerProcess) -> Client:
    return Client(
        server.url,
        headers=AUTHORIZATION,
        verbose=False,
        analytics_enabled=False,
        download_files=False,
    )


@pytest.fixture
def speech_file(speech: bytes, tmp_path: Path) -> Any:
    path = tmp_path / "speech.wav"
    path.write_bytes(speech)
    return handle_file(path)


def test_gradio_endpoints_take_audio_and_language_and_return_text(
    whisper_server: ServerProcess, speech_file: Any
) -> None:
    client = gradio(whisper_server)
    for language in ("auto", ""):
        text = client.predict(speech_file, language, api_name="/transcribe")
        assert words_heard(SENTENCE, text) >= 0.8
    for api_name, language in (("/transcribe", "fr"), ("/translate", "auto")):
        with pytest.raises(AppError, match="understands English only"):
            client.predict(speech_file, language, api_name=api_name)


def test_a_cancelled_gradio_job_frees_the_worker(
    whisper_server: ServerProcess, speech_file: Any, long_speech: bytes, tmp_path: Path
) -> None:
    client = gradio(whisper_server)
    long_file = tmp_path / "long.wav"
    long_file.write_bytes(long_speech)
    job = client.submit(handle_file(long_file), "auto", api_name="/transcribe")
    wait_for(whisper_server, "queue_running 1")
    job.cancel()
    wait_for(whisper_server, "queue_running 0")
    text = client.predict(speech_file, "auto", api_name="/transcribe")
    assert words_heard(SENTENCE, text) >= 0.8


async def test_the_page_loads_nothing_from_other_sites(http: httpx.AsyncClient) -> None:
    page = (await http.get("/")).text
    sources = re.findall(r'(?:src|href)="(https?://[^"]+|//[^"]+)"', page)
    assert [s for s in sources if "127.0.0.1" not in s] == []
    assert "fonts.g" not in page + (await http.get("/theme.css")).text


async def test_nothing_that_was_said_is_in_the_log(
    http: httpx.AsyncClient, whisper_server: ServerProcess, speech: bytes
) -> None:
    await transcribe(http, speech, prompt="Zanzibar")
    assert re.search(f"fox|Zanzibar|{KEY}", whisper_server.log) is None
    assert "ready: tiny.en on cpu" in whisper_server.log
