"""A web page that the user of the machine opens elsewhere cannot use the model servers."""

from pathlib import Path

import httpx
import pytest

from tests.protocol.model_servers.processes import ServerProcess, started

pytestmark = pytest.mark.timeout(180)

EVIL = "http://evil.example"
FORM = "multipart/form-data; boundary=b"


@pytest.fixture(params=["whisper", "tts", "llm", "translate"])
def server(request: pytest.FixtureRequest) -> ServerProcess:
    found: ServerProcess = request.getfixturevalue(f"{request.param}_server")
    return found


def paths(server: ServerProcess) -> list[tuple[str, str]]:
    return {
        "whisper": [
            ("POST", "/v1/audio/transcriptions"),
            ("POST", "/gradio_api/upload"),
            ("POST", "/gradio_api/call/transcribe"),
            ("GET", "/config"),
            ("GET", "/"),
        ],
        "tts": [("POST", "/v1/audio/speech"), ("GET", "/v1/audio/voices")],
        "llm": [("POST", "/v1/chat/completions"), ("GET", "/metrics")],
        "translate": [("POST", "/translate"), ("GET", "/languages")],
    }[server.log_file.stem]


@pytest.mark.parametrize("kind", ["text/plain", FORM, "application/json"])
@pytest.mark.parametrize("origin", [EVIL, "null", "https://127.0.0.1:1", "http://[x", ""])
def test_another_origins_requests_are_refused_without_an_open_door(
    server: ServerProcess, kind: str, origin: str
) -> None:
    for method, path in paths(server):
        headers = {"Origin": origin, "Content-Type": kind}
        answer = httpx.request(method, server.url + path, headers=headers, content=b"{}")
        assert answer.status_code in (400, 403), (method, path, answer.text)
        assert [h for h in answer.headers if h.startswith("access-control")] == []


def test_a_preflight_of_another_origin_opens_nothing(server: ServerProcess) -> None:
    headers = {"Origin": EVIL, "Access-Control-Request-Method": "POST"}
    for _, path in paths(server):
        answer = httpx.options(server.url + path, headers=headers)
        assert answer.status_code == 403
        assert [h for h in answer.headers if h.startswith("access-control")] == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8101", "127.0.0.1.evil.example"])
def test_a_foreign_name_that_resolves_to_this_machine_is_refused(
    server: ServerProcess, host: str
) -> None:
    for origin in ({}, {"Origin": f"http://{host}"}):
        for method, path in paths(server):
            headers = {"Host": host, "Content-Type": "text/plain", **origin}
            answer = httpx.request(method, server.url + path, headers=headers, content=b"{}")
            assert answer.status_code == 403, (method, path)


def test_a_picture_or_script_of_another_page_is_not_answered(server: ServerProcess) -> None:
    for _, path in paths(server):
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        assert httpx.get(server.url + path, headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("header", "value"), [("Host", "[::1"), ("Host", "a b"), ("Origin", "http://[x")]
)
def test_odd_names_are_400_and_no_mistake_of_the_server(
    server: ServerProcess, header: str, value: str
) -> None:
    answer = httpx.get(f"{server.url}/v1/models", headers={header: value})
    assert answer.status_code == 400
    assert "Traceback" not in server.log
    assert "mistake" not in server.log


def test_own_pages_and_programs_are_served(server: ServerProcess) -> None:
    port = server.url.rpartition(":")[2]
    for headers in ({}, {"Origin": server.url}, {"Host": f"localhost:{port}"}):
        assert httpx.get(f"{server.url}/v1/models", headers=headers).status_code == 200
    own = {"Host": f"localhost:{port}", "Origin": f"http://localhost:{port}"}
    assert httpx.get(f"{server.url}/v1/models", headers=own).status_code == 200


@pytest.mark.parametrize(
    ("module", "host"),
    [("whisper", "0.0.0.0"), ("tts", "::"), ("llm", "0.0.0.0"), ("translate", "::")],
)
def test_beyond_loopback_a_server_without_a_key_does_not_start(
    tmp_path: Path, module: str, host: str
) -> None:
    argv = (f"model_servers.{module}", "--host", host)
    with started(*argv, log_file=tmp_path / "log") as server:
        assert server.exit_status() == 2
    prefix = f"SERVE_{module.upper()}_"
    assert f"{prefix}API_KEY" in server.log
    assert f"{prefix}TRUSTED_NETWORK" in server.log
    assert "Traceback" not in server.log


def test_on_a_trusted_network_addresses_and_local_names_are_served_and_foreign_names_not(
    tmp_path: Path,
) -> None:
    argv = ("--host", "0.0.0.0", "--trusted-network", "--allowed-hosts", "tts.lan")
    with started("model_servers.tts", *argv, log_file=tmp_path / "log") as server:
        server.wait_until_listening()
        url = server.url.replace("0.0.0.0", "127.0.0.1") + "/v1/models"
        for host, status in (("192.168.1.5", 200), ("tts", 200), ("tts.lan", 200), ("a.ex", 403)):
            assert httpx.get(url, headers={"Host": host}).status_code == status, host
