"""The real SeamlessM4T server with the real model class, tiny and random, and its real clients.

What such a model writes is no language; but the same speech gives the same text, alone or in a
batch, streamed or not, over HTTP or Gradio.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from livekit import rtc

from agent.stt.gradio import engine as gradio_engine
from agent.stt.gradio.options import Options
from model_servers.serving.wav import wav_header
from tests.protocol.model_servers.processes import ServerProcess, started
from tests.protocol.model_servers.seamless import MODULE, make_tiny_model, require_python

pytestmark = [pytest.mark.timeout(180), pytest.mark.idle]


def sound(length_s: float, *, seed: int = 0, rate_hz: int = 16000) -> bytes:
    """A WAV file of noise that swells: no two seeds sound the same."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.2, int(length_s * rate_hz)) * np.linspace(
        0.2, 1, int(length_s * rate_hz)
    )
    pcm = (np.clip(noise, -1, 1) * 32767).astype("<i2").tobytes()
    return wav_header(rate_hz, len(pcm)) + pcm


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("model") / "tiny-seamless")


@pytest.fixture(scope="module")
def server(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    log = tmp_path_factory.mktemp("seamless") / "log"
    argv = ("--model", str(model), "--queue-size", "16", "--cpu-threads", "1")
    with started(MODULE, *argv, log_file=log, python=require_python()) as process:
        process.wait_until_listening()
        process.wait_until_ready()
        yield process


@pytest.fixture(scope="module")
def client(server: ServerProcess) -> Client:
    return Client(server.url, verbose=False, analytics_enabled=False)


@pytest.fixture
def speech(tmp_path: Path) -> Any:
    path = tmp_path / "speech.wav"
    path.write_bytes(sound(1.5))
    return handle_file(str(path))


def ask(server: ServerProcess, what: str, wav: bytes, **fields: str) -> httpx.Response:
    url = f"{server.url}/v1/audio/{what}"
    return httpx.post(url, files={"file": wav}, data=fields, timeout=60)


def events(answer: httpx.Response) -> list[dict[str, Any]]:
    lines = [line for line in answer.text.split("\n") if line]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


class TestHttp:
    def test_it_says_what_it_is(self, server: ServerProcess) -> None:
        ready = httpx.get(f"{server.url}/ready").json()
        assert (ready["model"], ready["device"], ready["precision"]) == (
            "tiny-seamless",
            "cpu",
            "float32",
        )
        assert (ready["languages"], ready["spoken_languages"]) == (4, 3)

    def test_speech_becomes_text_and_its_length_is_told(self, server: ServerProcess) -> None:
        answer = ask(server, "transcriptions", sound(1.5), language="en")
        assert answer.status_code == 200
        assert answer.json()["text"]
        assert answer.json()["usage"] == {"type": "duration", "seconds": 1.5}
        same = ask(server, "transcriptions", sound(1.5), language="English")
        assert same.json()["text"] == answer.json()["text"]

    def test_the_language_and_the_sound_make_a_difference(self, server: ServerProcess) -> None:
        def text(seed: int, target: str) -> str:
            return ask(server, "translations", sound(1.5, seed=seed), target_language=target).text

        assert text(1, "en") != text(1, "fr")
        assert text(1, "en") != text(2, "en")

    def test_a_translation_is_into_english_unless_it_is_said(self, server: ServerProcess) -> None:
        default = ask(server, "translations", sound(1.5)).json()["text"]
        assert (
            default == ask(server, "translations", sound(1.5), target_language="eng").json()["text"]
        )

    def test_text_may_be_plain(self, server: ServerProcess) -> None:
        answer = ask(server, "translations", sound(1.5), response_format="text")
        assert answer.headers["content-type"].startswith("text/plain")

    def test_a_stream_is_made_up_of_pieces_of_the_text(self, server: ServerProcess) -> None:
        whole = ask(server, "translations", sound(1.5)).json()["text"]
        streamed = events(ask(server, "translations", sound(1.5), stream="true"))
        assert {event["type"] for event in streamed[:-1]} == {"transcript.text.delta"}
        assert len(streamed) > 3
        assert "".join(event["delta"] for event in streamed[:-1]) == whole
        assert (streamed[-1]["type"], streamed[-1]["text"]) == ("transcript.text.done", whole)

    def test_silence_is_an_empty_text(self, server: ServerProcess) -> None:
        pcm = bytes(2 * 16000 * 2)
        answer = ask(server, "transcriptions", wav_header(16000, len(pcm)) + pcm, language="en")
        assert (answer.status_code, answer.json()["text"]) == (200, "")

    def test_the_same_speech_gives_the_same_text_in_a_batch(self, server: ServerProcess) -> None:
        # Of one length: the model itself makes a little of what a batch is filled up with.
        sounds = [sound(1.5, seed=seed) for seed in range(4)]
        alone = [ask(server, "translations", wav).json()["text"] for wav in sounds]
        with ThreadPoolExecutor(12) as pool:
            answers = pool.map(lambda wav: ask(server, "translations", wav), sounds * 3)
            together = [answer.json()["text"] for answer in answers]
        assert together == alone * 3

    @pytest.mark.parametrize(
        ("fields", "param", "code"),
        [
            ({}, "language", None),
            ({"language": "tlh"}, "language", "unknown_language"),
            ({"language": "Zulu"}, "language", "unknown_language"),
        ],
    )
    def test_a_language_that_it_does_not_have_is_refused(
        self, server: ServerProcess, fields: dict[str, str], param: str, code: str | None
    ) -> None:
        answer = ask(server, "transcriptions", sound(1.0), **fields)
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["param"], error["code"]) == (param, code)

    def test_what_is_no_speech_or_too_long_is_refused(self, server: ServerProcess) -> None:
        for wav, code in ((b"no sound", "invalid_audio"), (sound(61.0), "audio_too_long")):
            answer = ask(server, "translations", wav)
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)
        missing = httpx.post(f"{server.url}/v1/audio/translations", data={"language": "en"})
        assert missing.json()["error"]["param"] == "file"

    def test_who_leaves_frees_the_model(self, server: ServerProcess) -> None:
        url = f"{server.url}/v1/audio/translations"
        form: dict[str, Any] = {"files": {"file": sound(20.0)}, "data": {"stream": "true"}}
        with httpx.stream("POST", url, timeout=60, **form) as answer:
            next(answer.iter_lines())
        for _ in range(500):
            if "model_server_queue_running 0" in httpx.get(f"{server.url}/metrics").text:
                break
        assert "model_server_queue_running 0" in httpx.get(f"{server.url}/metrics").text
        assert "a request failed" not in server.log
        assert "requests failed" not in server.log


