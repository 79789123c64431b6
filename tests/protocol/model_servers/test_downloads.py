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
KOKORO = "/onnx-community/Kokoro-82M-v1.0-ONNX/"
VOICE = "fr/fr_FR/siwis/medium/fr_FR-siwis-medium.onnx"
FILES = {
    f"/rhasspy/piper-voices/{VOICE}": b"the voice",
    f"/rhasspy/piper-voices/{VOICE}.json": b"{}",
    "/Systran/faster-whisper-small/model.bin": b"the model",
    "/Systran/faster-whisper-small/config.json": b"{}",
    "/Systran/faster-whisper-small/vocabulary.txt": b"a b c",
    "/Systran/faster-whisper-small/README.md": b"not needed",
    "/somebody/small-gguf/small.gguf": b"GGUF and so on",
    "/somebody/nllb/model.bin": b"the model",
    "/somebody/nllb/shared_vocabulary.json": b"[]",
    "/somebody/nllb/README.md": b"not needed",
    f"{KOKORO}onnx/model_quantized.onnx": b"the model",
    f"{KOKORO}tokenizer.json": b"{}",
    f"{KOKORO}voices/af_heart.bin": b"the styles",
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
            revision, _, file = parts[-1].partition("/")
            name = f"{parts[0]}/{file}"
            if name not in FILES:
                self.send(b"", {"X-Error-Code": "EntryNotFound"}, status=404)
                return
            if self.command == "GET":
                hub.sent.append(name.rpartition("/")[2])
            digest = hashlib.sha256(FILES[name]).hexdigest()
            commit = COMMIT if revision == "main" else revision
            self.send(FILES[name], {"ETag": f'"{digest}"', "X-Repo-Commit": commit})

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


def chat(model: str, sha256: str = "") -> str:
    return f"""
from model_servers.llm import weights
from model_servers.llm.settings import ChatSettings
settings = ChatSettings(model={model!r}, sha256={sha256!r})
found = weights.find(settings, lambda s: print("say:", s))
print(found.name, found.path.read_text())
"""


def translator(model: str, revision: str = COMMIT) -> str:
    return f"""
from model_servers.translate import loading
from model_servers.translate.settings import TranslateSettings
settings = TranslateSettings(model={model!r}, revision={revision!r})
folder = loading._downloaded(settings, lambda s: print("say:", s))
print(sorted(p.name for p in folder.iterdir()))
"""


def kokoro(**changed: str) -> str:
    hashes = {
        path.removeprefix(KOKORO): hashlib.sha256(content).hexdigest()
        for path, content in FILES.items()
        if path.startswith(KOKORO)
    }
    return f"""
from model_servers.tts import kokoro_weights
kokoro_weights.hashes = lambda: {hashes | changed!r}
folder = kokoro_weights._downloaded(None, lambda s: print("say:", s))
print(sorted(str(p.relative_to(folder)) for p in folder.rglob("*.*")))
"""


def test_kokoro_is_downloaded_once_and_each_file_is_checked_each_time(
    hub: Hub, tmp_path: Path
) -> None:
    files = "['onnx/model_quantized.onnx', 'tokenizer.json', 'voices/af_heart.bin']\n"
    first = find(hub, tmp_path, kokoro())
    assert first.stdout.endswith(files), first.stderr
    assert first.stdout.count("say: downloading onnx-community/Kokoro-82M-v1.0-ONNX/") == 3
    second = find(hub, tmp_path, kokoro())
    assert second.stdout.endswith(files)
    assert second.stdout.count("say: checking") == 3
    assert "downloading" not in second.stdout
    assert len(hub.sent) == 3
    wrong = find(hub, tmp_path, kokoro(**{"voices/af_heart.bin": "0" * 64}))
    assert "af_heart.bin is not the file it should be" in wrong.stderr


def test_a_language_model_of_the_hub_must_be_pinned_and_its_hash_is_told(
    hub: Hub, tmp_path: Path
) -> None:
    right = hashlib.sha256(FILES["/somebody/small-gguf/small.gguf"]).hexdigest()
    refused = find(hub, tmp_path, chat("somebody/small-gguf/small.gguf"))
    assert "StartError" in refused.stderr
    assert f"--sha256 {right} (SERVE_LLM_SHA256)" in refused.stderr
    assert hub.sent == []


def test_a_translation_model_of_the_hub_must_be_pinned_and_its_commit_is_told(
    hub: Hub, tmp_path: Path
) -> None:
    refused = find(hub, tmp_path, translator("somebody/nllb", ""))
    assert "StartError" in refused.stderr
    assert f"--revision {COMMIT} (SERVE_TRANSLATE_REVISION)" in refused.stderr
    assert hub.sent == []


def test_a_language_model_is_downloaded_once_and_checked_each_time(
    hub: Hub, tmp_path: Path
) -> None:
    right = hashlib.sha256(FILES["/somebody/small-gguf/small.gguf"]).hexdigest()
    code = chat("somebody/small-gguf/small.gguf", right)
    first = find(hub, tmp_path, code)
    said = "say: downloading somebody/small-gguf/small.gguf from the Hugging Face hub\n"
    rest = "say: checking small.gguf\nsmall GGUF and so on\n"
    assert first.stdout == said + rest, first.stderr
    second = find(hub, tmp_path, code)
    assert second.stdout == rest
    assert hub.sent == ["small.gguf"]
    wrong = find(hub, tmp_path, chat("somebody/small-gguf/small.gguf", "0" * 64))
    assert f"its SHA-256 is {right}" in wrong.stderr


def test_a_translation_model_is_downloaded_once(hub: Hub, tmp_path: Path) -> None:
    files = "['model.bin', 'shared_vocabulary.json']\n"
    first = find(hub, tmp_path, translator("somebody/nllb"))
    said = "say: downloading somebody/nllb from the Hugging Face hub\n"
    assert first.stdout == said + files, first.stderr
    assert find(hub, tmp_path, translator("somebody/nllb")).stdout == files
    assert sorted(hub.sent) == ["model.bin", "shared_vocabulary.json"]


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
    said = "".join(
        f"say: downloading rhasspy/piper-voices/{file} from the Hugging Face hub\n"
        for file in (f"{VOICE}.json", VOICE)
    )
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
        (chat("nobody/nothing/none.gguf"), "give its path with --model"),
        (chat("nobody/nothing/none.gguf", "0" * 64), "give its path with --model"),
        (chat("a b/c/d.gguf", "0" * 64), "give its path with --model"),
        (translator("nobody/nothing"), "give its folder with --model"),
        (translator("nobody/nothing", ""), "give its folder with --model"),
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
