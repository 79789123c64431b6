"""The model servers' gate: key, size limit and count, over ASGI without a socket."""

import base64
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from model_servers.serving.application import make_app
from model_servers.serving.metrics import Metrics
from model_servers.serving.readiness import Readiness
from model_servers.serving.settings import ServerSettings
from model_servers.serving.work_queue import WorkQueue

KEY = "sésame"


async def echo_length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def blunder(request: Request) -> Response:
    raise LookupError("what the caller said")


@pytest.fixture
def readiness() -> Readiness:
    return Readiness()


async def client_of(settings: ServerSettings, readiness: Readiness) -> httpx.AsyncClient:
    app = make_app(
        settings=settings,
        readiness=readiness,
        queue=WorkQueue(workers=1, waiting=1),
        metrics=Metrics(frozenset({"/v1/echo"})),
    )
    app.add_route("/v1/echo", echo_length, ["POST"])
    app.add_route("/v1/blunder", blunder, ["POST"])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


@pytest.fixture
async def locked(readiness: Readiness) -> AsyncIterator[httpx.AsyncClient]:
    async with await client_of(ServerSettings(api_key=SecretStr(KEY)), readiness) as client:
        yield client


@pytest.fixture
async def small(readiness: Readiness) -> AsyncIterator[httpx.AsyncClient]:
    async with await client_of(ServerSettings(max_upload_mb=1 / 1024), readiness) as client:
        yield client


def basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"anyone:{password}".encode()).decode()


@pytest.mark.parametrize("header", [f"Bearer {KEY}", f"bearer {KEY}", basic(KEY)])
async def test_the_key_opens_as_bearer_and_as_a_browsers_password(
    locked: httpx.AsyncClient, header: str
) -> None:
    headers = {b"Authorization": header.encode()}
    assert (await locked.post("/v1/echo", content=b"abc", headers=headers)).text == "3"


@pytest.mark.parametrize(
    "header", [None, "Bearer ", f"Bearer {KEY}x", f"Token {KEY}", basic("x"), "Basic ???"]
)
async def test_everything_else_is_refused_in_openais_shape(
    locked: httpx.AsyncClient, header: str | None
) -> None:
    headers = {} if header is None else {b"Authorization": header.encode()}
    answer = await locked.post("/v1/echo", headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "invalid_api_key"
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


async def test_supervisors_ask_for_health_without_the_key(
    locked: httpx.AsyncClient, readiness: Readiness
) -> None:
    assert (await locked.get("/health")).json() == {"status": "ok"}
    readiness.loading("reading files")
    waiting = await locked.get("/ready")
    assert waiting.status_code == 503
    assert waiting.json()["step"] == "reading files"
    readiness.ready(model="m")
    assert (await locked.get("/ready")).json() == {"status": "ready", "model": "m"}
    assert (await locked.get("/metrics")).status_code == 401


async def test_a_large_upload_is_refused_by_its_length(small: httpx.AsyncClient) -> None:
    assert (await small.post("/v1/echo", content=b"x" * 1024)).text == "1024"
    answer = await small.post("/v1/echo", content=b"x" * 1025)
    assert answer.status_code == 413
    assert "MiB" in answer.json()["error"]["message"]


async def test_a_large_upload_without_a_length_is_refused_while_it_comes(
    small: httpx.AsyncClient,
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 100

    assert (await small.post("/v1/echo", content=endless())).status_code == 413


async def test_unknown_routes_and_methods_answer_in_openais_shape(
    small: httpx.AsyncClient,
) -> None:
    assert (await small.get("/nowhere")).json()["error"]["type"] == "invalid_request_error"
    refused = await small.get("/v1/echo")
    assert refused.status_code == 405
    assert refused.json()["error"]["message"] == "Method Not Allowed"


async def test_a_mistake_of_the_server_is_logged_by_its_kind_only(
    small: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await small.post("/v1/blunder")
    assert answer.status_code == 500
    assert answer.json()["error"]["message"] == "the server made a mistake (LookupError)"
    record = next(r for r in caplog.records if r.name == "model_servers.serving.application")
    assert (vars(record)["kind"], vars(record)["route"]) == ("LookupError", "/v1/blunder")
    assert "caller" not in caplog.text


async def test_answers_are_counted_by_route_and_status(small: httpx.AsyncClient) -> None:
    await small.post("/v1/echo", content=b"x")
    await small.post("/v1/echo", content=b"x" * 2000)
    await small.get("/anything/else")
    text = (await small.get("/metrics")).text
    assert 'model_server_answers_total{route="/v1/echo",status="200"} 1' in text
    assert 'model_server_answers_total{route="/v1/echo",status="413"} 1' in text
    assert 'model_server_answers_total{route="other",status="404"} 1' in text
    assert "model_server_queue_limit 1" in text
