"""What strangers send to the language model's and the translation server."""

import os
from pathlib import Path

import httpx
import pytest

from tests.protocol.model_servers.processes import ServerProcess

pytestmark = pytest.mark.timeout(180)

HALF = "\\ud83d"
"""Of a character that JSON writes in two halves."""


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"messages":' * 50_000,
        b"\xff\xfe",
        f'{{"messages": [{{"role": "user", "content": "{HALF}"}}]}}'.encode(),
        b'{"messages": [{"role": [], "content": "a"}]}',
        b'{"messages": [{"role": "user", "content": {"a": "b"}}]}',
        b'{"messages": [{"role": "user", "content": "a"}], "temperature": "hot"}',
        b'{"messages": [{"role": "user", "content": "a"}], "tools": 7}',
        b'{"messages": [{"role": "user", "content": "a"}], "response_format": 7}',
    ],
)
def test_a_wrong_conversation_is_400_and_no_mistake_of_the_server(
    llm_server: ServerProcess, body: bytes
) -> None:
    answer = httpx.post(f"{llm_server.url}/v1/chat/completions", content=body, timeout=60)
    assert answer.status_code == 400, answer.text
    assert "mistake" not in llm_server.log
    assert "Traceback" not in llm_server.log


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        f'{{"q": "{HALF}", "source": "en", "target": "pt"}}'.encode(),
        f'{{"q": "{HALF}", "source": "en", "target": "en"}}'.encode(),
        b'{"q": {"a": "b"}, "source": "en", "target": "pt"}',
        b'{"q": "a", "source": ["en"], "target": "pt"}',
        b'{"q": "a", "source": "en", "target": "pt", "priority": ["final"]}',
        b'{"q": "a", "source": "en", "target": "pt", "format": ["text"]}',
    ],
)
def test_a_wrong_text_is_400_and_no_mistake_of_the_server(
    translate_server: ServerProcess, body: bytes
) -> None:
    answer = httpx.post(f"{translate_server.url}/translate", content=body, timeout=60)
    assert answer.status_code == 400, answer.text
    assert "mistake" not in translate_server.log
    assert "Traceback" not in translate_server.log


@pytest.mark.parametrize("text", ["a" + " " * 4900 + "b", "A. " * 1600, "'" * 4900])
def test_texts_that_are_made_to_take_long_are_translated(
    translate_server: ServerProcess, text: str
) -> None:
    body = {"q": text, "source": "en", "target": "en-GB"}
    answer = httpx.post(f"{translate_server.url}/translate", json=body, timeout=60)
    assert answer.json()["translatedText"] == text


def test_llama_cpps_own_port_answers_nobody_without_its_key(llm_server: ServerProcess) -> None:
    (port,) = [port for child in children(llm_server.process.pid) for port in ports(child)]
    for method, path in (
        ("POST", "/v1/chat/completions"),
        ("POST", "/completion"),
        ("GET", "/props"),
    ):
        answer = httpx.request(method, f"http://127.0.0.1:{port}{path}", content=b"{}", timeout=20)
        assert answer.status_code == 401, path


def children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def ports(process: int) -> set[int]:
    """TCP ports that a process listens on."""
    files = Path(f"/proc/{process}/fd").iterdir()
    own = {link.partition("[")[2].rstrip("]") for link in map(os.readlink, files)}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].partition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in own}
