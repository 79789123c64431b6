"""Texts that are made to take long: others are heard in time, and the memory stays."""

import concurrent.futures
import time
from pathlib import Path

import httpx
import pytest

from tests.protocol.model_servers.processes import ServerProcess

pytestmark = pytest.mark.timeout(180)

DIGITS = {"input": "9" * 4096, "speed": 0.25, "response_format": "pcm"}


def first_byte_s(server: ServerProcess, client: str, **body: object) -> float:
    began = time.monotonic()
    url = f"{server.url}/v1/audio/speech"
    with httpx.stream("POST", url, json=body, headers={"X-Client": client}, timeout=60) as answer:
        answer.raise_for_status()
        next(answer.iter_raw())
    return time.monotonic() - began


def rss_mb(server: ServerProcess) -> float:
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def test_the_work_stops_soon_after_its_client_has_left_and_the_memory_stays(
    tts_server: ServerProcess,
) -> None:
    before_mb = rss_mb(tts_server)
    first_byte_s(tts_server, "long", **DIGITS)
    began = time.monotonic()
    url = f"{tts_server.url}/metrics"
    while "model_server_queue_running 0\n" not in httpx.get(url).text:
        assert time.monotonic() - began < 10
        time.sleep(0.05)
    assert rss_mb(tts_server) - before_mb < 300


def test_one_who_floods_delays_another_by_a_request_and_not_by_all(
    tts_server: ServerProcess,
) -> None:
    long = {"input": "This is one of many sentences. " * 20, "response_format": "pcm"}
    with concurrent.futures.ThreadPoolExecutor(12) as flood:
        url = f"{tts_server.url}/v1/audio/speech"
        sent = [
            flood.submit(httpx.post, url, json=long, headers={"X-Client": "flood"}, timeout=120)
            for _ in range(10)
        ]
        time.sleep(1)
        first_byte_s(tts_server, "other", input="Yes.", response_format="pcm")
        done = sum(f.done() and f.result().status_code == 200 for f in sent)
        assert done <= 4, "the other had to wait for more than those that were being spoken"
        for future in sent:
            future.cancel()


@pytest.mark.parametrize(
    "body",
    [
        {"input": "Hi.", "voice": "v" * 200_000},
        {"input": "Hi.", "response_format": "f" * 200_000},
        {"input": "Hi.", "stream_format": "f" * 200_000},
        {"input": "Hi.", "voice": "v" * 24 * 2**20},
    ],
)
def test_long_fields_are_refused_at_once(tts_server: ServerProcess, body: dict[str, str]) -> None:
    began = time.monotonic()
    answer = httpx.post(f"{tts_server.url}/v1/audio/speech", json=body, timeout=30)
    assert answer.status_code in (400, 413)
    assert len(answer.text) < 1000
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("text", ["[[hEloU]]", "[[[hEloU]]]", "[[[[ hEloU ]] ]]", "[\0[hEloU]]"])
def test_brackets_are_text_and_nothing_of_it_is_in_the_log(
    tts_server: ServerProcess, text: str
) -> None:
    def length(text: str) -> int:
        body = {"input": text, "response_format": "pcm"}
        return len(httpx.post(f"{tts_server.url}/v1/audio/speech", json=body, timeout=60).content)

    plain = length("hEloU")
    assert abs(length(text) - plain) < plain
    assert "hEloU" not in tts_server.log
    assert "honeme" not in tts_server.log
