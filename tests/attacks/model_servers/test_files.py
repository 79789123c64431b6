"""Uploads that are not what they seem, and what the server's process loads to read them."""

import io
import os
import subprocess
import threading
from pathlib import Path

import av
import httpx
import numpy as np
import pytest

from tests.protocol.model_servers.processes import ServerProcess

pytestmark = pytest.mark.timeout(180)


def transcribed(server: ServerProcess, upload: bytes, **fields: str) -> httpx.Response:
    url = f"{server.url}/v1/audio/transcriptions"
    return httpx.post(url, files={"file": ("a", upload)}, data=fields, timeout=60)


def encoded(wav: bytes, container: str, codec: str) -> bytes:
    buffer = io.BytesIO()
    with av.open(io.BytesIO(wav)) as source, av.open(buffer, "w", format=container) as out:
        stream = out.add_stream(codec, rate=48000)
        assert isinstance(stream, av.AudioStream)
        resampler = av.AudioResampler(format=stream.format, layout=stream.layout, rate=48000)
        for frame in [*source.decode(audio=0), None]:
            for ready in resampler.resample(frame):
                out.mux(stream.encode(ready))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def test_a_list_of_files_is_not_followed(
    whisper_server: ServerProcess, speech: bytes, tmp_path: Path
) -> None:
    private = tmp_path / "x.wav"
    private.write_bytes(speech)
    for text in (
        f"ffconcat version 1.0\nfile {private}\n",
        f"#EXTM3U\n#EXTINF:3,\n{private}\n#EXT-X-ENDLIST\n",
        f"#EXTM3U\n#EXTINF:3,\n{whisper_server.url}/health\n#EXT-X-ENDLIST\n",
    ):
        answer = transcribed(whisper_server, text.encode())
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_audio")


@pytest.mark.parametrize(
    ("container", "codec"),
    [("webm", "libopus"), ("ogg", "libopus"), ("mp4", "aac"), ("mp3", "libmp3lame")]
    + [("flac", "flac")],
)
def test_what_people_upload_is_heard_and_no_gpl_library_is_loaded_for_it(
    whisper_server: ServerProcess, speech: bytes, container: str, codec: str
) -> None:
    answer = transcribed(whisper_server, encoded(speech, container, codec))
    assert "fox" in answer.json()["text"].lower()
    maps = Path(f"/proc/{whisper_server.process.pid}/maps").read_text()
    assert "ctranslate2" in maps
    found = [name for name in ("libx264", "libx265", "libavcodec", "espeak") if name in maps]
    assert found == []


def children_of(pid: int) -> list[str]:
    ps = ("ps", "-o", "args=", "--ppid", str(pid))
    return subprocess.run(ps, capture_output=True, text=True).stdout.split("\n")


def test_many_large_uploads_at_once_neither_fill_the_memory_nor_block(
    whisper_server: ServerProcess,
) -> None:
    upload = np.random.default_rng(1).bytes(20 * 2**20)
    statuses: list[int] = []

    def send() -> None:
        try:
            statuses.append(transcribed(whisper_server, upload).status_code)
        except httpx.HTTPError:
            statuses.append(429)  # refused before all of it was sent

    threads = [threading.Thread(target=send) for _ in range(24)]
    for thread in threads:
        thread.start()
    slowest_s = 0.0
    while any(t.is_alive() for t in threads):
        answer = httpx.get(f"{whisper_server.url}/health", timeout=20)
        slowest_s = max(slowest_s, answer.elapsed.total_seconds())
        status = Path(f"/proc/{whisper_server.process.pid}/status").read_text()
        rss_kb = int(status.split("VmRSS:")[1].split()[0])
        assert rss_kb < 1_200_000
    assert slowest_s < 10
    assert set(statuses) <= {400, 429}
    assert 429 in statuses


@pytest.mark.parametrize("name", ["prompt", "language", "response_format", "stream", "model"])
def test_a_field_of_a_megabyte_is_refused(
    whisper_server: ServerProcess, speech: bytes, name: str
) -> None:
    answer = transcribed(whisper_server, speech, **{name: "x" * 900_000})
    assert answer.status_code == 400
    assert len(answer.text) < 1000


def test_a_wrong_encoding_is_refused_without_a_traceback(whisper_server: ServerProcess) -> None:
    for encoding in ("gzip", "br", "deflate", "nonsense"):
        answer = httpx.post(
            f"{whisper_server.url}/v1/audio/transcriptions",
            content=os.urandom(100),
            headers={
                "Content-Encoding": encoding,
                "Content-Type": "multipart/form-data; boundary=b",
            },
        )
        assert answer.status_code == 400
    assert "Traceback" not in whisper_server.log
