"""With `AGENT_ISOLATION=thread` engines are made on threads, where no plug-in can be imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import threading

from agent.job import worker

failures = []

def set_up():
    try:
        worker.load_parts(worker.SETTINGS)
    except Exception as error:
        failures.append(error)

thread = threading.Thread(target=set_up)
thread.start()
thread.join()
if failures:
    raise failures[0]
"""
SETTINGS = {
    "AGENT_ISOLATION": "thread",
    "STT_ENGINE": "plugin",
    "STT_PLUGIN": "deepgram.STT",
    "DEEPGRAM_API_KEY": "k",
    "LLM_ENGINE": "handbook",
    "TTS_ENGINE": "espeak",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("preload", ["true", "false"])
def test_a_plugin_is_imported_before_the_threads_begin(preload: str, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, **SETTINGS, "STT_PLUGIN_PRELOAD": preload, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
