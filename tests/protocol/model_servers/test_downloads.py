"""Models and voices from a hub: the real client library against a stand-in of its server."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.protocol.model_servers.processes import ROOT

pytestmark = pytest.mark.timeout(60)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
VOICE = "fr/fr_FR/siwis/medium/fr_FR-siwis-medium.onnx"
FILES = {
    f"/rhasspy/piper-voices/{VOICE}": b"the voice",
    f"/rhasspy/piper-voices/{VOICE}.json": b"{}",
    "/Systran/faster-whisper-small/model.bin": b"the model",
    "/Systran/faster-whisper-small/config.json": b"{}",
    "/Systran/faster-whisper-small/vocabulary.txt": b"a b c",
    "/Systran/faster-whisper-small/README.md": b"not needed",
}


@dataclass
class Hub:
    """Answers like huggingface.co for FILES; notes which files were sent."""

    url: str = ""
    sent: list[str] = field(default_factory=list)


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.reply()

        def do_GET(self) -> None:
            self.reply()

        def reply(self) -> None:
            path = self.path.partition("?")[0]
            if path.startswith("/api/models/"):
                repository = "/" + "/".join(path.split("/")[3:5]) + "/"
                names = [f.removeprefix(repository) for f in FILES if f.startswith(repository)]
                if not names:
                    self.send(b"", {"X-Error-Code": "RepoNotFound"}, status=404)
                elif "/tree/" in path:
                    tree = [
                        {"type": "file", "path": n, "size": len(FILES[repository + n]), "oid": "0"}
                        for n in names
                    ]
                    self.send(json.dumps(tree).encode(), {})
                else:
                    siblings = [{"rfilename": name} for name in names]
                    body = {"id": repository.strip("/"), "sha": COMMIT, "siblings": siblings}
                    self.send(json.dumps(body).encode(), {})
                return
            parts = path.split("/resolve/")
            name = parts[0] + "/" + parts[-1].partition("/")[2]
            if name not in FILES:
                self.send(b"", {"X-Error-Code": "EntryNotFound"}, status=404)
                return
            if self.command == "GET":
                hub.sent.append(name.rpartition("/")[2])
            digest = hashlib.sha1(FILES[name]).hexdigest()
            self.send(FILES[name], {"ETag": f'"{digest}"', "X-Repo-Commit": COMMIT})

        def send(self, body: bytes, headers: dict[str, str], status: int = 200) -> None:
            self.send_response(status)
            for header, value in headers.items():
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def find(hub: Hub | None, home: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run a piece of code in a process that takes the stand-in for the hub, or has none."""
    endpoint = {"HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": "0"} if hub else {"HF_HUB_OFFLINE": "1"}
    environment = os.environ | endpoint | {"HF_HOME": str(home)}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=50
    )


def whisper(model: str) -> str:
    return f"""
from model_servers.whisper import weights
found = weights.find({model!r}, models_dir=None, say=lambda s: print("say:", s))
print((found.folder / "model.bin").read_text(), sorted(p.name for p in found.folder.iterdir()))
"""


def voice(name: str) -> str:
    return f"""
from model_servers.tts import weights
from model_servers.tts.settings import SpeechSettings
settings = SpeechSettings(voice={name!r})
model = weights.find(settings, lambda s: print("say:", s))[{name!r}]
print(model.read_text(), model.with_name(model.name + ".json").read_text())
"""


def test_a_whisper_model_is_downloaded_once(hub: Hub, tmp_path: Path) -> None:
    first = find(hub, tmp_path, whisper("small"))
    assert first.stdout == (
        "say: downloading Systran/faster-whisper-small from the Hugging Face hub\n"
        "the model ['config.json', 'model.bin', 'vocabulary.txt']\n"
    ), first.stderr
    assert sorted(hub.sent) == ["config.json", "model.bin", "vocabulary.txt"]
    second = find(hub, tmp_path, whisper("small"))
    assert second.stdout == "the model ['config.json', 'model.bin', 'vocabulary.txt']\n"
    assert len(hub.sent) == 3


def test_a_voice_is_downloaded_once(hub: Hub, tmp_path: Path) -> None:
    first = find(hub, tmp_path, voice("fr_FR-siwis-medium"))
    said = "say: downloading the voice fr_FR-siwis-medium from rhasspy/piper-voices\n"
    assert first.stdout == f"{said}the voice {{}}\n", first.stderr
    assert hub.sent == ["fr_FR-siwis-medium.onnx.json", "fr_FR-siwis-medium.onnx"]
    second = find(hub, tmp_path, voice("fr_FR-siwis-medium"))
    assert second.stdout == "the voice {}\n"
    assert len(hub.sent) == 2


@pytest.mark.parametrize("reachable", [True, False])
@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (whisper("nobody/nothing"), "give its folder with --model"),
        (voice("fr_FR-nobody-low"), "--voices-dir"),
    ],
)
def test_what_cannot_be_downloaded_is_said_with_what_to_do(
    hub: Hub, tmp_path: Path, code: str, remedy: str, reachable: bool
) -> None:
    failed = find(hub if reachable else None, tmp_path, code)
    last = failed.stderr.strip().splitlines()[-1]
    assert "StartError" in last
    assert "cannot be downloaded" in last
    assert remedy in last
