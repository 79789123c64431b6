"""Start and stop a server: the port answers at once, the model is loaded behind it.

Standard error gets a line for each step, `NAME: listening on http://HOST:PORT` the first.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn, TypeVar

import uvicorn
from starlette.types import ASGIApp

from model_servers.serving.connections import Places, limited
from model_servers.serving.console import Say, make_say, set_up_logging
from model_servers.serving.errors import StartError
from model_servers.serving.settings import ServerSettings, silence_telemetry

T = TypeVar("T")
SettingsT = TypeVar("SettingsT", bound=ServerSettings)

_GRACE_S = 2
"""Time that answers in progress have after SIGTERM; a supervisor's patience is longer."""
_KEEP_ALIVE_S = 75
"""Longer than clients keep idle connections, so that they never reuse one being closed."""
_BACKLOG = 128


@dataclass(frozen=True, slots=True)
class Service:
    """One server, as `serve` needs it. All three work on the same event loop."""

    app: ASGIApp
    load: Callable[[], Awaitable[None]]
    """Makes the server ready. Raises StartError when it cannot."""
    close: Callable[[float], Awaitable[bool]]
    """Stops the work within a time in seconds; says whether all of it has stopped."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket.

    Raises:
        StartError: the port is taken or the address is not this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Without the protocol asyncio does not set TCP_NODELAY, and chunks wait up to 40 ms.
        listener = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
    except OSError as error:
        raise StartError(f"cannot listen on {host}: {error}") from error
    try:
        if os.name == "posix":
            # On Windows this option would let two servers share the port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise StartError(
            f"cannot listen on {host} port {port}: {error.strerror or error}. "
            "Stop the program that has it, or choose another with --port (0 takes a free one)"
        ) from error
    return listener


def run(
    name: str,
    read_settings: Callable[[Sequence[str]], SettingsT],
    make_service: Callable[[SettingsT, Say], Service],
    argv: Sequence[str],
) -> int:
    """Serve until SIGTERM or SIGINT, or until the model cannot be loaded.

    Args:
        name: begins every line on standard error.
        read_settings: from the command line; raises StartError.
        make_service: called on the event loop, once, with what writes its progress lines.
        argv: the command line without the program's name.

    Returns:
        The exit status: 0 after a signal, 1 when the server could not start, 2 when the
        settings are wrong. Threads of the model may still be running: go on to `leave`.
    """
    say = make_say(name)
    try:
        settings = read_settings(argv)
    except StartError as error:
        say(str(error))
        return 2
    set_up_logging(name, debug=settings.debug)
    silence_telemetry()
    try:
        listener = listen(settings.host, settings.port)
        places = Places(each=settings.connections_each, total=settings.connections)
        asyncio.run(_serve(lambda: make_service(settings, say), listener, say, places))
    except StartError as error:
        say(f"cannot start: {error}")
        return 1
    return 0


def leave(status: int) -> NoReturn:
    """End the process, also when a thread is in the middle of a model call or a download."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    if any(t is not threading.main_thread() for t in threading.enumerate()):
        # Finalising the interpreter under a thread that is inside native code may abort.
        os._exit(status)
    sys.exit(status)


async def in_thread(work: Callable[[], T], *, name: str) -> T:
    """Await blocking work in a daemon thread: unlike an executor's it never delays the exit."""
    return await begun_in_thread(work, name=name)


def begun_in_thread(work: Callable[[], T], *, name: str) -> asyncio.Future[T]:
    """The same, begun at once; several may await it, each under `asyncio.shield`."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  (raised again where it is awaited)
            failure = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name=name, daemon=True).start()
    return done


class _Server(uvicorn.Server):
    """uvicorn, but a signal ends it with status 0 and the address is logged our way."""

    def __init__(self, config: uvicorn.Config, say: Say) -> None:
        super().__init__(config)
        self._say = say
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()
        for listener in sockets or []:
            host, port = listener.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            self._say(f"listening on http://{shown}:{port}")

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        def stop(number: int, frame: FrameType | None) -> None:
            self.should_exit = True

        before = {s: signal.signal(s, stop) for s in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


async def _serve(
    make_service: Callable[[], Service], listener: socket.socket, say: Say, places: Places
) -> None:
    service = make_service()
    server = _Server(
        uvicorn.Config(
            service.app,
            log_config=None,
            access_log=False,
            # No route of ours is one, and the gate looks at HTTP requests only.
            ws="none",
            http=limited(places),
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        ),
        say,
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="serve")
    loading = asyncio.create_task(_load(service, server.listening), name="load")
    try:
        await asyncio.wait({serving, loading}, return_when=asyncio.FIRST_COMPLETED)
        if loading.done() and loading.exception() is not None:
            server.should_exit = True
        await serving
    finally:
        loading.cancel()
        await asyncio.wait({loading})
        await service.close(1.0)
    if not loading.cancelled():
        loading.result()
    say("stopped")


async def _load(service: Service, listening: asyncio.Event) -> None:
    await listening.wait()
    await service.load()
