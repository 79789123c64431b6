"""`rejoinder web`: the talk page and the token endpoint, next to a worker of your own."""

import argparse
import asyncio
import signal
import sys
from contextlib import suppress

from agent.job.log import set_up_logs
from agent.settings.load import Settings, load
from rejoinder.web.server import serve

_SECRET_LENGTH = 16
"""Guesses are not slowed down, as that would keep others out who share an address."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags that win over the environment."""
    parser.add_argument("--host", help="address to listen on; default: TALK_HOST")
    parser.add_argument("--port", type=int, help="TCP port, 0 takes a free one; default: TALK_PORT")


def run(args: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    set_up_logs()
    given = {"TALK_HOST": args.host, "TALK_PORT": args.port}
    flags = {name: str(value) for name, value in given.items() if value is not None}
    effective = load(flags=flags)
    secret = effective.talk.secret
    if secret is not None and len(secret.get_secret_value()) < _SECRET_LENGTH:
        print(
            f"TALK_SECRET is shorter than {_SECRET_LENGTH} characters: it can be guessed. "
            "Take a random one, for example of `openssl rand -hex 16`",
            file=sys.stderr,
        )
    asyncio.run(_serve(effective))
    return 0


async def _serve(effective: Settings) -> None:
    serving = asyncio.current_task()
    assert serving is not None
    with suppress(NotImplementedError):  # Windows: Ctrl-C alone ends it
        # A shell's background job starts with SIGINT ignored.
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    with suppress(asyncio.CancelledError):
        await serve(
            effective,
            ready=lambda url: print(f"talk page: {url}", flush=True),
            progress=lambda line: print(line, flush=True),
        )
