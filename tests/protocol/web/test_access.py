"""Who may ask for a token: origins, secret, proxy header, host name, and how often."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from agent.errors import ConfigError, StartupError
from agent.remote.proxies import is_loopback
from rejoinder.web.connections import client_address
from rejoinder.web.limits import MAX_CLIENTS, RateLimit
from rejoinder.web.server import running
from testbed.livekit_process import LiveKitProcess
from tests.fakes.talk_settings import talk_settings
from tests.protocol.web.conftest import Site

PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,authorization",
}


@pytest.mark.parametrize(
    "allowed", ["https://app.example.org", "*", "https://x.org, https://app.example.org/"]
)
async def test_a_page_of_an_allowed_origin_may_ask(
    site: Site, no_livekit: LiveKitProcess, allowed: str
) -> None:
    origin = {"Origin": "https://app.example.org"}
    async with site(no_livekit, allowed_origins=allowed) as http:
        async with http.options("api/token", headers=origin | PREFLIGHT) as answer:
            assert answer.status == 204
            assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
            assert "POST" in answer.headers["Access-Control-Allow-Methods"]
            assert "Authorization" in answer.headers["Access-Control-Allow-Headers"]
            assert answer.headers["Vary"] == "Origin"
        async with http.post("api/token", json={}, headers=origin) as answer:
            assert answer.status == 201
            assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"


async def test_a_page_of_a_foreign_origin_is_refused_even_without_preflight(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    for allowed in ("", "https://app.example.org"):
        async with site(no_livekit, allowed_origins=allowed) as http:
            origin = {"Origin": "https://evil.example.org"}
            async with http.options("api/token", headers=origin | PREFLIGHT) as answer:
                assert "Access-Control-Allow-Origin" not in answer.headers
            async with http.post("api/token", json={}, headers=origin) as answer:
                assert answer.status == 403
                assert "TALK_ALLOWED_ORIGINS" in (await answer.json())["error"]


async def test_the_page_itself_may_ask(site: Site, no_livekit: LiveKitProcess) -> None:
    async with site(no_livekit) as http:
        async with http.get("health") as answer:
            own = f"http://{answer.url.host}:{answer.url.port}"
        async with http.post("api/token", json={}, headers={"Origin": own}) as answer:
            assert answer.status == 201


async def test_a_foreign_host_name_that_resolves_to_loopback_is_refused(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    rebound = {"Host": "evil.example.org:80", "Origin": "http://evil.example.org:80"}
    async with site(no_livekit) as http, http.post("api/token", json={}, headers=rebound) as answer:
        assert answer.status == 403
    async with site(no_livekit, secret="open sesame") as http:
        headers = rebound | {"Authorization": "Bearer open sesame"}
        async with http.post("api/token", json={}, headers=headers) as answer:
            assert answer.status == 201


async def test_a_secret_is_demanded_for_tokens_and_room_states(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    right = {"Authorization": "Bearer häst"}
    wrong: list[Mapping[str, str]] = [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer hast"},
        {"Authorization": "Basic häst"},
    ]
    async with site(no_livekit, secret="häst") as http:
        async with http.get("api/config") as answer:
            assert (await answer.json())["needs_secret"] is True
        for headers in wrong:
            async with http.post("api/token", json={}, headers=headers) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert "secret" in (await answer.json())["error"]
            async with http.get("api/rooms/r/agent", headers=headers) as answer:
                assert answer.status == 401
        async with http.post("api/token", json={"room_name": "r"}, headers=right) as answer:
            assert answer.status == 201
            room = (await answer.json())["room_name"]
        async with http.get(f"api/rooms/{room}/agent", headers=right) as answer:
            assert answer.status == 200


async def test_a_secret_that_is_not_text_is_a_wrong_one(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    async with site(no_livekit, secret="hush") as http, http.get("health") as answer:
        reader, writer = await asyncio.open_connection(answer.url.host, answer.url.port)
        writer.write(b"GET /api/rooms/r/agent HTTP/1.1\r\nHost: localhost\r\n")
        writer.write(b"Authorization: Bearer \xff\xfe\r\nConnection: close\r\n\r\n")
        said = await reader.read()
        writer.close()
        await writer.wait_closed()
    assert said.startswith(b"HTTP/1.1 401 ")


async def test_guesses_at_the_secret_are_limited(site: Site, no_livekit: LiveKitProcess) -> None:
    async with site(no_livekit, secret="hush", tokens_per_minute=3) as http:
        statuses = []
        for guess in range(5):
            headers = {"Authorization": f"Bearer {guess}"}
            async with http.get("api/rooms/r/agent", headers=headers) as answer:
                statuses.append(answer.status)
    assert statuses == [401, 401, 401, 429, 429]


async def test_behind_a_proxy_its_header_is_demanded_and_limits_are_per_user(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    async with site(no_livekit, trusted_header="X-User", tokens_per_minute=1) as http:
        async with http.post("api/token", json={}) as answer:
            assert answer.status == 401
        for user, status in (("ann", 201), ("bob", 201), ("ann", 429)):
            async with http.post("api/token", json={}, headers={"X-User": user}) as answer:
                assert answer.status == status


async def test_too_many_requests_are_told_when_to_come_back(
    site: Site, no_livekit: LiveKitProcess
) -> None:
    async with site(no_livekit, tokens_per_minute=2) as http:
        for _ in range(2):
            async with http.post("api/token", json={}) as answer:
                assert answer.status == 201
        async with http.post("api/token", json={}) as answer:
            assert answer.status == 429
            assert 1 <= int(answer.headers["Retry-After"]) <= 31
            assert (await answer.json())["error"]


def test_the_rate_limit_allows_a_burst_then_spreads_requests_over_the_minute() -> None:
    clock = [0.0]
    limit = RateLimit(30, now=lambda: clock[0])
    assert [limit.take("a") for _ in range(30)] == [0.0] * 30
    assert limit.take("a") == pytest.approx(2.0)
    assert limit.take("b") == 0.0
    clock[0] = 2.01
    assert limit.take("a") == 0.0
    assert limit.take("a") > 1.9


def test_the_rate_limit_remembers_a_bounded_number_of_clients() -> None:
    limit = RateLimit(1, now=lambda: 0.0)
    limit.take("first")
    for n in range(MAX_CLIENTS):
        limit.take(str(n))
    assert limit.take("first") == 0.0, "the client that was quiet longest is forgotten"
    assert limit.take(str(MAX_CLIENTS - 1)) > 0


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "talk.example.org", ""])
async def test_beyond_loopback_it_refuses_to_start_without_a_way_to_ask_who_calls(
    no_livekit: LiveKitProcess, library: Path, host: str
) -> None:
    with pytest.raises(ConfigError, match=r"TALK_HOST=.*TALK_SECRET.*TALK_TRUSTED_HEADER"):
        async with running(talk_settings(no_livekit, host=host), library=library):
            pytest.fail("it started")


@pytest.mark.parametrize("protection", [{"secret": "s"}, {"trusted_header": "X-User"}])
async def test_beyond_loopback_it_starts_with_a_secret_or_a_proxy_header(
    site: Site, no_livekit: LiveKitProcess, protection: dict[str, str]
) -> None:
    async with (
        site(no_livekit, host="0.0.0.0", **protection) as http,
        http.post("api/token", json={}) as answer,
    ):
        assert answer.status == 401


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost.example.org", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_names_and_addresses_are_told_from_others(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


async def test_without_livekit_s_address_and_key_it_does_not_start(
    no_livekit: LiveKitProcess, library: Path
) -> None:
    settings = talk_settings(LiveKitProcess(no_livekit.url, "", "", no_livekit.log))
    with pytest.raises(ConfigError, match="LIVEKIT_API_KEY"):
        async with running(settings, library=library):
            pytest.fail("it started")


async def test_a_taken_port_is_named(no_livekit: LiveKitProcess, library: Path) -> None:
    async with running(talk_settings(no_livekit), library=library) as url:
        port = int(url.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(StartupError, match=f"127.0.0.1:{port}.*TALK_PORT"):
            async with running(talk_settings(no_livekit, port=port), library=library):
                pytest.fail("it started")


@pytest.mark.parametrize(
    ("peer", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        (None, ""),
    ],
)
def test_hosts_of_one_ipv6_network_are_one_client(peer: str | None, client: str) -> None:
    assert client_address(peer) == client
