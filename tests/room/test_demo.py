"""`rejoinder demo` as a person runs it: real server, worker, model servers and talk page."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.audio import pcm
from rejoinder.demo import running
from rejoinder.demo.ports import PortPicker
from testbed.speech import say
from tests.fakes.demo_process import demo
from tests.fakes.processes import alive
from tests.protocol.model_servers.small_models import smollm2

pytestmark = [pytest.mark.timeout(240), pytest.mark.patient]


def get(url: str, body: Mapping[str, object] | None = None) -> str:
    request = urllib.request.Request(
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(answer.read().decode())


def settle(pids: list[int], *, within_s: float = 2) -> list[int]:
    """Those that still run a moment later."""
    end = time.monotonic() + within_s
    while (left := [pid for pid in pids if alive(pid)]) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def running_module(module: str, pids: list[int]) -> int:
    """The process among these that runs `python -m MODULE`, not its leash."""
    shown = subprocess.run(
        ["/bin/ps", "-A", "-o", "pid=,args="], capture_output=True, text=True, check=True
    )
    lines = [line.split(None, 1) for line in shown.stdout.splitlines()]
    (found,) = [
        int(pid)
        for pid, args in lines
        if int(pid) in pids and f"-m {module} " in args and "leash.py" not in args
    ]
    return found


def test_a_port_lost_at_the_last_moment_is_replaced_and_a_part_that_dies_is_named(
    tmp_path: Path,
) -> None:
    with PortPicker() as free:
        wanted = free.tcp()
    with (
        demo(tmp_path / "a", TALK_PORT=str(wanted)) as process,
        socket.socket() as thief,
    ):
        process.wait_says("livekit-server: ready")  # the web server still imports
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", wanted))
        thief.listen()
        process.wait_ready()
        assert "web: its port was taken meanwhile; starting again" in process.output
        assert f":{wanted}/" not in process.talk_url

        assert "our Whisper server · whisper-tiny.en" in process.output
        assert "our TTS server · en_US-hibari-heart" in process.output
        assert "from LIVEKIT_SERVER_BIN" in process.output
        assert str(process.log_folder) in process.output
        assert "<html" in get(process.talk_url)
        answer = json.loads(get(process.talk_url + "api/token", {"room_name": "r"}))
        entry = running.latest(process.state)
        assert entry is not None
        assert answer["server_url"] == entry.livekit_url
        assert entry.talk_url == process.talk_url
        assert "registered worker" in (process.log_folder / "worker.log").read_text()

        pids = process.processes()
        os.kill(running_module("model_servers.tts", pids), signal.SIGKILL)
        assert process.wait_end(10) == 1, process.output
        assert "tts ended by itself (exit code 137, SIGKILL); the last lines of" in process.output
        assert "  | tts: ready: en_US-hibari-heart" in process.output
        assert settle(pids) == []


def test_two_demos_run_side_by_side_one_is_killed_and_ctrl_c_ends_the_other(
    tmp_path: Path,
) -> None:
    with demo(tmp_path / "a") as first, demo(tmp_path / "b") as second:
        first.wait_ready()
        second.wait_ready()
        assert first.talk_url != second.talk_url

        pids = first.processes()
        assert len(pids) >= 11, "five children, each on a leash"
        first.popen.kill()
        first.popen.wait()
        assert settle(pids, within_s=8) == []
        assert running.latest(first.state) is None

        assert json.loads(get(second.talk_url + "health")) == {"status": "ok"}
        pids = second.processes()
        second.popen.send_signal(signal.SIGINT)
        assert second.wait_end(30) == 0, second.output
        assert settle(pids) == []
        assert running.latest(second.state) is None


def test_chat_is_a_talk_with_a_language_model_on_this_machine(tmp_path: Path) -> None:
    question = tmp_path / "question.wav"
    spoken = say("Can you tell me your name, please?", rate_hz=16000)
    question.write_bytes(pcm.to_wav(spoken, rate_hz=16000))
    env = {"SERVE_LLM_MODEL": str(smollm2()), "SERVE_LLM_MAX_TOKENS": "20"}
    with demo(tmp_path / "a", "--chat", **env) as process:
        process.wait_ready()
        assert "our language model's server" in process.output
        call = [sys.executable, "-m", "rejoinder", "call", str(question), "--url", process.talk_url]
        held = subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, timeout=120)
        assert held.returncode == 0, held.stdout + held.stderr
        found = re.search(r"Language model +(http\S+)", process.output)
        assert found is not None
        answered = 'answers_total{route="/v1/chat/completions",status="200"}'
        assert answered in get(f"{found[1]}/metrics"), held.stdout


def test_a_server_elsewhere_without_keys_is_refused_before_anything_starts(
    tmp_path: Path,
) -> None:
    with demo(tmp_path / "a", LIVEKIT_URL="ws://127.0.0.1:9") as process:
        assert process.wait_end(30) == 1, process.output
        assert "LIVEKIT_API_KEY and LIVEKIT_API_SECRET must be set too" in process.output
        assert not (process.state / "logs").exists()


def test_a_server_elsewhere_that_does_not_answer_is_named_at_once(tmp_path: Path) -> None:
    env = {
        "LIVEKIT_URL": "ws://127.0.0.1:9",
        "LIVEKIT_API_KEY": "k",
        "LIVEKIT_API_SECRET": "s" * 32,
    }
    with demo(tmp_path / "a", **env) as process:
        assert process.wait_end(40) == 1
        assert "ws://127.0.0.1:9 cannot be reached" in process.output
