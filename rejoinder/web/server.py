"""The web server: talk and meeting page, token endpoint, state of the dispatch, health."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler
from livekit import api as livekit_api

from agent.errors import ConfigError, StartupError
from agent.options.web import TalkOptions
from agent.settings.load import Settings
from rejoinder.web import client_library, tokens
from rejoinder.web.connections import Connection, Connections, bound_logs
from rejoinder.web.dispatch import DispatchWatch
from rejoinder.web.guard import Guard
from rejoinder.web.page_files import PageFile, load_page_files
from rejoinder.web.personas import OfferedPersonas, offered_personas
from rejoinder.web.seats import Seats

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 16 * 1024
BODY_S = 10.0
"""How long the body of a request may take to come."""
API_TIMEOUT_S = 5.0
BACKLOG = 512
"""Connections that the system keeps for us; a crowd of them is accepted in one go."""
SHUTDOWN_S = 2.0

_SETTINGS = web.AppKey("settings", Settings)
_GUARD = web.AppKey("guard", Guard)
_SEATS = web.AppKey("seats", Seats)
_WATCH = web.AppKey("watch", DispatchWatch)
_FILES = web.AppKey("files", Mapping[str, PageFile])
_PERSONAS = web.AppKey("personas", OfferedPersonas)


def check_settings(settings: Settings) -> Guard:
    """Refuse settings that the server cannot or must not run with.

    Raises:
        ConfigError: LiveKit's address or key is missing, or others could reach the server
            and nothing says who may call.
    """
    live = settings.livekit
    if not (live.url and live.api_key and live.api_secret):
        raise ConfigError("the talk page needs LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
    return Guard(settings.talk)


def create_app(
    settings: Settings,
    *,
    api: livekit_api.LiveKitAPI,
    files: Mapping[str, PageFile],
    personas: OfferedPersonas | None = None,
) -> web.Application:
    """Build the application; it watches dispatches from its start-up to its clean-up.

    Args:
        settings: LiveKit address and key, the agent's name, the `TALK_` section.
        api: server API with the same key; stays the caller's to close.
        files: what is served besides the API, by path (`load_page_files`).
        personas: that callers may choose; by default none.

    Raises:
        ConfigError: see `check_settings`.
    """
    guard = check_settings(settings)
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_answer_in_json])
    app[_SETTINGS], app[_FILES] = settings, files
    app[_GUARD] = guard
    app[_PERSONAS] = personas or OfferedPersonas([])
    secret = settings.livekit.api_secret
    app[_SEATS] = Seats(
        secret.get_secret_value() if secret else "", shared_rooms=settings.talk.shared_rooms
    )
    app[_WATCH] = DispatchWatch(
        api,
        agent_name=settings.agent.name,
        wait_s=settings.talk.agent_wait_s,
        token_ttl_s=settings.talk.token_ttl_s,
    )
    app.cleanup_ctx.append(_watching)
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/health", _health)
    app.router.add_get("/api/config", _config)
    app.router.add_get("/api/personas", _personas)
    app.router.add_get("/api/personas/{name}/picture", _picture)
    app.router.add_post("/api/token", _token)
    app.router.add_get("/api/rooms/{room}/agent", _agent)
    for path in ("/api/token", "/api/rooms/{room}/agent"):
        app.router.add_options(path, _preflight)
    for path in files:
        app.router.add_get(path, _file)
    return app


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    library: Path | None = None,
    progress: client_library.Progress = lambda line: None,
) -> AsyncIterator[str]:
    """Serve while the block runs; gives the page's address.

    Args:
        settings: `TALK_PORT` 0 takes a free port.
        library: livekit-client for browsers; fetched when not given.
        progress: told in short lines what the first start fetches.

    Raises:
        ConfigError: see `check_settings`.
        StartupError: livekit-client could not be fetched, or the port is taken.
    """
    live, talk = settings.livekit, settings.talk
    check_settings(settings)  # before anything is fetched
    if library is None:
        library = await asyncio.to_thread(client_library.fetch_library, progress)
    async with livekit_api.LiveKitAPI(
        live.url,
        live.api_key,
        live.api_secret.get_secret_value() if live.api_secret else None,
        timeout=aiohttp.ClientTimeout(total=API_TIMEOUT_S),
    ) as api:
        files = await asyncio.to_thread(load_page_files, library, settings.agent.mode)
        personas = await asyncio.to_thread(offered_personas, settings.personas)
        app = create_app(settings, api=api, files=files, personas=personas)
        runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        try:
            # Not `async with`: from Python 3.12 on that waits for clients that keep a connection.
            listener = await _listen(runner, talk)
            try:
                port = listener.sockets[0].getsockname()[1]
                host = f"[{talk.host}]" if ":" in talk.host else talk.host
                yield f"http://{host}:{port}/"
            finally:
                listener.close()
        finally:
            await runner.cleanup()


async def serve(
    settings: Settings,
    *,
    ready: Callable[[str], None] = lambda url: None,
    progress: client_library.Progress = lambda line: None,
) -> None:
    """Serve until cancelled; `ready` is told the page's address once it answers.

    Raises:
        ConfigError: see `check_settings`.
        StartupError: see `running`.
    """
    bound_logs()
    async with running(settings, progress=progress) as url:
        ready(url)
        await asyncio.Event().wait()


async def _listen(runner: web.AppRunner, talk: TalkOptions) -> asyncio.Server:
    assert runner.server is not None
    one_for_all = {"per_address": None} if talk.trusted_header else {}
    connections = Connections(runner.server, **one_for_all)
    try:
        return await asyncio.get_running_loop().create_server(
            connections, talk.host, talk.port, backlog=BACKLOG
        )
    except OSError as error:
        raise StartupError(
            f"cannot listen on {talk.host}:{talk.port} ({error.strerror}); set TALK_PORT, "
            "0 takes a free one"
        ) from error


async def _watching(app: web.Application) -> AsyncIterator[None]:
    await app[_WATCH].start()
    yield
    await app[_WATCH].aclose()


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _config(request: web.Request) -> web.Response:
    mode = request.app[_SETTINGS].agent.mode
    return web.json_response({"needs_secret": request.app[_GUARD].needs_secret, "mode": mode})


async def _personas(request: web.Request) -> web.Response:
    languages = [part.partition(";")[0].strip() for part in
                 request.headers.get("Accept-Language", "").split(",")]  # fmt: skip
    return web.json_response(request.app[_PERSONAS].listed(languages))


async def _picture(request: web.Request) -> web.Response:
    picture = request.app[_PERSONAS].pictures.get(request.match_info["name"])
    if picture is None:
        raise web.HTTPNotFound(text="this persona has no picture")
    return picture.answer(request)


async def _token(request: web.Request) -> web.Response:
    settings = request.app[_SETTINGS]
    request.app[_GUARD].check(request)
    request.app[_GUARD].count(request)
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType(text="send Content-Type: application/json")
    try:
        body = json.loads(await _body(request) or b"{}")
        asked = tokens.parse(
            body,
            agent_name=settings.agent.name,
            may_ask=tokens.may_ask(settings),
            personas=request.app[_PERSONAS].names,
        )
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="the body is not JSON") from None
    except tokens.RequestError as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    seats, user = request.app[_SEATS], request.app[_GUARD].user(request)
    try:
        seat = seats.take(asked, user=user)
    except tokens.RequestError as error:
        raise web.HTTPForbidden(text=str(error)) from None
    names = {"room_name": seat.room, "participant_identity": seat.identity}
    _, token = tokens.mint(asked.model_copy(update=names), settings)
    request.app[_WATCH].watch(seat.room, metadata=asked.job_metadata)
    ticket = {
        "server_url": _browser_url(settings),
        "participant_token": token,
        **names,
        "resume": seats.ticket(seat, user=user),
        "known": seats.known(seat, user=user),
    }
    return web.json_response(ticket, status=201)


async def _body(request: web.Request) -> bytes:
    """All of a request's body.

    Raises:
        web.HTTPRequestTimeout: it took longer than BODY_S.
        web.HTTPBadRequest: it was cut off, or is not what its Content-Encoding says.
        web.HTTPRequestEntityTooLarge: it is longer than MAX_BODY_BYTES.
    """
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body did not come in time") from None
    except (web.RequestPayloadError, aiohttp.ClientError, ConnectionError):
        raise web.HTTPBadRequest(text="the body is broken or was cut off") from None


async def _agent(request: web.Request) -> web.Response:
    request.app[_GUARD].check(request)
    room = request.app[_WATCH].state(request.match_info["room"])
    if room is None:
        raise web.HTTPNotFound(text="no token was handed out for this room, or its time is over")
    return web.json_response({"state": room.state, "dispatches": room.dispatches})


async def _preflight(request: web.Request) -> web.Response:
    return web.Response(status=204)


async def _file(request: web.Request) -> web.Response:
    return request.app[_FILES][request.path].answer(request)


@web.middleware
async def _answer_in_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Begin the request's time; turn refusals into `{"error": reason}`."""
    if isinstance(request.protocol, Connection):
        request.protocol.serve()
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        reason = refusal.text if not refusal.empty_body else ""
        if not reason or reason.startswith(f"{refusal.status}:"):
            reason = refusal.reason.lower()
        kept = {
            name: refusal.headers[name]
            for name in ("Retry-After", "WWW-Authenticate", "Allow")
            if name in refusal.headers
        }
        return web.json_response({"error": reason}, status=refusal.status, headers=kept)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Permissions-Policy"] = "microphone=(self), camera=(), geolocation=()"
    headers["Content-Security-Policy"] = _content_policy(request.app[_SETTINGS])
    if request.path.startswith("/api/"):
        headers["Cache-Control"] = "no-store"
        headers.update(request.app[_GUARD].cors(request))
    else:
        headers["Cache-Control"] = "no-cache"


def _browser_url(settings: Settings) -> str:
    """LiveKit's address as browsers reach it, ws:// or wss://."""
    url = settings.talk.public_url or settings.livekit.url or ""
    return "ws" + url.removeprefix("http") if url.startswith("http") else url


def _content_policy(settings: Settings) -> str:
    url = urlsplit(_browser_url(settings))
    # livekit-client also asks the server over HTTP why a connection failed.
    livekit = (
        f"{url.scheme}://{url.netloc} {'https' if url.scheme == 'wss' else 'http'}://{url.netloc}"
    )
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        f"media-src 'self' blob:; connect-src 'self' {livekit}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
