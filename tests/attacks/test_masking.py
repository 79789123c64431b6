"""Passwords in addresses and keys in nested settings are in nothing that a command prints."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "hunter2hunter2"
ADDRESS = f"me:{SECRET}@127.0.0.1:9"
SETTINGS = {
    "LIVEKIT_URL": f"ws://{ADDRESS}",
    "LIVEKIT_API_KEY": "k",
    "LIVEKIT_API_SECRET": SECRET * 3,
    "STT_URL": f"http://{ADDRESS}/v1",
    "LLM_URL": f"http://{ADDRESS}/v1?api_key={SECRET}",
    "LLM_MODEL": "m",
    "LLM_API_KEY": SECRET,
    "LLM_EXTRA_BODY": f'{{"provider": {{"headers": [{{"X-Api-Key": "{SECRET}"}}]}}, "n": 41}}',
    "TTS_URL": f"http://{ADDRESS}/v1",
    "TALK_SECRET": SECRET,
    "TALK_PUBLIC_URL": f"ws://{ADDRESS}",
}


def run(folder: Path, *command: str, **env: str) -> str:
    """All that a command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "rejoinder", *command],
        cwd=folder, env={**os.environ, **SETTINGS, **env}, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    return done.stdout + done.stderr


@pytest.mark.timeout(60)
def test_check_names_every_address_and_no_password(tmp_path: Path) -> None:
    printed = run(tmp_path, "check")
    assert printed.count("********@127.0.0.1:9") >= 8, "shown, and named by what fails"
    assert '"n": 41' in printed
    assert SECRET not in printed


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("command", "env"),
    [
        (("check",), {"STT_URL": ADDRESS, "LLM_EXTRA_BODY": f'{{"token": "{SECRET}'}),
        (("demo", "--no-browser"), {}),
    ],
)
def test_a_command_that_fails_prints_no_password(
    tmp_path: Path, command: tuple[str, ...], env: dict[str, str]
) -> None:
    printed = run(tmp_path, *command, XDG_STATE_HOME=str(tmp_path), **env)
    assert "********@127.0.0.1:9" in printed
    assert SECRET not in printed
