"""The two real servers, started once for all tests of this folder."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from model_servers.serving.wav import wav_header
from tests.protocol.model_servers.processes import ServerProcess, started

KEY = "open sesame"
AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}
"""The Whisper server of these tests wants a key, the speech server does not."""

SENTENCE = "The quick brown fox jumps over the lazy dog."
STORY = (
    "The old station had been closed for years. Nobody knew who kept the clock running. Every "
    "morning a woman in a green coat swept the platform and watered the flowers. She told me that "
    "trains still came through at night. I did not believe her until last Tuesday, when a bright "
    "light woke me at three. There were seven carriages, all of them empty, and a band was playing "
    "in the last one. By the time I had found my shoes, only the smell of coffee was left."
)


@pytest.fixture(scope="package")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model-servers")


@pytest.fixture(scope="package")
def whisper_server(logs: Path) -> Iterator[ServerProcess]:
    argv = ("model_servers.whisper", "--queue-size", "2", "--timeout-s", "120")
    with started(*argv, log_file=logs / "whisper.log", SERVE_WHISPER_API_KEY=KEY) as server:
        server.wait_until_listening()
        server.wait_until_ready()
        yield server


@pytest.fixture(scope="package")
def tts_server(logs: Path) -> Iterator[ServerProcess]:
    argv = ("--concurrency", "1", "--queue-size", "1")
    with started("model_servers.tts", *argv, log_file=logs / "tts.log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        yield server


def synthesise(server: ServerProcess, text: str, **fields: object) -> bytes:
    """A WAV file with a text, spoken by the real voice."""
    answer = httpx.post(f"{server.url}/v1/audio/speech", json={"input": text, **fields}, timeout=60)
    answer.raise_for_status()
    return answer.content


@pytest.fixture(scope="package")
def speech(tts_server: ServerProcess) -> bytes:
    """SENTENCE as a WAV file."""
    return synthesise(tts_server, SENTENCE)


@pytest.fixture(scope="package")
def long_speech(tts_server: ServerProcess) -> bytes:
    """100 s of speech: four windows of work for the model, seconds on a CPU."""
    # Varied: a text that only repeats itself would be taken for a model gone astray.
    pcm = synthesise(tts_server, STORY, response_format="pcm", sample_rate=16000)
    whole = pcm * (100 * 16000 * 2 // len(pcm))
    return wav_header(16000, len(whole)) + whole
