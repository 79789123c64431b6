"""The server API of a livekit-server behind a proxy that answers in its place."""

import pytest
from aiohttp import web
from livekit import api

from agent.survival.rooms import FAILURES, look


@pytest.mark.parametrize("status", [404, 502])
@pytest.mark.parametrize("body", ["<html>", '{"code": "unavailable"}', "{}", '["busy"]', '"busy"'])
async def test_whatever_answers_in_the_server_s_place_is_a_failure_of_a_known_kind(
    status: int, body: str
) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with api.LiveKitAPI(url, "key", "secret" * 8) as lkapi:
            with pytest.raises(FAILURES):
                await look(lkapi, "room")
    finally:
        await runner.cleanup()