class TestGradio:
    def test_its_endpoints_are_those_of_the_demo_with_its_arguments(self, client: Client) -> None:
        named = client.view_api(return_format="dict")["named_endpoints"]
        arguments = {name: len(described["parameters"]) for name, described in named.items()}
        assert arguments == {"/s2st": 3, "/s2tt": 3, "/t2st": 3, "/t2tt": 3, "/asr": 2}

    def test_speech_becomes_text(self, client: Client, server: ServerProcess, speech: Any) -> None:
        text = client.predict(speech, "English", "French", api_name="/s2tt")
        same = ask(server, "translations", sound(1.5), target_language="fr").json()["text"]
        assert text == same
        heard = client.predict(speech, "English", api_name="/asr")
        assert heard == ask(server, "transcriptions", sound(1.5), language="en").json()["text"]

    def test_text_becomes_text(self, client: Client) -> None:
        text = client.predict("hello there", "English", "French", api_name="/t2tt")
        assert isinstance(text, str)
        assert text == client.predict("hello there", "en", "fra", api_name="/t2tt")
        assert client.predict("", "English", "French", api_name="/t2tt") == ""

    @pytest.mark.parametrize("api_name", ["/s2st", "/t2st"])
    def test_speech_comes_before_its_text(self, client: Client, speech: Any, api_name: str) -> None:
        given = speech if api_name == "/s2st" else "hello there"
        path, text = client.predict(given, "English", "French", api_name=api_name)
        assert text
        wav = Path(path).read_bytes()
        assert wav[:4] == b"RIFF"
        assert int.from_bytes(wav[24:28], "little") == 16000
        assert len(wav) > 44

    @pytest.mark.parametrize(
        ("api_name", "arguments", "reason"),
        [
            ("/t2tt", ("hello", "Klingon", "French"), "no language 'Klingon'"),
            ("/t2tt", ("hello", "English", "Zulu"), "does not have 'Zulu'"),
            ("/t2st", ("hello", "English", "Hindi"), "does not have 'Hindi'"),
            ("/s2tt", (None, "English", "French"), "record or upload some speech"),
            ("/t2tt", ("a" * 2001, "English", "French"), "longer than 2000"),
        ],
    )
    def test_what_it_cannot_do_is_said(
        self, client: Client, api_name: str, arguments: tuple[Any, ...], reason: str
    ) -> None:
        with pytest.raises(AppError, match=reason):
            client.predict(*arguments, api_name=api_name)

    def test_a_file_of_the_machine_is_not_heard(
        self, server: ServerProcess, tmp_path: Path
    ) -> None:
        secret = tmp_path / "secret.wav"
        secret.write_bytes(sound(1.0))
        data = [{"path": str(secret), "meta": {"_type": "gradio.FileData"}}, "English"]
        with httpx.Client(base_url=server.url, timeout=20) as http:
            begun = http.post("/gradio_api/call/asr", json={"data": data}).json()
            said = http.get(f"/gradio_api/call/asr/{begun['event_id']}").text
        assert "event: error" in said

    @pytest.mark.parametrize("preset", ["m4t_asr", "m4t_s2tt"])
    async def test_the_engine_hears_with_it(self, server: ServerProcess, preset: str) -> None:
        options = {"url": server.url, "preset": preset, "language": "en"}
        if preset == "m4t_s2tt":
            options["target_language"] = "fr"
        engine = gradio_engine.GradioSpeechToText(Options.model_validate(options))
        try:
            pcm = sound(1.5)[44:]
            frame = rtc.AudioFrame(pcm, 16000, 1, len(pcm) // 2)
            event = await engine.recognize([frame])
        finally:
            await engine.aclose()
        what, fields = "transcriptions", {"language": "en"}
        if preset == "m4t_s2tt":
            what, fields = "translations", {"target_language": "fr"}
        answer = await asyncio.to_thread(ask, server, what, sound(1.5), **fields)
        assert event.alternatives[0].text == answer.json()["text"]


class TestStart:
    def test_what_cannot_be_loaded_is_said_and_ends_it(self, model: Path, tmp_path: Path) -> None:
        broken = tmp_path / "broken"
        broken.mkdir()
        (broken / "config.json").write_text("{}")
        for argv, reason in (
            (("--model", "./nowhere"), "there is no folder nowhere"),
            (("--model", str(tmp_path)), "is no model that transformers has saved"),
            (("--model", str(broken)), "broken cannot be used"),
            (("--model", str(model), "--device", "cuda"), "no CUDA GPU is visible"),
        ):
            log = tmp_path / "log"
            with started(MODULE, *argv, log_file=log, python=require_python()) as process:
                assert process.exit_status() == 1
            assert "cannot start: " in process.log
            assert reason in process.log
            assert "Traceback" not in process.log

    def test_sigterm_in_the_middle_of_a_text_ends_it_soon(
        self, model: Path, tmp_path: Path
    ) -> None:
        argv = ("--model", str(model), "--no-page")
        log = tmp_path / "log"
        with started(MODULE, *argv, log_file=log, python=require_python()) as process:
            process.wait_until_listening()
            process.wait_until_ready()
            url = f"{process.url}/v1/audio/translations"
            form: dict[str, Any] = {"files": {"file": sound(20.0)}, "data": {"stream": "true"}}
            with httpx.stream("POST", url, timeout=60, **form) as answer:
                next(answer.iter_lines())
                status, took_s = process.terminate()
        assert status == 0
        assert took_s < 5
        assert process.log.endswith("seamless_m4t: stopped\n")


def test_without_pytorch_the_command_that_brings_it_is_said() -> None:
    code = (
        "import sys, runpy; sys.modules['torch'] = None; "
        "sys.argv = ['server', '--port', '0', '--model', '/nonexistent/x']; "
        f"runpy.run_module({MODULE!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "uv sync --extra server-seamless" in done.stderr
