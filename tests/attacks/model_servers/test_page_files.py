"""The Whisper server's page hears what its visitor uploaded, and no other file or address."""

import contextlib
import http.server
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.protocol.model_servers.processes import ServerProcess

pytestmark = pytest.mark.timeout(180)


def called(server: ServerProcess, path: str, **file: object) -> str:
    """What the page's endpoint answers to a file that the client names."""
    data = [{"path": path, "meta": {"_type": "gradio.FileData"}, **file}, "en"]
    with httpx.Client(base_url=server.url, timeout=20) as client:
        begun = client.post("/gradio_api/call/transcribe", json={"data": data})
        begun.raise_for_status()
        return client.get(f"/gradio_api/call/transcribe/{begun.json()['event_id']}").text


def copies(name: str) -> list[str]:
    """Where a file of this name is, below the temporary folder."""
    folders = os.walk(tempfile.gettempdir())
    return [folder for folder, _, files in folders if name in files]


@pytest.mark.parametrize("suffix", ["wav", "svg"])
def test_a_file_of_the_machine_is_neither_heard_nor_copied(
    whisper_server: ServerProcess, speech: bytes, tmp_path: Path, suffix: str
) -> None:
    # Not below the temporary folder, which Gradio holds for its own.
    secret = Path(__file__).with_name(f"private-{tmp_path.name}.{suffix}")
    secret.write_bytes(speech)
    try:
        answer = called(whisper_server, str(secret))
        assert "event: error" in answer
        assert "fox" not in answer
        assert [c for c in copies(secret.name) if str(secret.parent) != c] == []
        for url in (f"/gradio_api/file={secret}", f"/gradio_api/file/{secret}"):
            assert httpx.get(whisper_server.url + url).status_code in (403, 404)
    finally:
        secret.unlink()


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/proc/self/environ", "../../../../etc/passwd", "/tmp", "", "."]
)
def test_devices_folders_and_the_environment_are_refused_at_once(
    whisper_server: ServerProcess, path: str
) -> None:
    assert "event: error" in called(whisper_server, path)
    assert "Traceback" not in whisper_server.log
    assert httpx.get(f"{whisper_server.url}/health").status_code == 200


@contextlib.contextmanager
def web_server(body: bytes) -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.wav", asked
        server.shutdown()


def test_no_address_is_fetched_for_a_visitor(whisper_server: ServerProcess, speech: bytes) -> None:
    with web_server(speech) as (url, asked):
        for answer in (
            called(whisper_server, url),
            called(whisper_server, url, url=url),
            called(whisper_server, "https://192.0.2.1/a.wav"),
        ):
            assert "event: error" in answer
        assert asked == []


def test_an_upload_is_heard_and_only_in_this_servers_own_folder(
    whisper_server: ServerProcess, speech: bytes
) -> None:
    files = {"files": ("a.wav", speech)}
    uploaded = httpx.post(f"{whisper_server.url}/gradio_api/upload", files=files).json()[0]
    assert "fox" in called(whisper_server, uploaded)
    folder = next(p for p in Path(uploaded).parents if p.name.startswith("rejoinder-whisper-"))
    assert folder.stat().st_mode & 0o077 == 0
    assert "event: error" in called(whisper_server, str(folder))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/gradio_api/proxy=https://example.hf.space/x"),
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/vibe-edit/"),
        ("GET", "/gradio_api/stream/a/b/c/playlist.m3u8"),
        ("GET", "/monitoring"),
        ("GET", "/gradio_api/openapi.json"),
        ("GET", "/dev/reload"),
    ],
)
def test_routes_that_the_page_does_not_use_are_not_there(
    whisper_server: ServerProcess, method: str, path: str
) -> None:
    assert httpx.request(method, whisper_server.url + path).status_code == 404


ODD = [[5, "en"], ["words", "en"], [{"path": 5}, {}], [], "words", None]


@pytest.mark.parametrize("data", ODD)
def test_what_a_visitor_sends_is_not_in_the_log(
    whisper_server: ServerProcess, data: object
) -> None:
    with httpx.Client(base_url=whisper_server.url, timeout=20) as client:
        begun = client.post("/gradio_api/call/transcribe", json={"data": data})
        if begun.status_code == 200:
            url = f"/gradio_api/call/transcribe/{begun.json()['event_id']}"
            assert "event: error" in client.get(url).text
    assert "Traceback" not in whisper_server.log
    assert "words" not in whisper_server.log
