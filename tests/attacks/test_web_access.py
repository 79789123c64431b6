"""Who gets a token: not a foreign web page, not who guesses; and nobody is kept out by others."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attacks.web_process import WebProcess, web_process
from tests.fakes.node_program import client_library

RIGHT = {"Authorization": "Bearer correct horse battery staple"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebProcess]:
    client_library()
    with web_process(
        tmp_path_factory.mktemp("web"),
        TALK_SECRET=RIGHT["Authorization"].removeprefix("Bearer "),
        TALK_TOKENS_PER_MINUTE="5",
    ) as server:
        yield server


@pytest.mark.parametrize(
    "foreign",
    [
        {"Host": "evil.example.org"},
        {"Host": "evil.example.org", "Origin": "http://evil.example.org"},
        {"Host": "127.0.0.1.evil.example.org"},
        {"Host": "localhost@evil.example.org"},
        {"Host": ""},
        {"Origin": "https://evil.example.org"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
    ],
)
def test_a_foreign_page_gets_no_token_and_cannot_read_a_room(
    web: WebProcess, foreign: dict[str, str]
) -> None:
    assert web.post("/api/token", {}, **foreign)[0] == 403
    assert web.get("/api/rooms/r/agent", **foreign)[0] == 403


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", "*/*"])
def test_what_a_page_can_send_without_asking_the_browser_is_refused(
    web: WebProcess, kind: str
) -> None:
    assert web.post("/api/token", {}, Content_Type=kind)[0] == 415


def test_the_right_secret_passes_while_others_guess_from_the_same_address(
    guarded: WebProcess,
) -> None:
    def guess(n: int) -> int:
        return guarded.post("/api/token", {}, Authorization=f"Bearer {n}")[0]

    assert [guess(n) for n in range(8)] == [401] * 5 + [429] * 3
    for _ in range(5):
        status, ticket = guarded.post("/api/token", {}, **RIGHT)
        assert status == 201
        assert guess(0) == 429
    assert ticket["participant_token"]
    assert guarded.post("/api/token", {}, **RIGHT)[0] == 429, "calls have a limit of their own"
    assert guarded.get("/api/rooms/r/agent", **RIGHT)[0] == 404, "it was let in"


def test_a_secret_that_can_be_guessed_is_told_at_the_start(tmp_path: Path) -> None:
    client_library()
    with web_process(tmp_path, TALK_SECRET="open sesame") as server:
        assert "TALK_SECRET is shorter than 16 characters" in server.log()
