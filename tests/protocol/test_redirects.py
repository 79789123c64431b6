"""Servers that send their clients elsewhere: followed on the same host, else named."""

from collections.abc import AsyncIterator

import httpx
import pytest
from aiohttp import web
from livekit.agents import APIConnectionError

from agent.remote.http_client import open_client, send


@pytest.fixture
async def server() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.method} {await request.text()}")

    async def move(request: web.Request) -> web.Response:
        status = int(request.query["status"])
        return web.Response(status=status, headers={"Location": request.query["to"]})

    app = web.Application()
    app.router.add_route("*", "/new", answer)
    app.router.add_route("*", "/old", move)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def moved(client: httpx.AsyncClient, status: int, to: str) -> httpx.Request:
    return client.build_request(
        "POST", "old", params={"status": status, "to": to}, content=b"words"
    )


@pytest.mark.parametrize("status", [307, 308])
async def test_a_redirect_on_the_same_host_repeats_the_request(server: str, status: int) -> None:
    async with open_client(server, None, keep_alive_s=5) as client:
        answer = await send(client, moved(client, status, "/new"))
        assert await answer.aread() == b"POST words"
        await answer.aclose()


@pytest.mark.parametrize(
    ("status", "to", "named"),
    [
        (308, "https://elsewhere.example/v1/new?key=secret", "https://elsewhere.example/v1/new"),
        (301, "/new", "/new"),
        (302, "/new", "/new"),
    ],
)
async def test_any_other_redirect_is_named_and_not_followed(
    server: str, status: int, to: str, named: str
) -> None:
    async with open_client(server, None, keep_alive_s=5) as client:
        with pytest.raises(APIConnectionError, match="sends requests on to ") as raised:
            await send(client, moved(client, status, to))
    assert not raised.value.retryable
    assert named in str(raised.value)
    assert "secret" not in str(raised.value)
